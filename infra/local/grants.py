"""Authorisation codes: each buys tokens once, within a minute, for whoever asked for it (RFC 6749 and 7636)."""

from __future__ import annotations

import hmac
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from infra.local.pkce import challenge_of
from infra.local.pool import Tokens

LIFETIME_SECONDS: Final = 60


@dataclass(frozen=True, slots=True)
class Grant:
    """What a code stands for: the tokens, and what has to be shown for them."""

    tokens: Tokens = field(repr=False)
    redirect: str
    challenge: str
    until: float


class Grants:
    """The codes that are out."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._grants: dict[str, Grant] = {}

    def issue(self, tokens: Tokens, *, redirect: str, challenge: str) -> str:
        """Return a new code."""
        now = self._clock()
        self._grants = {code: grant for code, grant in self._grants.items() if grant.until > now}
        code = secrets.token_urlsafe(24)
        self._grants[code] = Grant(tokens, redirect, challenge, now + LIFETIME_SECONDS)
        return code

    def redeem(self, code: str, *, redirect: str, verifier: str) -> Tokens | None:
        """Return the tokens for a code, or ``None``. Either way the code is used up."""
        grant = self._grants.pop(code, None)
        if grant is None or grant.until <= self._clock() or grant.redirect != redirect:
            return None
        return grant.tokens if hmac.compare_digest(challenge_of(verifier), grant.challenge) else None
