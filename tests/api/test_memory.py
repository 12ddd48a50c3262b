"""Bad input costs little: a real server process, every kind of it in turn, and what it took at its peak."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import numpy as np
import pytest

from tests import films
from tests.api.test_bad_films import UNREADABLE
from tests.api.test_limits import zeros

MIB = 1024 * 1024
MOST_GROWTH = 300 * MIB


def peak_bytes(pid: int) -> int:
    """Return the most memory that a process ever had resident (Linux)."""
    status = Path(f"/proc/{pid}/status").read_text()
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    assert found
    return int(found[1]) * 1024


@pytest.fixture(scope="module")
def server(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, httpx.Client]]:
    """Start ``fracturelens serve`` as a user would; give its process id and a client."""
    if not Path("/proc/self/status").exists():
        pytest.skip("/proc is not there (not Linux): the peak cannot be seen")
    command = [
        sys.executable,
        "-m",
        "fracturelens",
        "serve",
        "--port",
        "0",
        "--data",
        str(tmp_path_factory.mktemp("data")),
    ]
    with subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            assert process.stdout
            address = next(found[0] for line in process.stdout if (found := re.search(r"http://\S+", line)))
            with httpx.Client(base_url=address, timeout=120) as client:
                client.post("/v1/assessments", files={"file": films.encoded(films.bone())}).raise_for_status()
                yield process.pid, client
        finally:
            process.terminate()


SENDS: dict[str, Callable[[httpx.Client], httpx.Response]] = {
    "200 MB, announced": lambda client: client.post(
        "/v1/assessments",
        content=zeros(200 * MIB),
        headers={"Content-Length": str(200 * MIB), "Content-Type": "image/png"},
    ),
    "200 MB, in chunks": lambda client: client.post(
        "/v1/assessments", content=zeros(200 * MIB), headers={"Content-Type": "image/png"}
    ),
    "a form at the limit": lambda client: client.post("/v1/assessments", files={"file": bytes(32 * MIB)}),
    "the largest film": lambda client: client.post(
        "/v1/assessments", files={"file": films.encoded(np.zeros((6000, 6000), np.float32))}
    ),
    "the largest film in 16 bits": lambda client: client.post(
        "/v1/assessments", files={"file": films.encoded(np.zeros((6000, 6000), np.float32), mode="I;16")}
    ),
    "the largest film in colour": lambda client: client.post(
        "/v1/assessments", files={"file": films.encoded(np.zeros((6000, 6000), np.float32), mode="RGBA")}
    ),
}


@pytest.mark.slow
def test_bad_input_never_takes_much_memory(server: tuple[int, httpx.Client]) -> None:
    pid, client = server
    grown: dict[str, int] = {}
    before = peak_bytes(pid)

    for name, (film, status, _) in UNREADABLE.items():
        assert client.post("/v1/assessments", files={"file": film}).status_code == status
        grown[name] = peak_bytes(pid) - before
    for name, send in SENDS.items():
        assert send(client).status_code in {200, 413, 415}
        grown[name] = peak_bytes(pid) - before

    assert client.get("/healthz").status_code == 200
    assert max(grown.values()) < MOST_GROWTH, {name: f"{size / MIB:.0f} MiB" for name, size in grown.items()}
