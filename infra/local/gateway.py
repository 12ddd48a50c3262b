"""CloudFront and the HTTP API in one server: the page, the function behind its authoriser, the hosted sign-in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Final

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount
from starlette.routing import Route as HttpRoute
from starlette.types import ASGIApp

from infra.headers import API_HEADERS
from infra.local.authoriser import Authoriser
from infra.local.edge import ResponseHeaders
from infra.local.events import Api, Caller, Event, Route, answer_of, event_of
from infra.local.login import Login, NotInOrder, not_in_order
from infra.local.refusals import Refused, refusal

HOSTS: Final = ("127.0.0.1", "localhost")
"""The names to answer for: under another one, a web page elsewhere would be using its reader's browser."""
MAX_BODY_BYTES: Final = 10 * 1024 * 1024
"""The largest body that an HTTP API takes."""
MAX_DRAINED_BYTES: Final = 8 * MAX_BODY_BYTES
"""How much more is read and dropped, so that whoever sends it comes to read the refusal."""
API_ROUTE: Final = "ANY /v1/{proxy+}"
HEALTH_ROUTE: Final = "GET /healthz"
METHODS: Final = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")


def create_gateway(
    *,
    api: Api,
    authoriser: Authoriser,
    integration: Callable[[Event], Awaitable[object]],
    login: Login,
    page: ASGIApp,
) -> Starlette:
    """Put the server together; what is under no route is a file of the page."""

    async def v1(request: Request) -> Response:
        caller = Caller(authoriser.claims(request.headers.get("authorization")), authoriser.scopes)
        route = Route(API_ROUTE, {"proxy": request.path_params["proxy"]})
        event = event_of(request, await _body_of(request), api=api, route=route, caller=caller)
        return answer_of(await integration(event))

    async def healthz(request: Request) -> Response:
        event = event_of(request, await _body_of(request), api=api, route=Route(HEALTH_ROUTE, {}))
        return answer_of(await integration(event))

    edge = [Middleware(ResponseHeaders, headers=API_HEADERS)]
    routes: list[BaseRoute] = [
        HttpRoute("/v1/{proxy:path}", v1, methods=list(METHODS), middleware=edge),
        HttpRoute("/healthz", healthz, methods=["GET"], middleware=edge),
        *login.routes,
        Mount("/", page),
    ]
    return Starlette(
        routes=routes,
        middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=list(HOSTS))],
        exception_handlers={Refused: refusal, NotInOrder: not_in_order},
    )


async def _body_of(request: Request) -> bytes:
    body = bytearray()
    seen = 0
    async for chunk in request.stream():
        seen += len(chunk)
        if seen <= MAX_BODY_BYTES:
            body += chunk
        elif seen > MAX_DRAINED_BYTES:
            break
    if seen > MAX_BODY_BYTES:
        raise Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    return bytes(body)
