"""What API Gateway answers by itself, in its own words, when a request never becomes an answer of the function."""

from __future__ import annotations

from http import HTTPStatus
from typing import Final

from starlette.requests import Request
from starlette.responses import JSONResponse

# Written out: Python has other phrases from version to version.
WORDS: Final = {
    HTTPStatus.UNAUTHORIZED: "Unauthorized",
    HTTPStatus.FORBIDDEN: "Forbidden",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "Request Entity Too Large",
    HTTPStatus.INTERNAL_SERVER_ERROR: "Internal Server Error",
    HTTPStatus.SERVICE_UNAVAILABLE: "Service Unavailable",
}


class Refused(Exception):
    """API Gateway answers instead of the function: ``{"message": "Unauthorized"}`` and the like, not problem+json.

    Parameters
    ----------
    status : HTTPStatus
        One of ``WORDS``.
    challenge : str
        The ``WWW-Authenticate`` header of a 401 or 403.
    """

    def __init__(self, status: HTTPStatus, *, challenge: str = "") -> None:
        super().__init__(WORDS[status])
        self.status = status
        self.headers = {"www-authenticate": challenge} if challenge else {}


async def refusal(request: Request, refused: Exception) -> JSONResponse:
    """Return the answer to a refused request."""
    assert isinstance(refused, Refused)  # noqa: S101 - Starlette types every handler for any exception
    return JSONResponse({"message": str(refused)}, refused.status, refused.headers)
