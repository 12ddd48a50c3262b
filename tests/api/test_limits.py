"""Bodies are bounded in bytes and in time, whether they announce their size or not."""

from __future__ import annotations

import gc
import json
import socket
import time
from collections.abc import Iterator
from functools import partial

import httpx
import psutil
import pytest

from tests.api.conftest import Serve

MIB = 1024 * 1024


def zeros(size: int) -> Iterator[bytes]:
    for _ in range(size // MIB):
        yield bytes(MIB)


def connect(client: httpx.Client) -> socket.socket:
    return socket.create_connection((client.base_url.host, client.base_url.port or 80), timeout=10)


def answer_of(connection: socket.socket) -> tuple[int, dict[str, str], bytes]:
    """Read one whole HTTP/1.1 answer with a Content-Length."""
    data = b""
    while b"\r\n\r\n" not in data:
        data += received(connection)
    head, _, body = data.partition(b"\r\n\r\n")
    status, *lines = head.decode().split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    while len(body) < int(headers["content-length"]):
        body += received(connection)
    return int(status.split()[1]), headers, body


def received(connection: socket.socket) -> bytes:
    data = connection.recv(65536)
    assert data, "the connection was cut before the answer was complete"
    return data


@pytest.mark.parametrize("path", ["/v1/assessments", "/v1/uploads", "/healthz", "/nothing"])
def test_an_announced_giant_is_refused_before_it_is_sent(client: httpx.Client, path: str) -> None:
    with connect(client) as connection:
        connection.sendall(
            b"POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/png\r\n"
            b"Content-Length: 209715200\r\nExpect: 100-continue\r\n\r\n" % path.encode()
        )
        status, headers, body = answer_of(connection)

    assert status == 413  # and no "100 Continue" came before it
    assert headers["content-type"] == "application/problem+json"
    assert json.loads(body)["code"] == "file_too_large"


@pytest.mark.parametrize("announced", [True, False])
def test_a_client_that_sends_200_mb_all_the_same_gets_to_see_the_answer(client: httpx.Client, announced: bool) -> None:
    headers = {"Content-Type": "image/png"} | ({"Content-Length": str(200 * MIB)} if announced else {})

    response = client.post("/v1/assessments", content=zeros(200 * MIB), headers=headers)

    assert (response.status_code, response.json()["code"]) == (413, "file_too_large")
    assert client.get("/healthz").status_code == 200


def test_a_giant_form_is_refused(client: httpx.Client) -> None:
    response = client.post("/v1/assessments", files={"file": bytes(40 * MIB)})

    assert (response.status_code, response.json()["code"]) == (413, "file_too_large")


def test_a_film_just_beyond_the_limit_is_refused_however_it_is_sent(serve: Serve) -> None:
    client = serve(max_file_mb=1)
    film = bytes(MIB + 1)

    raw = client.post("/v1/assessments", content=film, headers={"Content-Type": "image/png"})
    form = client.post("/v1/assessments", files={"file": film})

    for response in (raw, form):
        assert (response.status_code, response.json()["code"]) == (413, "file_too_large")
        assert "1,048,576" in response.json()["detail"]


def test_a_film_at_the_limit_is_looked_at(serve: Serve) -> None:
    response = serve(max_file_mb=1).post("/v1/assessments", files={"file": bytes(MIB)})

    assert response.json()["code"] == "unsupported_format"


@pytest.mark.parametrize("announced", [True, False])
def test_a_film_too_large_for_one_request_is_told_the_other_way(serve: Serve, film: bytes, announced: bool) -> None:
    client = serve(direct_max_mb=0.5)
    large = film + bytes(MIB)
    upload = client.post("/v1/uploads").json()
    client.put(upload["url"], content=large)

    direct = client.post(
        "/v1/assessments", content=large if announced else iter([large]), headers={"Content-Type": "image/png"}
    )
    form = client.post("/v1/assessments", files={"file": large})
    uploaded = client.post("/v1/assessments", json={"upload_id": upload["upload_id"]})

    for response in (direct, form):
        assert (response.status_code, response.json()["code"]) == (413, "file_too_large")
        assert "POST /v1/uploads" in response.json()["detail"]
        assert "524,288" in response.json()["detail"]
    assert uploaded.status_code == 200


def test_a_film_at_the_limit_of_one_request_is_read(serve: Serve, film: bytes) -> None:
    large = film + bytes(MIB // 2 - len(film))

    response = serve(direct_max_mb=0.5).post("/v1/assessments", files={"file": large})

    assert response.status_code == 200


def test_a_film_beyond_every_limit_is_not_sent_the_other_way(serve: Serve) -> None:
    response = serve(max_file_mb=1, direct_max_mb=0.5).post(
        "/v1/assessments", content=iter([bytes(MIB + 1)]), headers={"Content-Type": "image/png"}
    )

    assert (response.status_code, response.json()["code"]) == (413, "file_too_large")
    assert "uploads" not in response.json()["detail"]


def test_a_body_that_stops_arriving_is_refused_and_the_connection_closed(serve: Serve) -> None:
    client = serve(idle_seconds=0.3)
    started = time.monotonic()
    with connect(client) as connection:
        connection.sendall(
            b"POST /v1/assessments HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/png\r\n"
            b"Content-Length: 1000\r\n\r\nonly this"
        )
        status, headers, body = answer_of(connection)
        assert connection.recv(1) == b""

    assert (status, json.loads(body)["code"]) == (408, "request_timeout")
    assert headers["connection"] == "close"
    assert time.monotonic() - started < 5


def test_a_slow_body_that_keeps_arriving_is_read(serve: Serve, film: bytes) -> None:
    client = serve(idle_seconds=0.5)

    def slowly() -> Iterator[bytes]:
        for start in range(0, len(film), len(film) // 4):
            time.sleep(0.2)
            yield film[start : start + len(film) // 4]

    response = client.post("/v1/assessments", content=slowly(), headers={"Content-Type": "image/png"})

    assert response.status_code == 200


@pytest.mark.parametrize("readable", [True, False])
def test_no_film_stays_in_memory_once_it_is_answered(client: httpx.Client, film: bytes, readable: bool) -> None:
    # Given bodies of 24 MB (decoders do not mind what follows a picture) and no garbage collection to help,
    body = film + bytes(24 * MIB - len(film)) if readable else bytes(24 * MIB)
    send = partial(client.post, "/v1/assessments", content=body, headers={"Content-Type": "image/png"})
    send()
    gc.collect()
    before = psutil.Process().memory_info().rss
    gc.disable()
    try:
        # when ten are answered,
        statuses = {send().status_code for _ in range(10)}
        # then memory has not grown by even two of them.
        assert psutil.Process().memory_info().rss - before < 48 * MIB
    finally:
        gc.enable()
    assert statuses == ({200} if readable else {415})
