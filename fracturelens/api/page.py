"""The static page, served from ``web/`` by the same server as the API."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send

ROUTE: Final = "/{page}"
"""What the log calls every file of the page."""

# Named here: the system's own table of types differs from machine to machine, and ``nosniff`` takes it at its word.
TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".jpg": "image/jpeg",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".md": "text/plain; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".webmanifest": "application/manifest+json",
    ".webp": "image/webp",
    ".woff2": "font/woff2",
}


def page_folder() -> Path | None:
    """Return where the page is: inside the installed package, else beside it in a checkout."""
    package = Path(__file__).resolve().parent.parent
    return next(
        (folder for folder in (package / "web", package.parent / "web") if (folder / "index.html").exists()), None
    )


class Page(StaticFiles):
    """The files below a folder, of the types above only; hidden files are not there, ``/`` is ``index.html``.

    Browsers keep the files but ask each time whether they are still good (``ETag``), so an update shows at once.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(directory=folder, html=True)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["fracturelens.route"] = ROUTE
        # The files are small: a range is ignored (RFC 9110, 14.2) and its errors with it.
        headers = [header for header in scope["headers"] if header[0] != b"range"]
        await super().__call__({**scope, "headers": headers}, receive, send)

    async def get_response(self, path: str, scope: Scope) -> Response:
        if scope["method"] not in {"GET", "HEAD"} or any(part.startswith(".") for part in Path(path).parts):
            raise HTTPException(404)
        response = await super().get_response(path, scope)
        if response.status_code == 200 and not self._typed(response):
            raise HTTPException(404)
        response.headers["Accept-Ranges"] = "none"
        response.headers["Cache-Control"] = "no-cache"
        return response

    @staticmethod
    def _typed(response: Response) -> bool:
        kind = TYPES.get(Path(getattr(response, "path", "")).suffix.lower())
        if kind:
            response.headers["Content-Type"] = kind
        return kind is not None
