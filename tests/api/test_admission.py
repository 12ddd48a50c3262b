"""So much work is taken on and no more; the rest is told to come back, and nothing is lost."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from http.client import HTTPConnection

import pytest
from starlette.requests import ClientDisconnect

from fracturelens import errors
from fracturelens.api.admission import Admission
from fracturelens.api.journal import CLIENT_GONE
from tests.api.conftest import LogLines, Serve
from tests.api.test_limits import connect


async def never_gone() -> bool:
    return False


def admission(readers: int = 1, waiting: int = 0, held_bytes: int = 100, patience: float = 10) -> Admission:
    return Admission(readers=readers, waiting=waiting, held_bytes=held_bytes, patience=patience)


def test_as_many_are_admitted_as_may_run_and_wait() -> None:
    queue = admission(readers=2, waiting=1)

    with queue.admit(1), queue.admit(1), queue.admit(1), pytest.raises(errors.Busy), queue.admit(1):
        pass
    with queue.admit(1):
        pass


def test_bytes_held_are_bounded_and_given_back() -> None:
    queue = admission(waiting=10, held_bytes=100)

    with queue.admit(60):
        with pytest.raises(errors.Busy), queue.admit(41):
            pass
        with queue.admit(40):
            pass
    with queue.admit(100):
        pass


def test_a_place_is_given_back_when_its_request_fails() -> None:
    queue = admission(waiting=0)

    for _ in range(3):
        with pytest.raises(ValueError, match="boom"), queue.admit(100):
            raise ValueError("boom")


def test_no_more_than_the_readers_run_at_once_and_all_get_their_turn() -> None:
    running, most, lock = 0, 0, threading.Lock()

    def work() -> int:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        time.sleep(0.01)
        with lock:
            running -= 1
        return 1

    async def all_at_once() -> int:
        queue = admission(readers=3, waiting=50)
        return sum(await asyncio.gather(*(queue.run(work, gone=never_gone) for _ in range(30))))

    assert asyncio.run(all_at_once()) == 30
    assert most == 3


def test_who_waits_too_long_is_told_to_come_back_and_the_queue_goes_on() -> None:
    finish = threading.Event()

    async def scene() -> None:
        queue = admission(patience=0.05)
        first = asyncio.create_task(queue.run(lambda: finish.wait(10), gone=never_gone))
        await asyncio.sleep(0)
        with pytest.raises(errors.Busy, match=r"0\.05 seconds"):
            await queue.run(lambda: True, gone=never_gone)
        finish.set()
        assert await first
        assert await queue.run(lambda: True, gone=never_gone)

    asyncio.run(scene())


def test_a_film_of_a_client_that_hung_up_is_not_read() -> None:
    async def gone() -> bool:
        return True

    async def scene() -> None:
        queue = admission()
        read: list[int] = []
        with pytest.raises(ClientDisconnect):
            await queue.run(lambda: read.append(1), gone=gone)
        assert read == []
        await queue.run(lambda: read.append(2), gone=never_gone)
        assert read == [2]

    asyncio.run(scene())


def test_a_full_server_answers_busy_with_a_time_to_come_back(serve: Serve, film: bytes) -> None:
    client = serve(instances=1, queue=0)
    # Given a film that takes the only place because it is still arriving,
    with connect(client) as holder:
        head = (
            f"POST /v1/assessments HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/png\r\n"
            f"Content-Length: {len(film)}\r\n\r\n"
        )
        holder.sendall(head.encode() + film[:-10])
        time.sleep(0.2)

        # when another one comes, then it is refused at once, while other routes answer,
        refused = client.post("/v1/assessments", files={"file": film})
        assert (refused.status_code, refused.json()["code"]) == (503, "busy")
        assert int(refused.headers["retry-after"]) > 0
        assert client.get("/healthz").status_code == 200
        assert client.get("/v1/model").status_code == 200

        # and the first one is read to its end.
        holder.sendall(film[-10:])
        assert holder.recv(65536).startswith(b"HTTP/1.1 200")
    assert client.post("/v1/assessments", files={"file": film}).status_code == 200


def test_a_client_that_hangs_up_gives_its_place_back(serve: Serve, film: bytes, log_lines: LogLines) -> None:
    client = serve(instances=1, queue=0)
    for _ in range(3):
        with connect(client) as connection:
            connection.sendall(
                b"POST /v1/assessments HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/png\r\n"
                b"Content-Length: 1000\r\n\r\nonly this"
            )
            time.sleep(0.1)
        time.sleep(0.1)

    assert client.post("/v1/assessments", files={"file": film}).status_code == 200
    assert [line["status"] for line in log_lines()][:3] == [CLIENT_GONE] * 3


def test_200_clients_at_once_are_all_answered(serve: Serve, film: bytes) -> None:
    client = serve(queue=100, queue_seconds=600)

    def send(_: int) -> tuple[int, str]:
        connection = HTTPConnection(client.base_url.host, client.base_url.port, timeout=600)
        with closing(connection):
            connection.request("POST", "/v1/assessments?heatmaps=none", film, {"Content-Type": "image/png"})
            response = connection.getresponse()
            body = json.loads(response.read())
            return response.status, body.get("code") or body["outcome"]

    with ThreadPoolExecutor(200) as clients:
        answers = list(clients.map(send, range(400)))

    read = {outcome for status, outcome in answers if status == 200}
    assert len(answers) == 400
    assert {status for status, _ in answers} <= {200, 503}
    assert {code for status, code in answers if status == 503} <= {"busy"}
    assert len(read) == 1  # the same film, the same answer, whoever asks
    assert sum(status == 200 for status, _ in answers) >= 100
