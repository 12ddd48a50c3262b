"""The app behind a real server: sockets, chunks and headers are what a client would see, nothing is simulated."""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from fastapi import FastAPI
from starlette.applications import Starlette

from fracturelens.api import create_app
from fracturelens.assess import Assessor, open_assessor
from fracturelens.settings import Settings

Serve = Callable[..., httpx.Client]
MakeApp = Callable[..., FastAPI]
LogLines = Callable[[], list[dict[str, Any]]]
PATIENCE_S = 30


@pytest.fixture(autouse=True, scope="session")
def _own_settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Forget the settings of whoever runs the tests, and keep their data folder out of it."""
    with pytest.MonkeyPatch.context() as environment:
        for name in [name for name in os.environ if name.startswith("FRACTURELENS_")]:
            environment.delenv(name)
        environment.setenv("XDG_DATA_HOME", str(tmp_path_factory.mktemp("xdg")))
        yield


@pytest.fixture(scope="session")
def assessor() -> Assessor:
    """Return the shipped model, opened once."""
    return open_assessor()


@pytest.fixture
def make_app(assessor: Assessor, tmp_path: Path) -> MakeApp:
    """Return a function that makes the app with some settings; its data folder is ``tmp_path / "data"``."""

    def make(**settings: Any) -> FastAPI:
        return create_app(Settings(**{"store": tmp_path / "data", **settings}), assessor=assessor)

    return make


@pytest.fixture
def serve(make_app: MakeApp) -> Iterator[Serve]:
    """Return a function that serves the app with some settings (or a given app) and returns a client of it."""
    with ExitStack() as stack:

        def start(app: FastAPI | None = None, **settings: Any) -> httpx.Client:
            url = stack.enter_context(served(app or make_app(**settings)))
            return stack.enter_context(httpx.Client(base_url=url, timeout=PATIENCE_S))

        yield start


@pytest.fixture(scope="session")
def client(assessor: Assessor, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """Return a client of the app with default settings; one server for all tests that need no other."""
    app = create_app(Settings(store=tmp_path_factory.mktemp("shared")), assessor=assessor)
    with served(app) as url, httpx.Client(base_url=url, timeout=PATIENCE_S) as shared:
        yield shared


@contextmanager
def served(app: Starlette) -> Iterator[str]:
    """Serve an app from a thread, on a free port of the loopback interface, and give its address."""
    config = uvicorn.Config(app, log_config=None, access_log=False, server_header=False, ws="none")
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        deadline = time.monotonic() + PATIENCE_S
        while not server.started:
            assert thread.is_alive(), "the server did not start"
            assert time.monotonic() < deadline, "the server took too long to start"
            time.sleep(0.005)
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(PATIENCE_S)
            assert not thread.is_alive(), "the server did not stop"


@pytest.fixture
def log_lines(caplog: pytest.LogCaptureFixture) -> LogLines:
    """Return a function that gives what the API logged so far: each line's event and fields."""
    caplog.set_level(logging.INFO, logger="fracturelens.api")
    return lambda: [
        {"event": record.getMessage(), **getattr(record, "fields", {})}
        for record in caplog.records
        if record.name == "fracturelens.api"
    ]
