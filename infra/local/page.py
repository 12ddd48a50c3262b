"""The page as CloudFront serves it: the files of ``web/``, ``config.json`` beside them, with the deployed headers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

FOLDER: Final = Path(__file__).resolve().parents[2] / "web"


def create_page(config: Callable[[str], Mapping[str, Any]], headers: Mapping[str, str]) -> Starlette:
    """Return the page.

    Parameters
    ----------
    config : Callable
        Returns the content of ``config.json`` for the origin that the page was opened at.
    headers : Mapping
        Put on every answer.
    """

    async def config_json(request: Request) -> Response:
        return JSONResponse(dict(config(str(request.base_url).rstrip("/"))))

    return Starlette(
        routes=[
            Route("/config.json", config_json, methods=["GET"]),
            Mount("/", StaticFiles(directory=FOLDER, html=True)),
        ],
        middleware=[Middleware(Headers, headers=headers)],
    )


class Headers:
    """Puts headers on every answer, in place of the answer's own."""

    def __init__(self, app: ASGIApp, headers: Mapping[str, str]) -> None:
        self._app = app
        self._headers = headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(self._headers)
            await send(message)

        await self._app(scope, receive, send_with_headers)
