"""Who asks: the claims that API Gateway's authoriser verified, and what is asked of them.

Source: *Control access to HTTP APIs with JWT authorizers*, API Gateway developer guide; *Understanding the access
token*, Amazon Cognito developer guide.
"""

from __future__ import annotations

from typing import Any, Final

from starlette.types import Scope

from fracturelens import errors

GROUPS: Final = frozenset({"clinician", "admin"})
"""Who may have films read; a user is put into a group by hand."""


def identify(scope: Scope) -> str:
    """Return the caller of a request: the subject of his token.

    Signature, issuer, audience and expiry are the authoriser's work. It cannot tell an access token from an id token,
    which is for the page to read and not for us, and knows no groups.

    Raises
    ------
    Unauthenticated
        If there are no claims, or those of another kind of token.
    NotPermitted
        If the caller is in none of the groups.
    """
    claims = _claims(scope.get("aws.event"))
    subject = claims.get("sub")
    if claims.get("token_use") != "access" or not isinstance(subject, str) or not subject:
        raise errors.Unauthenticated()
    if not GROUPS & _listed(claims.get("cognito:groups")):
        raise errors.NotPermitted()
    return subject


def _claims(event: Any) -> dict[str, Any]:
    for step in ("requestContext", "authorizer", "jwt", "claims"):
        event = event.get(step) if isinstance(event, dict) else None
    return event if isinstance(event, dict) else {}


def _listed(claim: object) -> frozenset[str]:
    """Return what a claim lists. An HTTP API passes a list on as text: ``[clinician admin]``."""
    if not isinstance(claim, str) or not (claim.startswith("[") and claim.endswith("]")):
        return frozenset()
    return frozenset(claim[1:-1].split())
