"""Films that cannot be read get a clear answer, odd ones a reading or a reason, and none a stack trace."""

from __future__ import annotations

from pathlib import Path

import httpx
import numpy as np
import pytest

from fracturelens.api.problems import Problem
from tests import films
from tests.api.conftest import Serve

BONE = films.bone()

UNREADABLE = {
    "an empty file": (b"", 400, "empty_file"),
    "text named .png": (b"this is not a picture\n" * 20, 415, "unsupported_format"),
    "a JPEG cut off": (films.truncated(films.encoded(BONE, "JPEG")), 422, "damaged_image"),
    "a PNG cut off": (films.truncated(films.encoded(BONE)), 422, "damaged_image"),
    "a PNG claiming 60,000 x 60,000": (films.png_claiming(60_000, 60_000), 413, "too_many_pixels"),
    "an animated PNG": (films.animation(BONE, "PNG"), 422, "animated_image"),
    "an animated WebP": (films.animation(BONE, "WEBP"), 422, "animated_image"),
    "a DICOM object without pixels": (films.dicom_without_pixels(), 422, "dicom_without_pixels"),
    "a DICOM file cut off": (films.truncated(films.dicom(BONE)), 422, "damaged_image"),
    "a strip of 1 x 4000": (films.encoded(np.zeros((4000, 1), np.float32)), 422, "image_too_small"),
}

ODD = {
    "16 bits": films.encoded(BONE, mode="I;16"),
    "a palette": films.encoded(BONE, mode="P"),
    "alpha": films.encoded(BONE, mode="RGBA"),
    "CMYK": films.encoded(BONE, "JPEG", "CMYK"),
    "EXIF-rotated": films.rotated_by_exif(BONE, 6),
    "a negative": films.encoded(1 - BONE),
    "MONOCHROME1": films.dicom(BONE, photometric="MONOCHROME1"),
    "several frames": films.dicom(BONE, frames=3),
    "blank": films.encoded(np.zeros((300, 200), np.float32)),
    "a strip of 40 x 4000": films.encoded(films.bone(4000, 40)),
}


def send(client: httpx.Client, film: bytes) -> httpx.Response:
    return client.post("/v1/assessments", files={"file": ("Doe^Jane.png", film, "image/png")})


@pytest.mark.parametrize("name", UNREADABLE)
def test_an_unreadable_film_gets_a_problem_with_a_stable_code(client: httpx.Client, name: str) -> None:
    film, status, code = UNREADABLE[name]

    response = send(client, film)

    assert response.headers["content-type"] == "application/problem+json"
    problem = Problem.model_validate_json(response.content)
    assert (response.status_code, problem.status, problem.code) == (status, status, code)
    assert "Doe" not in response.text
    assert "Traceback" not in response.text


def test_an_animated_gif_is_refused(client: httpx.Client) -> None:
    response = send(client, films.animation(BONE, "GIF"))

    assert response.status_code in {415, 422}
    assert response.json()["code"] in {"unsupported_format", "animated_image"}


@pytest.mark.parametrize("name", ODD)
def test_an_odd_film_is_read_or_refused_with_a_reason(client: httpx.Client, name: str) -> None:
    response = send(client, ODD[name])

    assert response.status_code == 200
    reading = response.json()
    assert reading["outcome"] != "cannot_assess" or reading["reasons"]


def test_a_blank_film_cannot_be_assessed_and_says_why(client: httpx.Client) -> None:
    reading = send(client, ODD["blank"]).json()

    assert reading["outcome"] == "cannot_assess"
    assert all(reason["code"] and reason["message"] for reason in reading["reasons"])


def test_a_bad_film_leaves_nothing_behind(serve: Serve, tmp_path: Path) -> None:
    send(serve(), UNREADABLE["a JPEG cut off"][0])

    assert [path for path in (tmp_path / "data").rglob("*") if path.is_file()] == []
