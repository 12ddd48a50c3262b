"""The stand-ins for AWS, running: one stack for all tests, and a gateway in front of a function of a test's own."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
import uvicorn
from starlette.responses import PlainTextResponse

PATIENCE_S = 60
Serve = Callable[[Any], str]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Return a function that serves an ASGI application on a free port until the test ends, and returns its address."""
    with contextlib.ExitStack() as running:

        def start(app: Any) -> str:
            listener = running.enter_context(socket.create_server(("127.0.0.1", 0)))
            server = uvicorn.Server(uvicorn.Config(app, log_level="critical", ws="none", lifespan="off", proxy_headers=False))
            thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
            thread.start()

            def stop() -> None:
                server.should_exit = True
                thread.join(PATIENCE_S)

            running.callback(stop)
            return f"http://127.0.0.1:{listener.getsockname()[1]}"

        yield start
