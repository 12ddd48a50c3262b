"""Requests that are wrong in themselves: every answer is a problem (RFC 9457) that helps and quotes nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from fastapi import HTTPException
from starlette.datastructures import Headers
from starlette.responses import StreamingResponse

from fracturelens import errors
from fracturelens.api.limits import announced_bytes
from fracturelens.api.problems import Problem
from tests.api.conftest import LogLines, MakeApp, Serve

PATIENT = "Doe^Jane-1970"


def problem_of(response: httpx.Response, status: int, code: str) -> Problem:
    assert response.headers["content-type"] == "application/problem+json"
    problem = Problem.model_validate_json(response.content)
    assert (response.status_code, problem.status, problem.code) == (status, status, code)
    assert problem.type == f"urn:fracturelens:error:{code}"
    assert problem.title
    assert problem.detail
    assert problem.instance == f"urn:uuid:{response.headers['x-request-id']}"
    assert PATIENT not in response.text
    return problem


@pytest.mark.parametrize(
    "path", ["/nothing", "/v1", "/v1/nothing", "/v1/assessments/x/y", f"/v1/{PATIENT}", "/healthz/"]
)
@pytest.mark.parametrize("method", ["GET", "POST", "PATCH"])
def test_an_unknown_route_is_a_problem(client: httpx.Client, method: str, path: str) -> None:
    problem_of(client.request(method, path), 404, "not_found")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "/v1/assessments", "POST"),
        ("DELETE", "/v1/model", "GET"),
        ("POST", "/healthz", "GET"),
        ("GET", f"/v1/uploads/{'0' * 32}", "PUT"),
    ],
)
def test_a_method_that_a_route_lacks_is_a_problem_naming_those_it_has(
    client: httpx.Client, method: str, path: str, allowed: str
) -> None:
    response = client.request(method, path)

    assert allowed in problem_of(response, 405, "method_not_allowed").detail
    assert response.headers["allow"] == allowed


@pytest.mark.parametrize("reading_id", ["0" * 32, "1", PATIENT, "..%2f..%2fetc", "%00", "%F0%9F%A6%B4"])
@pytest.mark.parametrize("what", ["", "/overlay.png", "/film.png"])
def test_an_unknown_id_is_a_problem(client: httpx.Client, reading_id: str, what: str) -> None:
    problem_of(client.get(f"/v1/assessments/{reading_id}{what}"), 404, "not_found")


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("class=PATIENT", "class"),
        ("opacity=PATIENT", "opacity"),
        ("opacity=1.5", "opacity"),
        ("opacity=nan", "opacity"),
        ("longest_side=63", "longest_side"),
        ("longest_side=8193", "longest_side"),
        ("longest_side=PATIENT", "longest_side"),
    ],
)
def test_a_parameter_outside_its_range_is_named_not_quoted(client: httpx.Client, query: str, named: str) -> None:
    response = client.get(f"/v1/assessments/{'0' * 32}/overlay.png?{query.replace('PATIENT', PATIENT)}")

    assert named in problem_of(response, 422, "invalid_parameter").detail


def test_a_wrong_choice_of_heatmaps_lists_the_right_ones(client: httpx.Client, film: bytes) -> None:
    response = client.post("/v1/assessments", params={"heatmaps": PATIENT}, files={"file": film})

    detail = problem_of(response, 422, "invalid_parameter").detail
    assert all(choice in detail for choice in ("none", "predicted", "all"))


@pytest.mark.parametrize(
    "content_type",
    ["", "text/plain", "application/x-www-form-urlencoded", "video/mp4", "application/xml", f"text/{PATIENT}", ";;;"],
)
def test_a_wrong_content_type_is_told_the_right_ones(client: httpx.Client, film: bytes, content_type: str) -> None:
    response = client.post("/v1/assessments", content=film, headers={"Content-Type": content_type})

    assert "application/dicom" in problem_of(response, 415, "unsupported_media_type").detail


def test_a_missing_content_type_is_told_the_right_ones(client: httpx.Client, film: bytes) -> None:
    problem_of(client.post("/v1/assessments", content=film), 415, "unsupported_media_type")


@pytest.mark.parametrize("path", ["/v1/assessments", "/v1/uploads/{}"])
def test_a_compressed_body_is_refused(client: httpx.Client, film: bytes, path: str) -> None:
    upload_id = client.post("/v1/uploads").json()["upload_id"]

    response = client.request(
        "PUT" if "uploads" in path else "POST",
        path.format(upload_id),
        content=film,
        headers={"Content-Type": "image/png", "Content-Encoding": "gzip"},
    )

    problem_of(response, 415, "unsupported_media_type")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 400, "bad_request"),
        (b"{", 400, "bad_request"),
        (b"\xff\xfe", 400, "bad_request"),
        (b"[" * 4000, 400, "bad_request"),
        (b"{}", 422, "invalid_parameter"),
        (b"null", 422, "invalid_parameter"),
        (b'{"upload_id": 5}', 422, "invalid_parameter"),
        (b'{"upload_id": "../../etc/passwd"}', 422, "invalid_parameter"),
        (b'{"upload_id": "%s"}' % PATIENT.encode(), 422, "invalid_parameter"),
        (b'{"upload_id": "%s", "%s": 1}' % (b"0" * 32, PATIENT.encode()), 422, "invalid_parameter"),
        (b'{"upload_id": "%s"}' % (b"0" * 32), 404, "not_found"),
        (b'{"upload_id": "%s"}' % (b"0" * 100_000), 400, "bad_request"),
    ],
)
def test_malformed_json_is_a_problem(client: httpx.Client, body: bytes, status: int, code: str) -> None:
    response = client.post("/v1/assessments", content=body, headers={"Content-Type": "application/json"})

    problem_of(response, status, code)


def test_an_error_of_the_framework_itself_is_a_problem_without_its_words(make_app: MakeApp, serve: Serve) -> None:
    app = make_app()

    @app.get("/status/{status}")
    def fail(status: int) -> None:
        raise HTTPException(status, PATIENT)

    client = serve(app)

    problem_of(client.get("/status/500"), 500, "internal_error")
    problem_of(client.get("/status/418"), 400, "bad_request")
    problem_of(client.get("/status/413"), 413, "file_too_large")


def test_a_crash_in_the_middle_of_an_answer_cuts_it_off(make_app: MakeApp, serve: Serve, log_lines: LogLines) -> None:
    app = make_app()

    def half() -> Iterator[bytes]:
        yield b"half an answer"
        raise ValueError(PATIENT)

    @app.get("/half")
    def answer() -> StreamingResponse:
        return StreamingResponse(half())

    with pytest.raises(httpx.RemoteProtocolError):
        serve(app).get("/half")

    assert [line["error"] for line in log_lines() if line["event"] == "crash"] == ["ValueError"]


@pytest.mark.parametrize("length", ["-1", "1e6", "", "²", "9" * 5000, "0x10", "1 2"])
def test_a_content_length_that_is_no_number_is_refused(length: str) -> None:
    with pytest.raises(errors.RequestError, match="Content-Length"):
        announced_bytes(Headers({"content-length": length}))


def test_a_crash_is_a_problem_without_its_cause(make_app: MakeApp, serve: Serve, log_lines: LogLines) -> None:
    app = make_app()

    @app.get("/crash")
    def crash() -> None:
        raise ValueError(f"the tag PatientName holds {PATIENT}")

    response = serve(app).get("/crash")

    problem = problem_of(response, 500, "internal_error")
    assert re.fullmatch(r"urn:uuid:[0-9a-f-]{36}", problem.instance)
    crashes = [line for line in log_lines() if line["event"] == "crash"]
    assert len(crashes) == 1
    assert crashes[0]["error"] == "ValueError"
    assert crashes[0]["where"][-1].startswith(Path(__file__).name)
    assert PATIENT not in str(log_lines())
