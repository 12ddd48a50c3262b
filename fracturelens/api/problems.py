"""Errors as RFC 9457 problem details: every answer that is not a success looks like this."""

from __future__ import annotations

from typing import Final, NoReturn

from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from fracturelens import errors

MEDIA_TYPE: Final = "application/problem+json"
TYPE_PREFIX: Final = "urn:fracturelens:error:"
RETRY_AFTER_SECONDS: Final = 2

_BY_STATUS: Final[dict[int, type[errors.FracturelensError]]] = {
    404: errors.NotFound,
    405: errors.MethodNotAllowed,
    413: errors.FileTooLarge,
    415: errors.UnsupportedMediaType,
}


class Problem(BaseModel):
    """An error (RFC 9457); clients tell errors apart by ``code``, people read ``title`` and ``detail``."""

    model_config = ConfigDict(frozen=True)

    type: str = Field(description="`urn:fracturelens:error:` and the code.")
    title: str = Field(description="What kind of error this is, in words that do not change.")
    status: int = Field(description="The HTTP status.")
    detail: str = Field(description="What went wrong this time and what to do about it.")
    code: str = Field(description="Stable name of the error; docs/errors.md lists all.")
    instance: str = Field(description="`urn:uuid:` and the request's id, as in the server's log.")


def problem(error: errors.FracturelensError, request_id: str) -> Response:
    """Turn an error into the response that reports it."""
    body = Problem(
        type=TYPE_PREFIX + error.code,
        title=error.title,
        status=error.status,
        detail=error.message,
        code=error.code,
        instance=f"urn:uuid:{request_id}",
    )
    return Response(body.model_dump_json(), error.status, _headers(error), MEDIA_TYPE)


def _headers(error: errors.FracturelensError) -> dict[str, str]:
    match error:
        case errors.Busy():
            return {"Retry-After": str(RETRY_AFTER_SECONDS)}
        case errors.Unauthenticated():
            return {"WWW-Authenticate": "Bearer"}  # RFC 9110, 15.5.2, and RFC 6750, 3
        case errors.RequestTimeout():
            return {"Connection": "close"}  # RFC 9110, 15.5.9: the rest of the body is not waited for
        case MethodRefused():
            return {"Allow": error.allow}
        case _:
            return {}


class MethodRefused(errors.MethodNotAllowed):
    """A method that the route does not have, with those that it has (RFC 9110, 15.5.6)."""

    def __init__(self, allow: str) -> None:
        super().__init__(f"This route answers {allow}." if allow else None)
        self.allow = allow


async def raise_http_error(_: Request, error: Exception) -> NoReturn:
    """Translate the framework's own errors (no such route, no such method, ...) into ours."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    headers = (error.headers if isinstance(error, HTTPException) else None) or {}
    if status == 405:
        raise MethodRefused(headers.get("Allow") or headers.get("allow") or "") from None
    if status >= 500:
        raise errors.FracturelensError() from error
    raise _BY_STATUS.get(status, errors.RequestError)() from None


async def raise_invalid_parameter(_: Request, error: Exception) -> NoReturn:
    """Translate a parameter outside its range; names the parameter and the range, never the value sent."""
    found = error.errors() if isinstance(error, RequestValidationError) else []
    problems = "; ".join(f"{part['loc'][-1]}: {part['msg']}" for part in found)
    raise errors.InvalidParameter(f"{problems}." if problems else None) from None
