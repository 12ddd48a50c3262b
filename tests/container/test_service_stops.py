"""However the service ends, nobody loses an answer that was promised, or a reading that was given."""

from __future__ import annotations

import http.client
import json
import socket
import threading
import zipfile
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from fracturelens.assess import open_assessor
from tests import films
from tests.container.conftest import Start
from tests.container.service import PATIENCE_SECONDS, Service

pytestmark = [pytest.mark.containers, pytest.mark.slow]

CLIENTS = 6


@pytest.fixture(scope="module")
def large() -> bytes:
    """Return a film of four million pixels in 16 bits, 7 MB."""
    return films.encoded(films.bone(2400, 1800), mode="I;16")


def accepted(service: Service, size: int) -> socket.socket:
    """Open a request for a reading, and wait for the service's word that it wants the film."""
    client = socket.create_connection(("127.0.0.1", service.port), timeout=PATIENCE_SECONDS)
    head = ("POST /v1/assessments HTTP/1.1", "Host: localhost", "Content-Type: image/png", "Expect: 100-continue")
    client.sendall("\r\n".join([*head, f"Content-Length: {size}", "\r\n"]).encode())
    assert client.recv(4096).startswith(b"HTTP/1.1 100")
    return client


def answer_to(client: socket.socket, film: bytes) -> tuple[int, dict[str, Any]]:
    """Send the film, and return the status and the body of the answer."""
    with client:
        client.sendall(film)
        response = http.client.HTTPResponse(client)
        response.begin()
        return response.status, json.loads(response.read())


def test_told_to_stop_it_answers_all_that_it_has_accepted(start: Start, large: bytes) -> None:
    service = start()
    expected = open_assessor().assess(large).model_dump(mode="json")["probabilities"]
    with ThreadPoolExecutor(CLIENTS) as pool:
        requests = [accepted(service, len(large)) for _ in range(CLIENTS)]
        early = [pool.submit(answer_to, client, large) for client in requests[: CLIENTS // 2]]

        with service.ask_to_stop() as stop:
            service.await_refusal()
            late = [pool.submit(answer_to, client, large) for client in requests[CLIENTS // 2 :]]
            answers = [answer.result(PATIENCE_SECONDS) for answer in early + late]

    assert stop.returncode == 0
    assert [status for status, _ in answers] == [200] * CLIENTS
    assert all(reading["probabilities"] == pytest.approx(expected, abs=1e-6) for _, reading in answers)
    assert service.readings() == {reading["id"] for _, reading in answers}
    assert service.exit_code() == 0, "it ended by itself, before its grace time was over"


class Load:
    """Clients that send a film over and over, until the service is gone."""

    def __init__(self, service: Service, film: bytes) -> None:
        self.answers: list[dict[str, Any]] = []
        self.interrupted = 0
        self.enough = threading.Semaphore(0)
        self._lock = threading.Lock()
        self._service = service
        self._film = film

    def send(self) -> None:
        with self._service.client() as client:
            while True:
                try:
                    answer = client.post("/v1/assessments", files={"file": self._film})
                except httpx.TransportError:
                    with self._lock:
                        self.interrupted += 1
                    return
                with self._lock:
                    self.answers.append(answer.raise_for_status().json())
                self.enough.release()


def test_killed_and_started_again_it_serves_and_no_reading_is_damaged(start: Start, large: bytes) -> None:
    service = start()
    load = Load(service, large)
    with ThreadPoolExecutor(CLIENTS) as pool:
        senders = [pool.submit(load.send) for _ in range(CLIENTS)]
        for _ in range(2 * CLIENTS):
            assert load.enough.acquire(timeout=PATIENCE_SECONDS)
        service.kill()
        for sender in senders:
            sender.result(PATIENCE_SECONDS)

    service.start_again()

    assert load.interrupted == CLIENTS, "every client was in the middle of a request"
    assert service.exit_code() == 0
    given = {answer["id"]: answer for answer in load.answers}
    with service.client() as client:
        again = client.post("/v1/assessments", files={"file": large})
        assert again.json()["probabilities"] == load.answers[0]["probabilities"]
        assert {name: client.get(f"/v1/assessments/{name}").json() for name in given} == given
        # A reading may have been kept and its answer lost on the way: it is whole as well.
        for name in service.readings() | given.keys():
            assert client.get(f"/v1/assessments/{name}").status_code == 200
            assert client.get(f"/v1/assessments/{name}/film.png?longest_side=64").status_code == 200
            with zipfile.ZipFile(service.volume / "readings" / name) as kept:
                assert kept.testzip() is None
