"""S3 with something wrong: a proxy in front of moto's that delays, refuses or goes away."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final
from urllib.parse import urlsplit

HOST: Final = "127.0.0.1"

KMS_DENIED: Final = (
    "User: arn:aws:sts::123456789012:assumed-role/reader/reader is not authorized to perform: kms:GenerateDataKey on "
    "resource: arn:aws:kms:eu-central-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab because no "
    "identity-based policy allows the kms:GenerateDataKey action"
)


@dataclass(frozen=True)
class Refusal:
    """An error as S3 words it."""

    status: int
    code: str
    message: str

    @property
    def body(self) -> bytes:
        return (
            f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{self.code}</Code><Message>{self.message}</Message>'
            "<RequestId>4442587FB7D0A2F9</RequestId><HostId>a-host</HostId></Error>"
        ).encode()


@dataclass
class Storage:
    """The proxy; what it does with requests of a method can be changed while it runs.

    Attributes
    ----------
    refusals
        What a method is answered with.
    held
        Methods whose requests wait, unanswered, until ``release`` is called.
    lost
        Methods of which the next request is done, and its answer lost.
    """

    behind: str
    refusals: dict[str, Refusal] = field(default_factory=dict)
    held: set[str] = field(default_factory=set)
    lost: set[str] = field(default_factory=set)
    _go_on: threading.Event = field(default_factory=threading.Event)
    _server: ThreadingHTTPServer | None = None
    _port: int = 0

    @property
    def endpoint(self) -> str:
        return f"http://{HOST}:{self._port}"

    def heal(self) -> None:
        """Pass everything on again, what is waiting too."""
        self.refusals.clear()
        self.held.clear()
        self.lost.clear()
        self._go_on.set()

    def hold(self, *methods: str) -> None:
        """Let requests of these methods wait from now on."""
        self._go_on.clear()
        self.held.update(methods)

    def open(self) -> None:
        """Listen, on the same port each time."""
        self._server = ThreadingHTTPServer((HOST, self._port), type("Passing", (_Passing,), {"storage": self}))
        self._server.daemon_threads = True
        self._port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def close(self) -> None:
        """Be gone: connections are refused."""
        if self._server:
            self._server.shutdown()
            self._server.server_close()

    def wait(self, method: str) -> None:
        if method in self.held:
            self._go_on.wait(60)


@contextmanager
def storage(behind: str) -> Iterator[Storage]:
    """Serve a proxy in front of an S3."""
    proxy = Storage(behind)
    proxy.open()
    try:
        yield proxy
    finally:
        proxy.heal()
        proxy.close()


class _Passing(BaseHTTPRequestHandler):
    storage: Storage

    def _pass(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.storage.wait(self.command)
        if refusal := self.storage.refusals.get(self.command):
            self._send(refusal.status, {"Content-Type": "application/xml"}, refusal.body)
            return
        behind = http.client.HTTPConnection(urlsplit(self.storage.behind).netloc, timeout=30)
        behind.request(self.command, self.path, body, dict(self.headers))
        answer = behind.getresponse()
        content = answer.read()
        behind.close()
        if self.command in self.storage.lost:
            self.storage.lost.discard(self.command)
            self.close_connection = True
            return
        self._send(answer.status, dict(answer.getheaders()), content)

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = _pass  # noqa: N815 - the base class wants these names

    def _send(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response_only(status)
        for name, value in headers.items():
            if name.lower() not in {"connection", "content-length", "transfer-encoding"}:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)
        self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Say nothing."""
