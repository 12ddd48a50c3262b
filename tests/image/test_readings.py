"""The image reads films where Lambda would run it: read-only, without rights, with 512 MB, as nobody in particular."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image as Pixels

from fracturelens.assess import Assessor, open_assessor
from tests import films
from tests.image import containers
from tests.image.conftest import Lambda
from tests.image.events import event

pytestmark = [pytest.mark.aws, pytest.mark.containers, pytest.mark.slow]

BONE = films.bone()
KINDS = {
    "image/png": films.encoded(BONE),
    "image/jpeg": films.encoded(BONE, "JPEG"),
    "image/tiff": films.encoded(BONE, "TIFF", "I;16", compression="tiff_lzw"),
    "image/webp": films.encoded(BONE, "WEBP", "RGB"),
    "application/dicom": films.dicom(BONE),
}


@pytest.fixture(scope="module")
def here() -> Assessor:
    """Return what reads films on this machine, without an image."""
    return open_assessor()


def assert_same_reading(found: Mapping[str, Any], here: Assessor, film: bytes) -> None:
    expected = here.assess(film).model_dump(mode="json")
    assert found["outcome"] == expected["outcome"]
    assert found["probabilities"] == pytest.approx(expected["probabilities"], abs=1e-6)
    assert found["heatmaps"].keys() == expected["heatmaps"].keys()


@pytest.mark.parametrize("name", ["displaced-elbow", "hairline-wrist", "normal-elbow"])
def test_a_real_film_is_read_as_everywhere_else(function: Lambda, here: Assessor, root: Path, name: str) -> None:
    film = (root / "web" / "samples" / f"{name}.jpg").read_bytes()

    answer = function(event("POST", "/v1/assessments", body=film, content_type="image/jpeg"))

    assert answer.status_code == 200, answer.content
    assert_same_reading(answer.json(), here, film)


@pytest.mark.parametrize("kind", KINDS)
def test_a_film_of_every_kind_is_read(function: Lambda, here: Assessor, kind: str) -> None:
    answer = function(event("POST", "/v1/assessments", body=KINDS[kind], content_type=kind))

    assert answer.status_code == 200, answer.content
    assert_same_reading(answer.json(), here, KINDS[kind])


def test_an_upload_is_read_and_its_result_kept_in_s3(function: Lambda, here: Assessor) -> None:
    film = KINDS["image/png"]
    wish = json.dumps({"size": len(film), "content_type": "image/png"}).encode()

    upload = function(event("POST", "/v1/uploads", body=wish, content_type="application/json"))
    send(upload.json(), film)
    named = json.dumps({"upload_id": upload.json()["upload_id"]}).encode()
    reading = function(event("POST", "/v1/assessments", body=named, content_type="application/json"))
    drawn = function(event("GET", f"/v1/assessments/{reading.json()['id']}/overlay.png"))

    assert upload.status_code == 201, upload.content
    assert reading.status_code == 200, reading.content
    assert_same_reading(reading.json(), here, film)
    assert drawn.status_code == 200, drawn.content
    assert pixels(drawn.content) == pytest.approx(pixels(overlay_of(here, film)), abs=2)


def overlay_of(here: Assessor, film: bytes) -> bytes:
    reading = here.read(film)
    (drawn,) = reading.assessment.heatmaps
    return here.overlay(film, reading.class_maps, drawn)


def pixels(png: bytes) -> npt.NDArray[np.int64]:
    with Pixels.open(io.BytesIO(png)) as image:
        return np.asarray(image.convert("RGB"), dtype=np.int64)


def send(upload: Mapping[str, Any], film: bytes) -> None:
    """Send a film to where an upload's answer says, as a form."""
    file = {"file": ("film", film, "image/png")}
    httpx.request(upload["method"], upload["url"], data=upload["fields"], files=file).raise_for_status()


def test_its_user_is_not_root_and_can_write_nowhere_but_in_tmp(function: Lambda) -> None:
    user = containers.execute(function.container, "id", "-u").stdout.strip()
    refused = [
        folder
        for folder in ("/", "/var/task", "/usr/local/bin", "/etc")
        if containers.execute(function.container, "touch", f"{folder}/written").returncode
    ]

    assert user not in ("", "0")
    assert refused == ["/", "/var/task", "/usr/local/bin", "/etc"]
    assert containers.execute(function.container, "touch", "/tmp/written").returncode == 0  # noqa: S108


def test_a_reading_leaves_nothing_behind_in_tmp(function: Lambda) -> None:
    before = containers.execute(function.container, "find", "/tmp", "-type", "f").stdout  # noqa: S108

    for kind, film in KINDS.items():
        function(event("POST", "/v1/assessments", body=film, content_type=kind))

    after = containers.execute(function.container, "find", "/tmp", "-type", "f").stdout  # noqa: S108
    assert after == before
