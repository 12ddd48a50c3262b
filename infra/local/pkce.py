"""Proof Key for Code Exchange (RFC 7636): a code that is caught on its way is of no use without the verifier."""

from __future__ import annotations

import base64
import hashlib
import re
from typing import Final

VERIFIER: Final = re.compile(r"[A-Za-z0-9._~-]{43,128}")  # section 4.1
CHALLENGE: Final = re.compile(r"[A-Za-z0-9_-]{43}")  # SHA-256 in base64url without padding: section 4.2


def challenge_of(verifier: str) -> str:
    """Return the S256 challenge for a verifier; for what is no verifier, a challenge that nothing matches."""
    if not VERIFIER.fullmatch(verifier):
        return ""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
