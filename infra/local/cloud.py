"""moto's server as a program of its own: ``python -m infra.local.cloud PAGE_ORIGIN...``.

It takes a free port of the loopback interface and says which, as the first line of its standard output. What moto
leaves out is added here: S3's CORS header on the answer to a form upload, without which the page cannot see that its
film has arrived. And what a server without any sign-in needs on a machine that also runs a browser: requests of other
web pages are refused, under whatever host name they come. It ends when its standard input does, so it cannot
outlive whoever started it.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterable
from typing import Any, Final

# Without this, moto lets every web page read everything; with it, the bucket's own rules count.
os.environ["MOTO_DISABLE_GLOBAL_CORS"] = "1"

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import make_server

HOST: Final = "127.0.0.1"
ALLOW: Final = "Access-Control-Allow-Origin"

Environ = dict[str, Any]
StartResponse = Callable[..., Any]


class Guarded:
    """A WSGI application that answers programs, and pages of the origins named."""

    def __init__(self, app: Any, origins: Iterable[str]) -> None:
        self._app = app
        self._origins = frozenset(origins)

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        origin = environ.get("HTTP_ORIGIN")
        host = environ.get("HTTP_HOST", "").partition(":")[0]
        if host not in {HOST, "localhost"} or (origin and origin not in self._origins):
            start_response("403 Forbidden", [("Content-Type", "text/plain")])
            return [b"This server is for this machine's own page only.\n"]

        def start(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            if origin and not any(name.lower() == ALLOW.lower() for name, _ in headers):
                headers = [*headers, (ALLOW, origin), ("Vary", "Origin")]
            return start_response(status, headers, *rest)

        answer: Iterable[bytes] = self._app(environ, start)
        return answer


def main(origins: list[str]) -> None:
    """Serve until standard input ends."""
    app = Guarded(DomainDispatcherApplication(create_backend_app), origins)
    server = make_server(HOST, 0, app, threaded=True, request_handler=MotoRequestHandler)
    os.environ["MOTO_PORT"] = str(server.port)
    threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
    print(f"http://{HOST}:{server.port}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main(sys.argv[1:])
