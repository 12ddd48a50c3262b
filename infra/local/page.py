"""The page as CloudFront serves it: the files of ``web/``, ``config.json`` beside them, with the deployed headers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from infra.local.edge import ResponseHeaders

FOLDER: Final = Path(__file__).resolve().parents[2] / "web"
CACHED: Final = {"Cache-Control": "no-cache"}
"""Kept, but asked for each time, so that a change shows at once."""


def create_page(config: Callable[[str], Mapping[str, Any]], headers: Mapping[str, str]) -> Starlette:
    """Return the page.

    Parameters
    ----------
    config : Callable
        Returns the content of ``config.json`` for the origin that the page was opened at.
    headers : Mapping
        What CloudFront puts on every answer.
    """

    async def config_json(request: Request) -> Response:
        return JSONResponse(dict(config(str(request.base_url).rstrip("/"))))

    return Starlette(
        routes=[
            Route("/config.json", config_json, methods=["GET"]),
            Mount("/", StaticFiles(directory=FOLDER, html=True)),
        ],
        middleware=[Middleware(ResponseHeaders, headers={**headers, **CACHED})],
    )
