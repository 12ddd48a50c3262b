"""Films that are sent first and read later."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from tests.api.conftest import Serve


def test_an_upload_says_where_and_until_when(client: httpx.Client) -> None:
    response = client.post("/v1/uploads")

    upload = response.json()
    assert response.status_code == 201
    assert set(upload) == {"upload_id", "method", "url", "headers", "fields", "expires_at", "max_bytes"}
    assert upload["headers"] == {"Content-Type": "application/octet-stream"}
    assert upload["max_bytes"] == 32 * 1024 * 1024
    left = datetime.fromisoformat(upload["expires_at"]) - datetime.now(UTC)
    assert timedelta(minutes=59) < left <= timedelta(hours=1)


@pytest.mark.parametrize(
    "body",
    [
        {"size": 1, "content_type": "application/dicom"},
        {"size": 32 * 1024 * 1024},
        {"content_type": "image/webp"},
        {"size": None},
        {},
    ],
)
def test_what_is_known_of_a_film_may_be_said_beforehand(client: httpx.Client, body: dict[str, object]) -> None:
    response = client.post("/v1/uploads", json=body)

    assert response.status_code == 201
    assert response.json()["headers"]["Content-Type"] == body.get("content_type", "application/octet-stream")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b'{"size": 0}', 422, "invalid_parameter"),
        (b'{"size": -1}', 422, "invalid_parameter"),
        (b'{"size": 1.5}', 422, "invalid_parameter"),
        (b'{"size": "10"}', 422, "invalid_parameter"),
        (b'{"size": true}', 422, "invalid_parameter"),
        (b'{"size": 33554433}', 413, "file_too_large"),
        (b'{"content_type": "text/html"}', 422, "invalid_parameter"),
        (b'{"content_type": "image/svg+xml"}', 422, "invalid_parameter"),
        (b'{"content_type": "image/png\\r\\nX: y"}', 422, "invalid_parameter"),
        (b'{"key": "uploads/x"}', 422, "invalid_parameter"),
        (b"[]", 422, "invalid_parameter"),
        (b"{", 400, "bad_request"),
        (b'{"size": 1' + b" " * 5000 + b"}", 400, "bad_request"),
    ],
)
def test_an_upload_takes_nothing_else(client: httpx.Client, body: bytes, status: int, code: str) -> None:
    response = client.post("/v1/uploads", content=body, headers={"Content-Type": "application/json"})

    assert (response.status_code, response.json()["code"]) == (status, code)


def test_a_film_sent_to_where_uploads_are_opened_is_refused(client: httpx.Client, film: bytes) -> None:
    response = client.post("/v1/uploads", content=film, headers={"Content-Type": "image/png"})

    assert (response.status_code, response.json()["code"]) == (415, "unsupported_media_type")


def test_an_upload_is_deleted_once_it_is_read(serve: Serve, film: bytes, tmp_path: Path) -> None:
    client = serve()
    upload = client.post("/v1/uploads").json()
    client.put(upload["url"], content=film)

    first = client.post("/v1/assessments", json={"upload_id": upload["upload_id"]})
    second = client.post("/v1/assessments", json={"upload_id": upload["upload_id"]})

    assert first.status_code == 200
    assert (second.status_code, second.json()["code"]) == (404, "not_found")
    assert list((tmp_path / "data" / "uploads").iterdir()) == []


def test_an_upload_without_a_film_is_told_to_send_one(client: httpx.Client) -> None:
    upload = client.post("/v1/uploads").json()

    response = client.post("/v1/assessments", json={"upload_id": upload["upload_id"]})

    assert (response.status_code, response.json()["code"]) == (400, "empty_file")
    assert "url" in response.json()["detail"]


@pytest.mark.parametrize("upload_id", ["0" * 32, "..%2F..%2Fetc%2Fpasswd", "x"])
def test_an_unknown_upload_takes_no_film(client: httpx.Client, film: bytes, upload_id: str) -> None:
    response = client.put(f"/v1/uploads/{upload_id}", content=film)

    assert (response.status_code, response.json()["code"]) == (404, "not_found")


def test_an_expired_upload_is_unknown(serve: Serve, film: bytes, tmp_path: Path) -> None:
    client = serve()
    upload = client.post("/v1/uploads").json()
    client.put(upload["url"], content=film)
    then = time.time() - 3601
    os.utime(tmp_path / "data" / "uploads" / upload["upload_id"], (then, then))

    response = client.post("/v1/assessments", json={"upload_id": upload["upload_id"]})

    assert (response.status_code, response.json()["code"]) == (404, "not_found")


def test_an_upload_has_the_same_limit_as_a_film(serve: Serve) -> None:
    client = serve(max_file_mb=1)
    upload = client.post("/v1/uploads").json()

    response = client.put(upload["url"], content=bytes(1024 * 1024 + 1))

    assert (response.status_code, response.json()["code"]) == (413, "file_too_large")


def test_an_empty_upload_is_refused(client: httpx.Client) -> None:
    upload = client.post("/v1/uploads").json()

    response = client.put(upload["url"], content=b"")

    assert (response.status_code, response.json()["code"]) == (400, "empty_file")
