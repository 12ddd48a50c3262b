"""What the function writes: lines that can be joined with AWS's own, metrics, and nothing of a film or a caller."""

from __future__ import annotations

import json
import logging
import re

import pytest

from lambda_fn.logs import SafeLines
from tests import films
from tests.lambda_fn import events
from tests.lambda_fn.conftest import SERVICE, Function, Start

pytestmark = pytest.mark.aws

PATIENT = "Doe^Jane-1970"
BEARER = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhIn0.c2ln"
KEYS = {
    *("level", "message", "timestamp", "service", "function_request_id", "gateway_request_id"),
    *("method", "route", "status", "ms", "request_id"),
}


def test_a_request_is_one_line_that_every_id_finds(function: Function) -> None:
    event = events.request("GET", f"/v1/assessments/{'0' * 32}", query="a=b")
    with function.writing() as written:
        answer = function(event)

    (line,) = written.logs
    assert set(line) == KEYS | {"code"}
    assert line["request_id"] == answer.headers["x-request-id"]
    assert line["gateway_request_id"] == event["requestContext"]["requestId"]
    assert f"START RequestId: {line['function_request_id']} Version: $LATEST" in written.lines
    assert (line["route"], line["status"], line["code"]) == ("/v1/assessments/{assessment_id}", 404, "not_found")
    assert (line["level"], line["service"]) == ("INFO", SERVICE)


def test_nothing_of_a_film_its_name_or_its_caller_is_written(function: Function) -> None:
    caller = events.claims("0d6b9f0e-secret-subject")
    headers = {"authorization": f"Bearer {BEARER}", "x-patient": PATIENT, "user-agent": PATIENT, "cookie": BEARER}
    dicom = films.dicom(films.bone())  # its PatientName is Synthetic^Film
    with function.writing() as written:
        form = events.form(dicom, name=f"{PATIENT}.dcm", caller=caller)
        form["headers"] |= headers
        reading = function(form).json
        upload = function(events.asking("/v1/uploads", {}, caller=caller)).json
        for event in (
            events.request(
                "GET", f"/v1/assessments/{reading['id']}", query=f"q={PATIENT}", headers=headers, caller=caller
            ),
            events.request("GET", f"/v1/assessments/{PATIENT}/film.png", caller=caller),
            events.asking("/v1/assessments", {"upload_id": upload["upload_id"]}, caller=caller),
            events.film(dicom[:2000], content_type="application/dicom", caller=caller),
            events.request("GET", f"/{PATIENT}", headers=headers, caller=caller),
            {**events.request("GET", "/"), "requestContext": {"requestId": PATIENT, "http": PATIENT}},
        ):
            function(event)

    everything = "\n".join(written.lines)
    assert everything.count('"message":"request"') == 8
    for secret in (
        *("Doe", "Synthetic", "SYNTHETIC", "secret-subject", BEARER, "192.0.2.17", events.HOST),
        *(reading["id"], upload["upload_id"], "uploads/", "readings/"),
    ):
        assert secret not in everything


def test_other_libraries_say_nothing_even_where_lambda_is_set_to_log_everything(start: Start, film: bytes) -> None:
    with start(AWS_LAMBDA_LOG_LEVEL="DEBUG", AWS_LAMBDA_LOG_FORMAT="JSON") as function, function.writing() as written:
        reading = function(events.film(film)).json
        function(events.request("GET", f"/v1/assessments/{reading['id']}"))

    assert reading["id"] not in "\n".join(written.lines)
    assert [line["message"] for line in written.logs] == ["request", "request"]


def test_an_exception_is_written_without_its_message() -> None:
    try:
        raise ValueError(f"PatientName is {PATIENT}")
    except ValueError as error:
        caught = error
    record = logging.LogRecord("fracturelens.api", logging.ERROR, __file__, 1, "%s\n%s", ("crash", PATIENT), None)
    record.exc_info = (type(caught), caught, caught.__traceback__)

    line = json.loads(SafeLines(location=None).format(record))

    assert (line["message"], line["level"], line["error"]) == ("crash", "ERROR", "ValueError")
    assert line["where"][-1].startswith("test_logs.py:")
    assert "Doe" not in json.dumps(line)


def test_a_reading_is_counted_and_measured(start: Start, film: bytes) -> None:
    clouds = films.encoded(films.clouds())
    sample = (films.SAMPLES / "displaced-elbow.jpg").read_bytes()
    with start() as function:
        with function.writing() as first:
            refused = function(events.film(clouds)).json
        with function.writing() as second:
            read = function(events.film(sample, content_type="image/jpeg")).json

    assert first.metrics == {
        "ColdStart": [1.0],
        "Readings": [1.0],
        "CannotAssess": [1.0],
        "ReadingTime": [refused["timings_ms"]["total"]],
    }
    assert second.metrics == {
        "Readings": [1.0],
        "CannotAssess": [0.0],
        "FractureProbability": [read["fracture_probability"]],
        "ReadingTime": [read["timings_ms"]["total"]],
    }
    assert second.units == {
        "Readings": "Count",
        "CannotAssess": "Count",
        "FractureProbability": "None",
        "ReadingTime": "Milliseconds",
    }


def test_a_request_that_nobody_needs_to_watch_is_no_metric(function: Function) -> None:
    function(events.request("GET", "/healthz"))
    with function.writing() as written:
        for event in (events.request("GET", "/healthz"), events.request("GET", "/v1/model", caller=None)):
            function(event)

    assert not written.metrics
    assert [line["status"] for line in written.logs] == [200, 401]


def test_each_line_of_the_function_is_json(function: Function, film: bytes) -> None:
    function(events.film(film))  # the runtime of the network says once that it is there
    with function.writing() as written:
        function(events.film(film))

    own = [line for line in written.lines if not re.match(r"(START|END|REPORT) RequestId: ", line)]
    assert len(own) == 2
    assert all(json.loads(line) for line in own)
