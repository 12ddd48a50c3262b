"""Films are read in the deployed shape: sent with the request, or by storage; each caller sees their own only."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any, Final

import httpx
import numpy as np
import pytest

from fracturelens import DISCLAIMER
from fracturelens.assess import Assessor, open_assessor
from tests import films
from tests.local.conftest import PATIENCE_S, Local

pytestmark = pytest.mark.aws

PNG: Final = {"Content-Type": "image/png"}
CALLERS: Final = 6
HEIGHT: Final = 3200
WIDTH: Final = 2400


@pytest.fixture(scope="module")
def assessor() -> Assessor:
    """Return the reader that the function should agree with."""
    return open_assessor()


@cache
def large_film() -> bytes:
    """Return a film of more than 6 MB: grain does not compress."""
    grain = np.random.default_rng(0).random((HEIGHT, WIDTH), np.float32)
    film = films.encoded(((films.bone(HEIGHT, WIDTH) + grain) / 2).astype(np.float32))
    assert len(film) > 6 * 1024 * 1024
    return film


def send_large(local: Local, film: bytes, *, user: str = "clinician") -> str:
    """Send a film to storage as the page does, and return the upload's id."""
    place = local.ask("POST", "/v1/uploads", user=user, json={"size": len(film), "content_type": "image/png"})
    assert place.status_code == 201, place.text
    upload = place.json()
    sent = httpx.post(
        upload["url"], data=upload["fields"], files={"file": ("film", film, "image/png")}, headers={"Origin": local.url}
    )
    assert sent.is_success, sent.text
    return str(upload["upload_id"])


def read(local: Local, film: bytes, *, user: str = "clinician") -> dict[str, Any]:
    answer = local.ask("POST", "/v1/assessments", user=user, content=film, headers=PNG)
    assert answer.status_code == 200, answer.text
    reading: dict[str, Any] = answer.json()
    return reading


def test_a_film_in_a_request_is_read(local: Local, assessor: Assessor, film: bytes) -> None:
    reading = read(local, film)

    expected = assessor.assess(film)
    assert reading["disclaimer"] == DISCLAIMER
    assert reading["outcome"] == expected.outcome
    assert reading["fracture_probability"] == pytest.approx(expected.fracture_probability, abs=1e-6)


def test_a_form_as_the_page_sends_it_is_read(local: Local, film: bytes) -> None:
    answer = local.ask(
        "POST", "/v1/assessments?heatmaps=all", files={"file": ("film", film)}, headers={"Origin": local.url}
    )

    assert answer.status_code == 200, answer.text
    assert answer.json()["heatmaps"].keys() == {"normal", "hairline", "displaced"}


def test_a_large_film_goes_by_storage(local: Local, assessor: Assessor) -> None:
    film = large_film()

    upload = send_large(local, film)
    answer = local.ask("POST", "/v1/assessments", json={"upload_id": upload})

    assert answer.status_code == 200, answer.text
    reading, expected = answer.json(), assessor.assess(film)
    assert (reading["image"]["width"], reading["image"]["height"]) == (WIDTH, HEIGHT)
    assert reading["fracture_probability"] == pytest.approx(expected.fracture_probability, abs=1e-6)


def test_the_page_may_see_that_storage_took_its_film_and_no_other_page_may(local: Local) -> None:
    upload = local.ask("POST", "/v1/uploads", json={"size": 3, "content_type": "image/png"}).json()
    preflight = {"Access-Control-Request-Method": "POST"}

    own = httpx.options(upload["url"], headers={"Origin": local.url, **preflight})
    other = httpx.options(upload["url"], headers={"Origin": "https://evil.example", **preflight})
    sent = {
        origin: httpx.post(upload["url"], data=upload["fields"], files={"file": b"png"}, headers={"Origin": origin})
        for origin in (local.url, "https://evil.example")
    }

    assert own.headers["access-control-allow-origin"] == local.url
    assert other.status_code == 403
    assert "access-control-allow-origin" not in other.headers
    assert sent[local.url].headers["access-control-allow-origin"] == local.url
    assert sent["https://evil.example"].status_code == 403


def test_another_callers_upload_does_not_exist(local: Local, film: bytes) -> None:
    upload = send_large(local, film, user="clinician")

    stolen = local.ask("POST", "/v1/assessments", user="admin", json={"upload_id": upload})
    unknown = local.ask("POST", "/v1/assessments", user="admin", json={"upload_id": "0" * 32})
    own = local.ask("POST", "/v1/assessments", user="clinician", json={"upload_id": upload})

    assert stolen.status_code == unknown.status_code == 404
    assert stolen.json()["code"] == unknown.json()["code"] == "not_found"
    assert stolen.json()["detail"] == unknown.json()["detail"], "nobody can tell which ids are others'"
    assert own.status_code == 200


def test_another_callers_reading_does_not_exist(local: Local, film: bytes) -> None:
    path = f"/v1/assessments/{read(local, film)['id']}"

    for part in (path, f"{path}/film.png", f"{path}/overlay.png"):
        other, own = local.ask("GET", part, user="admin"), local.ask("GET", part)
        assert (other.status_code, other.json()["code"]) == (404, "not_found"), part
        assert own.status_code == 200, part


def test_concurrent_callers_are_served_one_after_another_each_with_their_own_reading(
    local: Local, assessor: Assessor
) -> None:
    sent = {height: films.encoded(films.bone(height, 192, seed=height)) for height in range(200, 200 + CALLERS)}
    begun = len(local.lines)

    with ThreadPoolExecutor(CALLERS) as callers:
        readings = dict(zip(sent, callers.map(lambda film: read(local, film), sent.values()), strict=True))

    for height, reading in readings.items():
        assert reading["image"]["height"] == height
        expected = assessor.assess(sent[height]).fracture_probability
        assert reading["fracture_probability"] == pytest.approx(expected, abs=1e-6)
    events = [line.partition(" ")[0] for line in local.lines[begun:] if line.startswith(("START ", "END "))]
    assert events[: 2 * CALLERS] == ["START", "END"] * CALLERS


def test_a_film_too_large_for_a_request_is_told_the_way_by_the_function(local: Local) -> None:
    answer = local.ask("POST", "/v1/assessments", content=bytes(4_600_000), headers=PNG)

    assert answer.status_code == 413
    assert answer.json()["code"] == "file_too_large"
    assert "/v1/uploads" in answer.json()["detail"]


@pytest.mark.parametrize("size", [5_000_000, 11_000_000], ids=["too large for an event", "too large for the API"])
def test_what_is_too_large_for_aws_never_reaches_the_function(local: Local, size: int) -> None:
    answer = local.ask("POST", "/v1/assessments", content=bytes(size), headers=PNG, timeout=PATIENCE_S)

    assert answer.status_code == 413
    assert answer.json() == {"message": "Request Entity Too Large"}
