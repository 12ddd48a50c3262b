"""Logs: one JSON line a request, and nothing in it that a film or a request brought along."""

from __future__ import annotations

import io
import json
import logging
import logging.config
import time
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import httpx
import pytest

from fracturelens.api.logs import JsonLines, log_config
from tests import films
from tests.api.conftest import LogLines, Serve

PATIENT = "Doe^Jane-1970"
FIELDS = {"event", "method", "route", "status", "ms", "request_id"}


def request_lines(lines: LogLines, count: int) -> list[dict[str, Any]]:
    deadline = time.monotonic() + 5
    while (
        len(found := [line for line in lines() if line["event"] == "request"]) < count and time.monotonic() < deadline
    ):
        time.sleep(0.01)  # the line follows the answer
    assert len(found) == count
    return found


@pytest.mark.parametrize(
    ("method", "path", "route", "status", "code"),
    [
        ("GET", "/healthz", "/healthz", 200, None),
        ("GET", f"/v1/assessments/{'0' * 32}?class=normal", "/v1/assessments/{assessment_id}", 404, "not_found"),
        ("GET", f"/v1/assessments/{PATIENT}/film.png", "/v1/assessments/{assessment_id}/film.png", 404, "not_found"),
        ("GET", f"/{PATIENT}.html", "/{page}", 404, "not_found"),
        ("PUT", f"/v1/uploads/{PATIENT}", "/v1/uploads/{upload_id}", 400, "empty_file"),
        ("DELETE", "/v1/model", "/v1/model", 405, "method_not_allowed"),
        (PATIENT.replace("^", ""), "/", "/{page}", 404, "not_found"),
    ],
)
def test_a_request_is_one_line_with_its_route_not_its_path(
    client: httpx.Client, log_lines: LogLines, method: str, path: str, route: str, status: int, code: str | None
) -> None:
    response = client.request(method, path)

    (line,) = request_lines(log_lines, 1)
    assert set(line) == FIELDS | ({"code"} if code else set())
    assert (line["route"], line["status"], line.get("code")) == (route, status, code)
    assert line["method"] in {"GET", "PUT", "DELETE", "other"}
    assert line["request_id"] == response.headers["x-request-id"] == str(UUID(line["request_id"]))
    assert 0 <= line["ms"] < 10_000
    assert "Doe" not in json.dumps(line)


def test_no_film_name_query_header_or_id_reaches_the_log(
    serve: Serve, log_lines: LogLines, caplog: pytest.LogCaptureFixture
) -> None:
    client = serve()
    dicom = films.dicom(films.bone())  # its PatientName is Synthetic^Film

    reading = client.post(
        "/v1/assessments",
        params={"patient": PATIENT},
        files={"file": (f"{PATIENT}.dcm", dicom)},
        headers={"X-Patient": PATIENT, "User-Agent": PATIENT, "X-Request-Id": PATIENT},
    ).json()
    client.get(f"/v1/assessments/{reading['id']}")

    request_lines(log_lines, 2)
    written = caplog.text + json.dumps(log_lines())
    for secret in (PATIENT, "Synthetic", "SYNTHETIC", reading["id"]):
        assert secret not in written


def test_a_request_refused_at_the_door_is_logged(client: httpx.Client, log_lines: LogLines) -> None:
    client.get(f"/{PATIENT}", headers={"Host": PATIENT})

    (line,) = request_lines(log_lines, 1)
    assert (line["route"], line["status"], line["code"]) == ("-", 421, "unknown_host")


@pytest.fixture
def stderr() -> Iterator[io.StringIO]:
    """Configure logging as a server does, writing to a buffer; undo it afterwards."""
    names = ["", "fracturelens", "uvicorn", "uvicorn.access", "asyncio"]
    before = {
        name: (logger := logging.getLogger(name), logger.handlers[:], logger.level, logger.propagate) for name in names
    }
    logging.config.dictConfig(log_config())
    # The handler's stream is exchanged, not sys.stderr: dictConfig closes the handlers there are, and absl's (loaded
    # with TensorFlow) closes its stream with it, pytest's own, unless that is sys.stderr.
    buffer = io.StringIO()
    for handler in logging.getLogger("fracturelens").handlers:
        assert isinstance(handler, logging.StreamHandler)
        handler.setStream(buffer)
    yield buffer
    for logger, handlers, level, propagate in before.values():
        logger.handlers, logger.propagate = handlers, propagate
        logger.setLevel(level)


def test_lines_are_json_and_other_libraries_are_silent(stderr: io.StringIO) -> None:
    logging.getLogger("fracturelens.api").info("request", extra={"fields": {"status": 200}})
    logging.getLogger("pydicom").warning("PatientName is %s", PATIENT)
    logging.getLogger("python_multipart.multipart").error("got %r", PATIENT)
    logging.getLogger("uvicorn.access").info("GET /%s", PATIENT)
    logging.getLogger("uvicorn.error").warning("Invalid HTTP request received.")

    lines = [json.loads(line) for line in stderr.getvalue().splitlines()]
    assert [line["event"] for line in lines] == ["request", "Invalid HTTP request received."]
    assert (lines[0]["status"], lines[0]["level"]) == (200, "info")
    assert lines[0]["time"].endswith("+00:00")


def test_an_exception_is_written_without_its_message() -> None:
    try:
        raise ValueError(f"PatientName is {PATIENT}")
    except ValueError as error:
        caught = error
    record = logging.LogRecord("uvicorn.error", logging.ERROR, __file__, 1, f"Exception\n{PATIENT}", (), None)
    record.exc_info = (type(caught), caught, caught.__traceback__)

    line = json.loads(JsonLines().format(record))

    assert (line["event"], line["error"]) == ("Exception", "ValueError")
    assert line["where"][-1].startswith("test_journal.py:")
    assert "Doe" not in json.dumps(line)
