"""Events of an HTTP API, told from everything else that a function may be invoked with.

Source: *Create AWS Lambda proxy integrations for HTTP APIs*, payload format 2.0, API Gateway developer guide.
"""

from __future__ import annotations

import binascii
import re
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from fracturelens import errors

Event = dict[str, Any]

NOTHING_ASKED: Final[Event] = {
    "version": "2.0",
    "rawQueryString": "",
    "headers": {},
    "requestContext": {"http": {"method": "GET", "path": "/", "sourceIp": ""}},
    "isBase64Encoded": False,
}
"""Stands for an event that cannot be read, where an answer to it is made."""

_HOST: Final = re.compile(r"[^:]*(:[0-9]{1,5})?")
_PORT: Final = re.compile(r"[0-9]{1,5}")


def _whole(text: str) -> str:
    text.encode()  # JSON can say half of a character, which no header and no address holds
    return text


_Text = Annotated[str, AfterValidator(_whole)]


class _Part(BaseModel):
    """What is relied on; events have more."""

    model_config = ConfigDict(strict=True, extra="ignore")


class _Http(_Part):
    method: Annotated[str, Field(pattern=r"^[A-Za-z]{1,32}$")]
    path: Annotated[_Text, Field(pattern=r"^/")]
    source_ip: Annotated[str, Field(alias="sourceIp")]


class _RequestContext(_Part):
    http: _Http


class _HttpEvent(_Part):
    version: Literal["2.0"]
    query: Annotated[_Text, Field(alias="rawQueryString")] = ""
    headers: dict[_Text, _Text] = {}
    cookies: list[_Text] | None = None
    request_context: Annotated[_RequestContext, Field(alias="requestContext")]
    body: _Text | None = None
    is_base64: Annotated[bool, Field(alias="isBase64Encoded")] = False


def checked(event: object) -> Event:
    """Return an event with its body decoded, if it is a request to an HTTP API.

    Raises
    ------
    RequestError
        If it is not; the message quotes nothing of it.
    """
    if not isinstance(event, dict):
        raise _malformed()
    try:
        found = _HttpEvent.model_validate(event)
        body = _body(found)
    except (ValidationError, binascii.Error):
        raise _malformed() from None
    headers = {name.lower(): value for name, value in found.headers.items()}
    # Mangum reads both as numbers, and fails if they are none.
    if not _HOST.fullmatch(headers.get("host", "")) or not _PORT.fullmatch(headers.get("x-forwarded-port", "443")):
        raise _malformed()
    return {**event, "headers": headers, "body": body, "isBase64Encoded": False}


def _body(found: _HttpEvent) -> bytes:
    text = (found.body or "").encode()
    return binascii.a2b_base64(text, strict_mode=True) if found.is_base64 else text


def _malformed() -> errors.RequestError:
    return errors.RequestError(
        "This function answers events of an API Gateway HTTP API, payload format 2.0, and this is none."
    )
