"""Whoever runs the service hears of readings and of its failures, and cannot spoil them."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from fracturelens.api import create_app
from fracturelens.assess import Assessor
from fracturelens.assessment import Assessment
from fracturelens.settings import Settings
from tests.api.conftest import LogLines, Serve


@dataclass
class Notes:
    """An observer that writes down what it hears, and breaks if it is told to."""

    broken: bool = False
    readings: list[Assessment] = field(default_factory=list)
    failures: list[tuple[str, int]] = field(default_factory=list)
    fallbacks: list[str] = field(default_factory=list)

    def reading(self, assessment: Assessment) -> None:
        self.readings.append(assessment)
        self._break()

    def failure(self, code: str, status: int) -> None:
        self.failures.append((code, status))
        self._break()

    def bundle_fallback(self, code: str) -> None:
        self.fallbacks.append(code)
        self._break()

    def _break(self) -> None:
        if self.broken:
            raise RuntimeError("Doe^Jane")


@pytest.fixture
def notes() -> Notes:
    return Notes()


@pytest.fixture
def client(serve: Serve, assessor: Assessor, notes: Notes, tmp_path: Path) -> httpx.Client:
    return serve(create_app(Settings(store=tmp_path / "data"), assessor=assessor, observer=notes))


def test_every_reading_is_told_as_it_was_answered(client: httpx.Client, notes: Notes, film: bytes) -> None:
    upload = client.post("/v1/uploads").json()
    client.put(upload["url"], content=film)

    answers = [
        client.post("/v1/assessments", files={"file": film}).json(),
        client.post("/v1/assessments", json={"upload_id": upload["upload_id"]}).json(),
    ]

    assert [told.model_dump(mode="json") for told in notes.readings] == answers
    assert notes.failures == []


def test_a_request_that_is_wrong_is_no_failure(client: httpx.Client, notes: Notes) -> None:
    statuses = {
        client.post("/v1/assessments", files={"file": b"not a film"}).status_code,
        client.get("/v1/nothing").status_code,
        client.get(f"/v1/assessments/{'0' * 32}").status_code,
    }

    assert statuses == {404, 415}
    assert (notes.readings, notes.failures) == ([], [])


def test_a_store_that_fails_is_a_failure_and_no_reading(
    client: httpx.Client, notes: Notes, film: bytes, tmp_path: Path
) -> None:
    (tmp_path / "data").rename(tmp_path / "away")

    response = client.post("/v1/assessments", files={"file": film})

    assert response.status_code == 503
    assert (notes.readings, notes.failures) == ([], [("store_unavailable", 503)])


def test_a_fault_of_ours_is_a_failure(
    client: httpx.Client, notes: Notes, assessor: Assessor, film: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(assessor, "read", None)

    assert client.post("/v1/assessments", files={"file": film}).status_code == 500
    assert notes.failures == [("internal_error", 500)]


def test_an_observer_that_breaks_costs_no_answer(
    client: httpx.Client, notes: Notes, film: bytes, tmp_path: Path, log_lines: LogLines
) -> None:
    notes.broken = True

    read = client.post("/v1/assessments", files={"file": film})
    (tmp_path / "data").rename(tmp_path / "away")
    failed = client.get(f"/v1/assessments/{read.json()['id']}")

    assert (read.status_code, failed.status_code) == (200, 503)
    assert [line for line in log_lines() if line["event"] == "observer failed"] == [
        {"event": "observer failed", "error": "RuntimeError"}
    ] * 2


def test_a_reading_is_told_by_the_time_it_is_answered(client: httpx.Client, notes: Notes, film: bytes) -> None:
    def read() -> None:
        assert client.post("/v1/assessments", files={"file": film}).status_code == 200

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(notes.readings) == 4
