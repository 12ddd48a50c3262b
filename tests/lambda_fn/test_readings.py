"""Films come in by every way that the API has, and are read as they are anywhere else."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from fracturelens import DISCLAIMER
from tests import films
from tests.lambda_fn import events
from tests.lambda_fn.conftest import Function, noise

pytestmark = pytest.mark.aws

SAMPLES = sorted(films.SAMPLES.glob("*.jpg"))
DIRECT_MAX = int(4.25 * 1024 * 1024)
Send = Callable[[Function, bytes], Any]


def send_raw(function: Function, film: bytes) -> Any:
    answer = function(events.film(film, content_type="image/jpeg"))
    assert answer.status == 200, answer.content
    return answer.json


def send_form(function: Function, film: bytes) -> Any:
    answer = function(events.form(film))
    assert answer.status == 200, answer.content
    return answer.json


def send_upload(function: Function, film: bytes) -> Any:
    """Ask for a form, post the film to S3 by it, and have it read."""
    opened = function(events.asking("/v1/uploads", {"size": len(film), "content_type": "image/jpeg"}))
    assert opened.status == 201, opened.content
    upload = opened.json
    assert upload["method"] == "POST"
    sent = httpx.post(upload["url"], data=upload["fields"], files={"file": ("film", film, "image/jpeg")})
    assert sent.is_success, sent.text
    answer = function(events.asking("/v1/assessments", {"upload_id": upload["upload_id"]}))
    assert answer.status == 200, answer.content
    assert not any(upload["upload_id"] in key for key in function.kept()), "it is deleted once it is read"
    return answer.json


@pytest.fixture(scope="module")
def by_command() -> dict[str, Any]:
    """Return what ``fracturelens assess --json`` says of each sample."""
    command = [sys.executable, "-m", "fracturelens", "assess", "--json", *map(str, SAMPLES)]
    done = subprocess.run(command, capture_output=True, check=True, timeout=120)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    return {Path(line["file"]).name: line for line in lines}


@pytest.mark.parametrize("send", [send_raw, send_form, send_upload])
@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.stem)
def test_a_reading_is_that_of_the_command_line(
    function: Function, by_command: dict[str, Any], send: Send, sample: Path
) -> None:
    reading = send(function, sample.read_bytes())

    expected = by_command[sample.name]
    assert reading["probabilities"] == pytest.approx(expected["probabilities"], abs=1e-6)
    assert reading["fracture_probability"] == pytest.approx(expected["fracture_probability"], abs=1e-6)
    for part in ("outcome", "severity", "reasons", "image", "model", "operating_points"):
        assert reading[part] == expected[part]
    assert reading["disclaimer"] == DISCLAIMER


def test_a_reading_is_kept_for_its_caller_and_drawn_again(function: Function, film: bytes) -> None:
    reading = function(events.film(film)).json

    where = f"/v1/assessments/{reading['id']}"
    again = function(events.request("GET", where))
    drawn = function(events.request("GET", f"{where}/overlay.png", query="class=hairline&opacity=0.25"))
    shown = function(events.request("GET", f"{where}/film.png"))

    assert again.json == reading
    for picture in (drawn, shown):
        assert (picture.status, picture.headers["content-type"]) == (200, "image/png")
        assert picture.content.startswith(b"\x89PNG\r\n\x1a\n")
        assert int(picture.headers["content-length"]) == len(picture.content)
    assert drawn.content != shown.content


def test_the_query_reaches_the_api(function: Function, film: bytes) -> None:
    assert not function(events.film(film, query="heatmaps=none")).json["heatmaps"]
    assert len(function(events.film(film, query="heatmaps=all")).json["heatmaps"]) == 3
    assert function(events.film(film, query="heatmaps=some")).code == "invalid_parameter"


@pytest.mark.parametrize("as_event", [events.film, events.form])
def test_a_film_of_4_4_megabytes_fits_into_an_event(
    function: Function, large: bytes, as_event: Callable[[bytes], events.Event]
) -> None:
    assert 4_400_000 <= len(large) <= DIRECT_MAX

    answer = function(as_event(large))

    assert (answer.status, answer.json["image"]["width"]) == (200, 2098)


@pytest.mark.data
def test_a_real_film_of_the_largest_that_fit_is_read(function: Function, fracatlas: Path) -> None:
    fitting = [path for path in fracatlas.rglob("*.jpg") if path.stat().st_size <= DIRECT_MAX]
    largest = max(fitting, key=lambda path: path.stat().st_size)

    answer = function(events.film(largest.read_bytes(), content_type="image/jpeg"))

    assert (answer.status, answer.json["image"]["kind"]) == (200, "jpeg")


@pytest.mark.parametrize("as_event", [events.film, events.form])
def test_a_film_that_is_too_large_for_an_event_is_sent_elsewhere(
    function: Function, as_event: Callable[[bytes], events.Event]
) -> None:
    answer = function(as_event(b"\x89PNG" + bytes(DIRECT_MAX)))

    assert (answer.status, answer.code) == (413, "file_too_large")
    assert "POST /v1/uploads" in answer.json["detail"]


def test_the_largest_picture_gets_through(function: Function) -> None:
    reading = send_raw(function, noise(1023))  # films are drawn as they are read, at most so large

    for drawn in ("film.png", "overlay.png"):
        answer = function(events.request("GET", f"/v1/assessments/{reading['id']}/{drawn}", query="longest_side=8192"))
        assert (answer.status, answer.headers["content-type"]) == (200, "image/png")
        assert len(answer.content) > 1_000_000


@pytest.mark.parametrize(
    ("event", "status", "code"),
    [
        (events.film(b"no film at all"), 415, "unsupported_format"),
        (events.film(b""), 400, "empty_file"),
        (events.form(b"no film at all"), 415, "unsupported_format"),
        (events.film(b"film", content_type="text/html"), 415, "unsupported_media_type"),
        (events.film(films.truncated(films.encoded(films.bone()))), 422, "damaged_image"),
        (events.film(b"--", content_type="multipart/form-data; boundary=x"), 400, "missing_file"),
        (events.unfinished_form(b"\x89PNG"), 400, "bad_request"),
        (events.asking("/v1/assessments", {"upload_id": "0" * 32}), 404, "not_found"),
        (events.asking("/v1/assessments", {"upload_id": "../1"}), 422, "invalid_parameter"),
        (events.request("PUT", "/v1/assessments"), 405, "method_not_allowed"),
        (events.request("HEAD", "/v1/model"), 405, "method_not_allowed"),
        (events.request("DELETE", f"/v1/assessments/{'0' * 32}"), 405, "method_not_allowed"),
        (events.request("GET", "/v1/nothing"), 404, "not_found"),
        (events.request("GET", f"/v1/assessments/{'0' * 32}"), 404, "not_found"),
        (events.request("GET", "/v1/assessments/%2e%2e%2fuploads"), 404, "not_found"),
        (events.request("POST", "/v1/uploads", headers={"origin": "https://elsewhere.example"}), 403, "cross_origin"),
    ],
)
def test_what_cannot_be_answered_is_a_problem_with_the_requests_id(
    function: Function, event: events.Event, status: int, code: str
) -> None:
    answer = function(event)

    assert (answer.status, answer.code) == (status, code)


def test_a_large_header_harms_nobody(function: Function) -> None:
    assert function(events.request("GET", "/v1/model", headers={"x-large": "a" * 500_000})).status == 200


def test_answers_carry_the_headers_that_keep_browsers_careful(function: Function) -> None:
    for answer in (function(events.request("GET", "/healthz")), function(None)):
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"
