"""Starts a server in a process of its own, sends it a film, and asks the system what it took."""

from __future__ import annotations

import http.client
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
PATIENCE_S = 300
POLL_S = 0.002

ONE_THREAD = dict.fromkeys(("FRACTURELENS_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")


@dataclass(frozen=True, slots=True)
class Way:
    """One way to serve explained readings: how it is called, and how its server is started."""

    name: str
    title: str
    words: tuple[str, ...]
    threads_option: bool = False

    def command(self, threads: int | None) -> list[str]:
        option = ["--threads", str(threads)] if threads and self.threads_option else []
        return [sys.executable, "-m", *self.words, *option]


@dataclass(slots=True)
class Server:
    """A running server; ``first_ms`` is the time from its start to its first explained reading."""

    process: subprocess.Popen[bytes]
    connection: http.client.HTTPConnection
    first: dict[str, Any] = field(default_factory=dict)
    first_ms: float = 0.0

    def read(self, film: bytes) -> tuple[dict[str, Any], float]:
        """Send a film for a reading with one heatmap; return the assessment, and how long it took, milliseconds."""
        start = time.perf_counter()
        self.connection.request("POST", "/v1/assessments?heatmaps=predicted", film, {"Content-Type": "image/jpeg"})
        response = self.connection.getresponse()
        body = response.read()
        milliseconds = (time.perf_counter() - start) * 1000
        if response.status != 200:
            raise RuntimeError(f"the server answered {response.status}: {body[:300]!r}")
        assessment: dict[str, Any] = json.loads(body)
        return assessment, milliseconds

    def cpu_ms(self) -> float | None:
        """Return the processor time that the process has taken so far (proc(5)), milliseconds; None outside Linux."""
        stat = Path(f"/proc/{self.process.pid}/stat")
        if not stat.is_file():
            return None
        user, system = stat.read_text().rpartition(")")[2].split()[11:13]
        return (int(user) + int(system)) * 1000 / os.sysconf("SC_CLK_TCK")

    def peak_megabytes(self) -> float | None:
        """Return the most memory that the process ever held (VmHWM of proc(5)), 10^6 bytes; None outside Linux."""
        status = Path(f"/proc/{self.process.pid}/status")
        if not status.is_file():
            return None
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) * 1024 / 1e6


@contextmanager
def serving(way: Way, film: bytes, *, threads: int | None) -> Iterator[Server]:
    """Start a server, wait for its first reading of a film, and stop it at the end."""
    with tempfile.TemporaryDirectory() as data, tempfile.TemporaryFile() as log:
        port = _free_port()
        start = time.perf_counter()
        process = subprocess.Popen(
            way.command(threads), cwd=ROOT, env=_environment(port, data, threads), stdout=log, stderr=log
        )
        try:
            server = Server(process, _connect(process, port))
            server.first, _ = server.read(film)
            server.first_ms = (time.perf_counter() - start) * 1000
            yield server
        except (OSError, http.client.HTTPException, RuntimeError) as error:
            _stop(process)
            log.seek(0)
            raise RuntimeError(f"{way.title}: {error}\n{log.read().decode(errors='replace')[-3000:]}") from error
        finally:
            _stop(process)


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    process.wait()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def _environment(port: int, data: str, threads: int | None) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("FRACTURELENS_")}
    own = {"FRACTURELENS_PORT": str(port), "FRACTURELENS_DATA": data, "TF_CPP_MIN_LOG_LEVEL": "3"}
    return inherited | own | (ONE_THREAD if threads == 1 else {})


def _connect(process: subprocess.Popen[bytes], port: int) -> http.client.HTTPConnection:
    """Return a connection as soon as the server takes one."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            connection.connect()
            return connection
        except ConnectionRefusedError:
            if process.poll() is not None:
                raise RuntimeError(f"the server ended with status {process.returncode}") from None
            if time.monotonic() > deadline:
                raise
            time.sleep(POLL_S)
