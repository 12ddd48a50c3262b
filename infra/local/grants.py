"""Authorisation codes: each buys tokens once, within a minute, for whoever asked for it (RFC 6749 and 7636)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from infra.local.pool import Tokens

LIFETIME_SECONDS: Final = 60
VERIFIER: Final = re.compile(r"[A-Za-z0-9._~-]{43,128}")  # RFC 7636, section 4.1
CHALLENGE: Final = re.compile(r"[A-Za-z0-9_-]{43}")  # SHA-256 in base64url without padding: section 4.2


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


def challenge_of(verifier: str) -> str:
    """Return the S256 challenge for a verifier; for what is no verifier, a challenge that nothing matches."""
    if not VERIFIER.fullmatch(verifier):
        return ""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
