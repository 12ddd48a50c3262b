"""HTTP to Lambda and back, as an HTTP API does with payload format 2.0.

Source: *Create AWS Lambda proxy integrations for HTTP APIs*, API Gateway developer guide.
"""

from __future__ import annotations

import base64
import binascii
import json
import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import Response

from infra.local.refusals import Refused

Event = dict[str, Any]
"""What the function is given: JSON."""

TEXT: Final = frozenset({"application/javascript", "application/json", "application/xml"})
"""Bodies of these types, and of ``text/*``, reach the function as they are; all others in base64."""

HOP_BY_HOP: Final = frozenset(
    {"connection", "expect", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"}
)


@dataclass(frozen=True, slots=True)
class Api:
    """The HTTP API that an event says it came through."""

    account: str = "123456789012"
    id: str = "local"
    region: str = "eu-central-1"

    @property
    def domain(self) -> str:
        """The host name that the function sees: CloudFront sends the API's own, not the page's."""
        return f"{self.id}.execute-api.{self.region}.amazonaws.com"


@dataclass(frozen=True, slots=True)
class Route:
    """A route's key, such as ``ANY /v1/{proxy+}``, and what its variables matched."""

    key: str
    parameters: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Caller:
    """What the authoriser tells the function: the token's verified claims, and the scopes that the route asks for."""

    claims: Mapping[str, Any]
    scopes: Sequence[str]


def event_of(request: Request, body: bytes, *, api: Api, route: Route, caller: Caller | None = None) -> Event:
    """Return the event for a request.

    Parameters
    ----------
    caller : Caller, optional
        A route without authoriser has none.
    """
    headers, cookies = _headers_and_cookies(request, body, api)
    query = request.scope["query_string"].decode("latin-1")
    now = time.time()
    text = _as_text(headers, body)
    optional = {
        "cookies": cookies,
        "queryStringParameters": _joined(parse_qsl(query, keep_blank_values=True)),
        "pathParameters": dict(route.parameters),
        "body": base64.b64encode(body).decode() if text is None else text,
    }
    return {
        "version": "2.0",
        "routeKey": route.key,
        "rawPath": request.scope["path"],
        "rawQueryString": query,
        "headers": headers,
        "requestContext": {
            "accountId": api.account,
            "apiId": api.id,
            **({"authorizer": {"jwt": _verified(caller)}} if caller else {}),
            "domainName": api.domain,
            "domainPrefix": api.id,
            "http": {
                "method": request.method,
                "path": request.scope["path"],
                "protocol": f"HTTP/{request.scope['http_version']}",
                "sourceIp": request.client.host if request.client else "",
                "userAgent": headers.get("user-agent", ""),
            },
            "requestId": secrets.token_urlsafe(12),
            "routeKey": route.key,
            "stage": "$default",
            "time": datetime.fromtimestamp(now, UTC).strftime("%d/%b/%Y:%H:%M:%S +0000"),
            "timeEpoch": int(now * 1000),
        },
        **{name: value for name, value in optional.items() if value},  # what is empty is not there
        "isBase64Encoded": text is None,
    }


def answer_of(result: object) -> Response:
    """Return the HTTP answer for what the function returned.

    A result without ``statusCode`` is itself the body of a 200, as JSON.

    Raises
    ------
    Refused
        With 500, if the result cannot be an answer.
    """
    if not isinstance(result, dict) or "statusCode" not in result:
        return Response(result if isinstance(result, str) else json.dumps(result), media_type="application/json")
    try:
        body = result.get("body") or ""
        content = base64.b64decode(body, validate=True) if result.get("isBase64Encoded") else body.encode()
        answer = Response(content, int(result["statusCode"]))
        for name, value in (result.get("headers") or {}).items():
            if name.lower() != "content-length":  # it is counted here
                answer.headers[name] = str(value)
        for cookie in result.get("cookies") or ():
            answer.headers.append("set-cookie", cookie)
    except (AttributeError, binascii.Error, TypeError, ValueError) as error:
        raise Refused(HTTPStatus.INTERNAL_SERVER_ERROR) from error
    answer.headers.setdefault("content-type", "text/plain; charset=utf-8")
    return answer


def as_strings(claims: Mapping[str, Any]) -> dict[str, str]:
    """Return claims as the function gets them: every value a string, a list as ``[clinician admin]``."""

    def shown(value: Any) -> str:
        if isinstance(value, list):
            return f"[{' '.join(map(shown, value))}]"
        return str(value).lower() if isinstance(value, bool) else str(value)

    return {name: shown(value) for name, value in claims.items()}


def _verified(caller: Caller) -> dict[str, Any]:
    return {"claims": as_strings(caller.claims), "scopes": list(caller.scopes) or None}


def _headers_and_cookies(request: Request, body: bytes, api: Api) -> tuple[dict[str, str], list[str]]:
    raw = [(name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in request.scope["headers"]]
    headers = _joined((name, value) for name, value in raw if name not in HOP_BY_HOP and name != "cookie")
    cookies = [part.strip() for name, value in raw if name == "cookie" for part in value.split(";") if part.strip()]
    client = request.client.host if request.client else ""
    headers |= {
        "host": api.domain,
        "content-length": str(len(body)),
        "x-amzn-trace-id": f"Root=1-{int(time.time()):08x}-{secrets.token_hex(12)}",
        "x-forwarded-for": ", ".join(filter(None, (headers.get("x-forwarded-for"), client))),
        "x-forwarded-port": str(request.url.port or 80),
        "x-forwarded-proto": request.url.scheme,
    }
    return headers, cookies


def _joined(pairs: Any) -> dict[str, str]:
    """Return pairs as a mapping; what comes twice is joined by a comma."""
    joined: dict[str, str] = {}
    for name, value in pairs:
        joined[name] = f"{joined[name]},{value}" if name in joined else value
    return joined


def _as_text(headers: Mapping[str, str], body: bytes) -> str | None:
    """Return a body that may travel as text, else ``None``."""
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    if body and (headers.get("content-encoding") or not (kind in TEXT or kind.startswith("text/"))):
        return None
    try:
        return body.decode()
    except UnicodeDecodeError:
        return None
