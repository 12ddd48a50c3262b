"""The HTTP API's JWT authoriser: whose token this is, or 401; and whether it is for this API, or 403.

The steps and the claims are those of *Control access to HTTP APIs with JWT authorizers*, API Gateway developer guide.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

import jwt

from infra.local.refusals import Refused

ALGORITHMS: Final = ("RS256",)
"""What Cognito signs with. Never taken from the token: it could name ``none``, or a key that everybody has."""


class Authoriser:
    """Verifies tokens of one issuer, made for one client.

    Parameters
    ----------
    issuer : str
        What the tokens must say in ``iss``.
    audience : str
        The client that they must be for: ``aud``, or where there is none, ``client_id``.
    scopes : sequence of str
        Of which they must have one. An ID token has none.
    keys : Mapping
        The issuer's public keys: a JSON Web Key Set (RFC 7517, section 5).
    """

    def __init__(self, *, issuer: str, audience: str, scopes: Sequence[str], keys: Mapping[str, Any]) -> None:
        self.scopes = tuple(scopes)
        self._issuer = issuer
        self._audience = audience
        self._keys = {key.key_id: key for key in jwt.PyJWKSet.from_dict(dict(keys)).keys}

    def claims(self, authorization: str | None) -> dict[str, Any]:
        """Return the verified claims of an ``Authorization`` header: a token, after ``Bearer`` or alone.

        Raises
        ------
        Refused
            With 401, or 403 for want of a scope. The challenge tells a developer why (RFC 6750, section 3).
        """
        scheme, _, token = (authorization or "").strip().rpartition(" ")
        if not token or scheme.lower() not in {"", "bearer"}:
            raise Refused(HTTPStatus.UNAUTHORIZED, challenge="Bearer")
        try:
            claims = self._verified(token)
        except jwt.ExpiredSignatureError:
            raise _invalid("the token has expired") from None
        except jwt.InvalidIssuerError:
            raise _invalid("the token does not have a valid issuer") from None
        except jwt.PyJWTError:
            raise _invalid("the token is malformed, or its signature is not valid") from None
        if claims.get("aud", claims.get("client_id")) != self._audience:
            raise _invalid("the token does not have a valid audience")
        if not set(self.scopes) & set(str(claims.get("scope", "")).split()):
            wanted = " ".join(self.scopes)
            raise Refused(HTTPStatus.FORBIDDEN, challenge=f'Bearer scope="{wanted}" error="insufficient_scope"')
        return claims

    def _verified(self, token: str) -> dict[str, Any]:
        key = self._keys.get(jwt.get_unverified_header(token).get("kid"))
        if key is None:
            raise jwt.InvalidKeyError
        return jwt.decode(
            token,
            key.key,
            algorithms=list(ALGORITHMS),
            issuer=self._issuer,
            options={"require": ["exp", "iss"], "verify_aud": False},
        )


def _invalid(why: str) -> Refused:
    return Refused(
        HTTPStatus.UNAUTHORIZED, challenge=f'Bearer scope="" error="invalid_token" error_description="{why}"'
    )
