"""What API Gateway gives the Lambda for a clinician's request."""

from __future__ import annotations

from typing import Final

from starlette.requests import Request

from infra.local.events import Api, Caller, Event, Route, event_of

CLINICIAN: Final = Caller({"sub": "8f0c", "token_use": "access", "cognito:groups": ["clinician"]}, ["openid"])


def event(method: str, path: str, *, body: bytes = b"", content_type: str = "") -> Event:
    """Return a request as an event of the HTTP API."""
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": method,
        "scheme": "https",
        "path": path,
        "query_string": b"",
        "headers": [(b"content-type", content_type.encode())] if content_type else [],
        "client": ("192.0.2.1", 0),
        "server": ("localhost", 443),
    }
    return event_of(Request(scope), body, api=Api(), route=Route("ANY /v1/{proxy+}", {}), caller=CLINICIAN)
