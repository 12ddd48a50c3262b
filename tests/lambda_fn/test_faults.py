"""What goes wrong around the function: a clean answer, a metric for the alarms, nothing lost that was acknowledged."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from fracturelens.bundle import default_bundle_path
from tests.lambda_fn import events
from tests.lambda_fn.conftest import Function, Start
from tests.lambda_fn.storage import KMS_DENIED, Refusal, Storage
from tests.lambda_fn.test_events import MALFORMED

pytestmark = pytest.mark.aws

TIMEOUT_S = 5
PATIENCE_S = 30
KMS = {
    "denied": Refusal(403, "AccessDenied", KMS_DENIED),
    "disabled": Refusal(
        400, "KMS.DisabledException", "arn:aws:kms:eu-central-1:123456789012:key/1234abcd is disabled."
    ),
}


@pytest.fixture(scope="module")
def fragile(start: Start, broken: Storage, film: bytes) -> Iterator[Function]:
    """Run the function, with little time, on an S3 that can be made to fail; it is warm already."""
    with start(endpoint=broken.endpoint, timeout=TIMEOUT_S) as running:
        # The emulator counts the first event's initialisation as its time, which Lambda does not.
        running(events.request("GET", "/healthz"))
        assert read_until_taken(running, events.film(film)).status == 200
        yield running


@pytest.fixture(autouse=True)
def _healed(broken: Storage) -> Iterator[None]:
    yield
    broken.heal()


def read_until_taken(function: Function, event: events.Event) -> events.Answer:
    """Send a film until it is not told to retry any more, as the page does."""
    deadline = time.monotonic() + PATIENCE_S
    while (answer := function(event)).code == "busy" and time.monotonic() < deadline:
        time.sleep(0.1)
    return answer


def uploaded(function: Function, film: bytes) -> str:
    """Send a film to S3 by a form, and return the upload's id."""
    upload = function(events.asking("/v1/uploads", {"size": len(film), "content_type": "image/png"})).json
    httpx.post(upload["url"], data=upload["fields"], files={"file": ("film", film, "image/png")}).raise_for_status()
    upload_id: str = upload["upload_id"]
    return upload_id


def kept(function: Function, entry_id: str) -> bool:
    return any(key.endswith(entry_id) for key in function.kept())


def test_s3_that_is_gone_is_a_problem_and_comes_back(fragile: Function, broken: Storage, film: bytes) -> None:
    broken.close()
    try:
        with fragile.writing() as written:
            refused = fragile(events.film(film))
    finally:
        broken.open()
    again = read_until_taken(fragile, events.film(film))

    assert (refused.status, refused.code) == (503, "store_unavailable")
    assert (written.metrics["StoreErrors"], written.metrics["ServerErrors"]) == ([1.0], [1.0])
    assert "Readings" not in written.metrics
    assert again.status == 200
    assert kept(fragile, again.json["id"])


@pytest.mark.parametrize("refusal", KMS.values(), ids=KMS)
def test_a_key_that_may_not_be_used_is_a_problem_that_names_nothing(
    fragile: Function, broken: Storage, film: bytes, refusal: Refusal
) -> None:
    broken.refusals["PUT"] = refusal
    with fragile.writing() as written:
        refused = fragile(events.film(film))

    assert (refused.status, refused.code) == (503, "store_unavailable")
    assert written.metrics["StoreErrors"] == [1.0]
    reasons = [line["reason"] for line in written.logs if line["message"] == "store failed"]
    assert reasons == [refusal.code], "the log says what AWS calls it"
    for secret in ("arn:aws", "123456789012", "1234abcd"):
        assert secret not in refused.content.decode() + "".join(written.lines)


def test_an_upload_outlives_a_reading_that_could_not_be_kept(fragile: Function, broken: Storage, film: bytes) -> None:
    upload_id = uploaded(fragile, film)
    reading = events.asking("/v1/assessments", {"upload_id": upload_id})

    broken.refusals["PUT"] = KMS["denied"]
    refused = fragile(reading)
    still_there = kept(fragile, upload_id)
    broken.heal()
    again = fragile(reading)

    assert (refused.code, still_there) == ("store_unavailable", True)
    assert (again.status, kept(fragile, again.json["id"]), kept(fragile, upload_id)) == (200, True, False)


def test_an_upload_that_cannot_be_deleted_costs_nobody_the_reading(
    fragile: Function, broken: Storage, film: bytes
) -> None:
    upload_id = uploaded(fragile, film)

    broken.refusals["DELETE"] = KMS["denied"]
    answer = fragile(events.asking("/v1/assessments", {"upload_id": upload_id}))

    assert (answer.status, kept(fragile, answer.json["id"])) == (200, True)


def test_s3_that_is_slow_ends_before_the_function_does(fragile: Function, broken: Storage, film: bytes) -> None:
    upload_id = uploaded(fragile, film)
    reading = events.asking("/v1/assessments", {"upload_id": upload_id})

    broken.hold("PUT")
    with fragile.writing() as written:
        given_up = fragile(reading)
    # The work given up still waits for S3, and holds the place of the only reader.
    waiting = fragile(events.film(film))
    broken.heal()
    other = read_until_taken(fragile, events.film(film))
    again = read_until_taken(fragile, reading)

    assert (given_up.status, given_up.code) == (504, "deadline_exceeded")
    assert (written.metrics["DeadlineExceeded"], written.metrics["ServerErrors"]) == ([1.0], [1.0])
    assert not [line for line in written.lines if "Task timed out" in line]
    assert (waiting.status, waiting.code, waiting.headers["retry-after"]) == (503, "busy", "2")
    assert other.status == 200
    assert (again.status, kept(fragile, again.json["id"])) == (200, True), "the upload was acknowledged: it is not lost"
    assert len(fragile.emulator.init_milliseconds) == 1, "the function was never ended"


def test_a_200_means_that_the_reading_is_in_the_bucket(function: Function, film: bytes) -> None:
    for answer in [function(events.film(film)) for _ in range(3)]:
        assert answer.status == 200
        assert kept(function, answer.json["id"])


@pytest.mark.parametrize("event", MALFORMED.values(), ids=MALFORMED)
def test_a_malformed_event_is_answered_counted_and_forgotten(function: Function, event: object) -> None:
    with function.writing() as written:
        answer = function(event)
    after = function(events.request("GET", "/healthz"))

    assert (answer.status, answer.code) == (400, "bad_request")
    assert written.metrics["MalformedEvents"] == [1.0]
    assert after.status == 200


class Bundle:
    """A place for a model bundle, at first empty."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def put(self) -> None:
        shutil.copytree(default_bundle_path(), self.folder, dirs_exist_ok=True)

    def damage(self) -> None:
        with (self.folder / "model.tflite").open("r+b") as graph:
            graph.seek(1000)
            graph.write(b"\xff" * 1000)


def test_a_bundle_that_is_missing_or_damaged_is_a_problem_until_it_is_there(
    start: Start, tmp_path: Path, film: bytes
) -> None:
    bundle = Bundle(tmp_path / "bundle")

    def ask(function: Function) -> tuple[events.Answer, dict[str, Any]]:
        with function.writing() as written:
            answer = function(events.film(film))
        return answer, written.metrics

    with start(FRACTURELENS_MODEL=str(bundle.folder)) as function:
        missing, missed = ask(function)
        health = function(events.request("GET", "/healthz", caller=None))
        bundle.put()
        bundle.damage()
        damaged, hurt = ask(function)
        bundle.put()
        there, read = ask(function)

    assert (missing.status, missing.code) == (500, "bundle_not_found")
    assert health.code == "bundle_not_found", "a function that cannot read is not healthy"
    assert (damaged.status, damaged.code) == (500, "bundle_damaged")
    assert missed["BundleErrors"] == hurt["BundleErrors"] == [1.0]
    assert missed["ServerErrors"] == [1.0]
    assert (there.status, read["Readings"]) == (200, [1.0])


def test_a_setting_out_of_range_is_a_problem_that_names_it(start: Start) -> None:
    with start(FRACTURELENS_RETENTION_HOURS="-1") as function, function.writing() as written:
        answer = function(events.request("GET", "/v1/model"))

    assert (answer.status, answer.code) == (500, "invalid_setting")
    assert "FRACTURELENS_RETENTION_HOURS" in answer.json["detail"]
    assert written.metrics["ServerErrors"] == [1.0]


def test_a_disk_without_room_is_never_missed(start: Start, film: bytes, large: bytes) -> None:
    # No file that the function opens may grow beyond nothing: what a full /tmp is to it, and a read-only one.
    no_room = ("/bin/sh", "-c", 'ulimit -f 0; exec "$@"', "sh")
    with start(wrapper=no_room) as function:
        answers = [function(event) for event in (events.film(film), events.form(film), events.film(large))]

    assert [answer.status for answer in answers] == [200] * 3
