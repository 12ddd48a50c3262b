"""The user pool as its hosted sign-in sees it: who knows this password, and the tokens that they get."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from infra.local.resources import SCOPE
from infra.local.signing import with_scope

Tokens = dict[str, Any]
"""What a token endpoint hands out (RFC 6749, section 5.1)."""

NOBODY: Final = frozenset({"NotAuthorizedException", "UserNotFoundException"})
"""How the pool says that it does not know a name, a password or a refresh token."""


@dataclass(frozen=True, slots=True)
class Client:
    """The page, as the pool knows it: a public client, without a secret.

    Attributes
    ----------
    id : str
    redirects : frozenset of str
        The addresses that a sign-in or a sign-out may lead back to, to the letter.
    """

    id: str
    redirects: frozenset[str]


class UserPool:
    """The pool of moto's Cognito, asked by boto3."""

    def __init__(self, cognito: Any, client_id: str) -> None:
        self._cognito = cognito
        self._client_id = client_id

    def by_password(self, username: str, password: str) -> Tokens | None:
        """Return the tokens of a user; ``None`` if there is no such user, or it is not their password."""
        return self._tokens("USER_PASSWORD_AUTH", USERNAME=username, PASSWORD=password)

    def by_refresh_token(self, token: str) -> Tokens | None:
        """Return new tokens for a refresh token; ``None`` if it is not one."""
        return self._tokens("REFRESH_TOKEN_AUTH", REFRESH_TOKEN=token)

    def _tokens(self, flow: str, **parameters: str) -> Tokens | None:
        try:
            answer = self._cognito.initiate_auth(ClientId=self._client_id, AuthFlow=flow, AuthParameters=parameters)
        except self._cognito.exceptions.ClientError as error:
            if error.response["Error"]["Code"] in NOBODY:
                return None
            raise
        result = answer.get("AuthenticationResult")
        if result is None:  # a challenge, such as a new password: no user that was made here has one
            return None
        named = {
            "access_token": with_scope(result["AccessToken"], SCOPE),
            "id_token": result["IdToken"],
            "refresh_token": result.get("RefreshToken"),
            "token_type": "Bearer",
            "expires_in": result["ExpiresIn"],
        }
        return {name: value for name, value in named.items() if value is not None}
