"""The user pool as its hosted sign-in sees it: who knows this password, and the tokens that they get."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

REFUSALS = frozenset({"NotAuthorizedException", "UserNotFoundException"})


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

    def tokens(self, username: str, password: str) -> dict[str, Any] | None:
        """Return what the token endpoint hands out (RFC 6749, section 5.1); ``None`` for a wrong name or password."""
        try:
            result = self._cognito.initiate_auth(
                ClientId=self._client_id,
                AuthFlow="USER_PASSWORD_AUTH",
                AuthParameters={"USERNAME": username, "PASSWORD": password},
            ).get("AuthenticationResult")
        except self._cognito.exceptions.ClientError as error:
            if error.response["Error"]["Code"] in REFUSALS:
                return None
            raise
        if result is None:  # a challenge, such as a new password: no user that was made here has one
            return None
        return {
            "access_token": result["AccessToken"],
            "id_token": result["IdToken"],
            "refresh_token": result["RefreshToken"],
            "token_type": "Bearer",
            "expires_in": result["ExpiresIn"],
        }
