"""Access tokens as the hosted sign-in makes them: moto's own, signed anew with the scope that they are for.

moto has no hosted sign-in. Its tokens are those of ``InitiateAuth``, of scope ``aws.cognito.signin.user.admin``, which
the API refuses in AWS as it does here. The key is the one that moto signs with; it is in every copy of moto, so such a
token is worth nothing but on this machine.
"""

from __future__ import annotations

from typing import Any

import jwt
from moto.utilities.utils import load_resource

ALGORITHM = "RS256"


def motos_key() -> dict[str, Any]:
    """Return the private key that moto signs every pool's tokens with, as a JSON Web Key."""
    key: dict[str, Any] = load_resource("cognitoidp/resources/jwks-private.json")
    return key


def with_scope(token: str, scope: str) -> str:
    """Return a token of moto's that differs in its scope alone."""
    claims = jwt.decode(token, options={"verify_signature": False})
    headers = {"kid": jwt.get_unverified_header(token)["kid"]}
    key = jwt.PyJWK.from_dict(motos_key(), algorithm=ALGORITHM).key
    return jwt.encode({**claims, "scope": scope}, key, ALGORITHM, headers)
