"""The deployed system on this machine: one for all tests, and servers of a test's own."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
import uvicorn

from infra.local import resources
from infra.local.sign_in import token_for

PATIENCE_S: Final = 60
COMMAND: Final = (sys.executable, "-m", "infra.local")

Serve = Callable[[Any], str]


@dataclass
class Local:
    """The system, running."""

    process: subprocess.Popen[str]
    banner: str
    lines: list[str] = field(default_factory=list)
    news: threading.Condition = field(default_factory=threading.Condition)
    _tokens: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.http = httpx.Client(base_url=self.url, timeout=PATIENCE_S)

    @property
    def url(self) -> str:
        return self._said("Page")

    @property
    def endpoint(self) -> str:
        return self._said("AWS")

    @property
    def bucket(self) -> str:
        return self._said("Films").removeprefix("s3://")

    @property
    def pool(self) -> str:
        return self._said("Sign-in", r"user pool ([^\s,]+)")

    @property
    def client(self) -> str:
        return self._said("Sign-in", r".*client (\S+)")

    def _said(self, what: str, pattern: str = r"(\S+)") -> str:
        found = re.search(rf"^  {what} +{pattern}", self.banner, re.MULTILINE)
        assert found, self.banner
        return found[1]

    def token(self, user: str = "clinician") -> str:
        """Return an access token of a user, asked for once."""
        if user not in self._tokens:
            self._tokens[user] = token_for(self.url, user, resources.PASSWORD)
        return self._tokens[user]

    def ask(self, method: str, path: str, *, user: str = "clinician", **options: Any) -> httpx.Response:
        """Send a request with a user's token."""
        headers = {"Authorization": f"Bearer {self.token(user)}", **options.pop("headers", {})}
        return self.http.request(method, path, headers=headers, **options)

    def wait_for_line(self, start: str, *, after: int) -> None:
        """Wait until the system has printed a line, after so many lines."""
        with self.news:
            assert self.news.wait_for(
                lambda: any(line.startswith(start) for line in self.lines[after:]), timeout=PATIENCE_S
            ), f"no line starts with {start!r}"

    def end(self, number: signal.Signals) -> int:
        """Send a signal, and return the exit status."""
        self.process.send_signal(number)
        return self.process.wait(PATIENCE_S)


Start = Callable[..., AbstractContextManager[Local]]


@contextmanager
def running(root: Path, *arguments: str) -> Iterator[Local]:
    """Run ``python -m infra.local`` on a free port until the block ends."""
    command = [*COMMAND, "--port", "0", *arguments]
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "FRACTURELENS_"))}
    with subprocess.Popen(
        command, cwd=root, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        assert process.stdout
        try:
            banner = ""
            while "Ctrl-C stops it" not in banner:
                line = process.stdout.readline()
                assert line, f"it ended early:\n{banner}"
                banner += line
            local = Local(process, banner)
            reader = threading.Thread(target=_read, args=(local,), daemon=True)
            reader.start()
            with local.http:
                yield local
        finally:
            process.terminate()
            process.wait(PATIENCE_S)
            reader.join(PATIENCE_S)


def _read(local: Local) -> None:
    assert local.process.stdout
    for line in local.process.stdout:
        with local.news:
            local.lines.append(line)
            local.news.notify_all()


@pytest.fixture(scope="session")
def local(root: Path, need_emulator: None) -> Iterator[Local]:
    """Return the system, started once for all tests."""
    with running(root) as started:
        yield started


@pytest.fixture
def start(root: Path, need_emulator: None) -> Start:
    """Return a context manager that runs a system of the test's own."""
    return lambda *arguments: running(root, *arguments)


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Return a function that serves an ASGI application on a free port until the test ends, and returns its address."""
    with contextlib.ExitStack() as serving:

        def begin(app: Any) -> str:
            listener = serving.enter_context(socket.create_server(("127.0.0.1", 0)))
            server = uvicorn.Server(
                uvicorn.Config(app, log_level="critical", ws="none", lifespan="off", proxy_headers=False)
            )
            thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
            thread.start()

            def stop() -> None:
                server.should_exit = True
                thread.join(PATIENCE_S)

            serving.callback(stop)
            return f"http://127.0.0.1:{listener.getsockname()[1]}"

        yield begin
