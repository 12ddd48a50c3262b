"""A job hears that it is to stop: from a signal, and from a spot instance's own metadata, as EC2 serves them."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.training.jobs import TINY, Child, epochs
from training.job.stop import Stop, Stopped

TOKEN = "a-token-of-nobody"  # noqa: S105 - of a stand-in
PATIENCE_SECONDS = 30


class Metadata(BaseHTTPRequestHandler):
    """IMDSv2: a token by PUT, and a spot notice for whoever shows it."""

    notice: bytes | None = None
    asked: threading.Event

    def do_PUT(self) -> None:
        lifetime = int(self.headers.get("X-aws-ec2-metadata-token-ttl-seconds", 0))
        good = self.path == "/latest/api/token" and 1 <= lifetime <= 21600
        self._answer(200 if good else 400, TOKEN.encode())

    def do_GET(self) -> None:
        if self.headers.get("X-aws-ec2-metadata-token") != TOKEN:
            self._answer(401, b"")
        elif self.path != "/latest/meta-data/spot/instance-action" or self.notice is None:
            self._answer(404, b"")
        else:
            self._answer(200, self.notice)
        self.asked.set()

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Say nothing."""


@pytest.fixture
def metadata(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Metadata]]:
    """Serve metadata without a notice, where this process and its children look for them."""
    kind = type("Of", (Metadata,), {"asked": threading.Event()})
    with ThreadingHTTPServer(("127.0.0.1", 0), kind) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", f"http://127.0.0.1:{server.server_port}")
        yield kind
        server.shutdown()
        thread.join()


def stopped(stop: Stop) -> str | None:
    try:
        stop.check()
    except Stopped as reason:
        return str(reason)
    return None


def test_without_a_notice_the_job_goes_on(metadata: type[Metadata]) -> None:
    stop = Stop()
    with stop.on_spot_notice(every=0.01):
        assert metadata.asked.wait(PATIENCE_SECONDS)
        metadata.asked.clear()
        assert metadata.asked.wait(PATIENCE_SECONDS)

    assert stopped(stop) is None


def test_a_notice_stops_the_job_with_its_reason(metadata: type[Metadata]) -> None:
    metadata.notice = json.dumps({"action": "terminate", "time": "2026-11-23T10:00:00Z"}).encode()
    stop = Stop()
    deadline = time.monotonic() + PATIENCE_SECONDS

    with stop.on_spot_notice(every=0.01):
        while not stopped(stop) and time.monotonic() < deadline:
            time.sleep(0.01)

    assert stopped(stop) == "spot interruption notice: terminate"


@pytest.mark.parametrize("answer", [b"no JSON", b"[]", b'{"action": "rebalance"}'])
def test_what_is_no_notice_stops_nothing(
    metadata: type[Metadata], answer: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    metadata.notice = answer
    stop = Stop()
    with stop.on_spot_notice(every=0.01):
        for _ in range(3):
            assert metadata.asked.wait(PATIENCE_SECONDS)
            metadata.asked.clear()

    assert stopped(stop) is None
    assert capsys.readouterr().err.count("do not answer") <= 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_is_a_wish_and_handlers_are_put_back(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    stop = Stop()
    with stop.on_signals():
        os.kill(os.getpid(), number)

    assert stopped(stop) == number.name
    assert signal.getsignal(number) is before


@pytest.mark.training
@pytest.mark.slow
def test_a_spot_notice_ends_a_running_job_with_a_checkpoint_and_status_75(
    root: Path, small_fracatlas: Path, tmp_path: Path, metadata: type[Metadata]
) -> None:
    recipe = tmp_path / "recipe.json"
    recipe.write_text(json.dumps({**TINY, "stages": [{**TINY["stages"][0], "epochs": 500}]}))
    job = Child(
        root, tmp_path / "log", "--data", small_fracatlas, "--registry", tmp_path / "registry",
        "--work", tmp_path / "work", "--start", "none", "--recipe", recipe,
        environment={
            "FRACTURELENS_SPOT": "1",
            "AWS_EC2_METADATA_SERVICE_ENDPOINT": os.environ["AWS_EC2_METADATA_SERVICE_ENDPOINT"],
        },
    )  # fmt: skip
    job.await_line(lambda line: line.get("epoch") == 1)

    metadata.notice = b'{"action": "terminate", "time": "2026-11-23T10:00:00Z"}'

    assert job.status() == 75
    assert job.lines()[-1]["message"] == "stopped: spot interruption notice: terminate; start again to go on"
    assert epochs(job.lines())[-1][1] < 500
    assert list((tmp_path / "registry" / "jobs").glob("*/checkpoints/*.json"))
    assert not (tmp_path / "registry" / "versions").exists()
