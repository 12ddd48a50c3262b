"""A film goes in, a reading comes out, and can be looked at again while it is retained."""

from __future__ import annotations

import base64
import os
import time
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import httpx
import numpy as np
import pytest
from PIL import Image

from fracturelens import DISCLAIMER
from fracturelens.assess import Assessor
from fracturelens.assessment import Assessment, ClassName, HeatmapChoice
from fracturelens.overlay import CAPTION_HEIGHT
from tests import films
from tests.api.conftest import Serve

Send = Callable[[httpx.Client, bytes], httpx.Response]


def as_form(client: httpx.Client, film: bytes) -> httpx.Response:
    return client.post("/v1/assessments", files={"file": ("film.png", film, "image/png")})


def as_picture(client: httpx.Client, film: bytes) -> httpx.Response:
    return client.post("/v1/assessments", content=film, headers={"Content-Type": "image/png"})


def as_bytes(client: httpx.Client, film: bytes) -> httpx.Response:
    return client.post("/v1/assessments", content=film, headers={"Content-Type": "application/octet-stream"})


def as_chunks(client: httpx.Client, film: bytes) -> httpx.Response:
    pieces = (film[start : start + 1000] for start in range(0, len(film), 1000))
    return client.post("/v1/assessments", content=pieces, headers={"Content-Type": "image/png"})


def as_upload(client: httpx.Client, film: bytes) -> httpx.Response:
    upload = client.post("/v1/uploads").json()
    client.request(upload["method"], upload["url"], headers=upload["headers"], content=film).raise_for_status()
    return client.post("/v1/assessments", json={"upload_id": upload["upload_id"]})


@pytest.mark.parametrize("send", [as_form, as_picture, as_bytes, as_chunks, as_upload])
def test_a_film_is_read_however_it_is_sent(client: httpx.Client, film: bytes, assessor: Assessor, send: Send) -> None:
    response = send(client, film)

    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"
    reading = Assessment.model_validate_json(response.content)
    assert reading.probabilities == assessor.assess(film).probabilities
    assert (reading.image.kind, reading.image.width, reading.image.height) == ("png", 192, 256)
    assert reading.disclaimer == DISCLAIMER


@pytest.mark.parametrize(
    ("kind", "content_type"),
    [("JPEG", "image/jpeg"), ("TIFF", "image/tiff"), ("WEBP", "image/webp"), ("DICOM", "application/dicom")],
)
def test_every_format_is_read_over_http(client: httpx.Client, kind: str, content_type: str) -> None:
    grey = films.bone()
    film = films.dicom(grey) if kind == "DICOM" else films.encoded(grey, kind)  # type: ignore[arg-type]

    response = client.post("/v1/assessments", content=film, headers={"Content-Type": content_type})

    assert response.status_code == 200
    assert response.json()["image"]["kind"] == kind.lower()


@pytest.mark.parametrize(("choice", "count"), [("none", 0), ("predicted", 1), ("all", 3)])
def test_heatmaps_are_returned_as_asked(client: httpx.Client, film: bytes, choice: str, count: int) -> None:
    response = client.post("/v1/assessments", params={"heatmaps": choice}, files={"file": film})

    heatmaps = response.json()["heatmaps"]
    assert len(heatmaps) == count
    for url in heatmaps.values():
        assert url.startswith("data:image/png;base64,")
        Image.open(BytesIO(base64.b64decode(url.partition(",")[2]))).load()


def test_one_heatmap_is_the_default(client: httpx.Client, film: bytes) -> None:
    heatmaps = as_form(client, film).json()["heatmaps"]

    assert len(heatmaps) == 1
    assert set(heatmaps) <= {"hairline", "displaced"}


def test_a_reading_is_returned_again_as_it_was_given(client: httpx.Client, film: bytes) -> None:
    given = as_form(client, film).json()

    again = client.get(f"/v1/assessments/{given['id']}")

    assert again.status_code == 200
    assert again.json() == given


def test_two_readings_of_one_film_have_ids_of_their_own(client: httpx.Client, film: bytes) -> None:
    first, second = as_form(client, film).json()["id"], as_form(client, film).json()["id"]

    assert first != second
    assert len(first) == len(second) == 32


@pytest.mark.parametrize("class_name", ["normal", "hairline", "displaced"])
def test_the_overlay_is_the_film_with_the_heat_of_the_class(
    client: httpx.Client, film: bytes, assessor: Assessor, class_name: ClassName
) -> None:
    reading_id = as_form(client, film).json()["id"]

    response = client.get(f"/v1/assessments/{reading_id}/overlay.png", params={"class": class_name, "opacity": 0.7})

    assert response.headers["content-type"] == "image/png"
    maps = assessor.read(film, heatmaps=HeatmapChoice.NONE).class_maps
    assert response.content == assessor.overlay(film, maps, class_name, opacity=0.7)


def test_an_overlay_without_a_class_shows_where_a_fracture_would_be(client: httpx.Client, film: bytes) -> None:
    reading = as_form(client, film).json()
    shown = next(iter(reading["heatmaps"]))

    plain = client.get(f"/v1/assessments/{reading['id']}/overlay.png")
    named = client.get(f"/v1/assessments/{reading['id']}/overlay.png", params={"class": shown})

    assert plain.status_code == 200
    assert plain.content == named.content


def test_an_overlay_of_no_opacity_is_the_film(client: httpx.Client, film: bytes) -> None:
    reading_id = as_form(client, film).json()["id"]

    overlay = client.get(f"/v1/assessments/{reading_id}/overlay.png", params={"opacity": 0})
    plain = client.get(f"/v1/assessments/{reading_id}/film.png")

    with Image.open(BytesIO(overlay.content)) as over, Image.open(BytesIO(plain.content)) as under:
        shown = over.convert("L").crop((0, 0, *under.size))  # without the disclaimer's strip
        np.testing.assert_allclose(np.asarray(shown, float), np.asarray(under.convert("L"), float), atol=1)


@pytest.mark.parametrize(
    ("longest_side", "size"), [(64, (48, 64)), (255, (191, 255)), (256, (192, 256)), (8192, (192, 256))]
)
def test_pictures_are_as_small_as_asked_and_never_enlarged(
    client: httpx.Client, film: bytes, longest_side: int, size: tuple[int, int]
) -> None:
    reading_id = as_form(client, film).json()["id"]
    asked = {"longest_side": longest_side}

    plain = client.get(f"/v1/assessments/{reading_id}/film.png", params=asked)
    overlay = client.get(f"/v1/assessments/{reading_id}/overlay.png", params=asked)

    with Image.open(BytesIO(plain.content)) as drawn, Image.open(BytesIO(overlay.content)) as over:
        assert drawn.size == size
        assert over.size == (size[0], size[1] + CAPTION_HEIGHT)


def test_a_dicom_film_is_drawn_for_browsers(client: httpx.Client) -> None:
    grey = films.bone()
    response = client.post("/v1/assessments", content=films.dicom(grey), headers={"Content-Type": "application/dicom"})

    drawn = client.get(f"/v1/assessments/{response.json()['id']}/film.png")

    assert drawn.headers["content-type"] == "image/png"
    with Image.open(BytesIO(drawn.content)) as picture:
        assert picture.size == (192, 256)
        correlation = np.corrcoef(np.asarray(picture.convert("L"), float).ravel(), grey.ravel())[0, 1]
    assert correlation > 0.99


def test_a_reading_is_gone_after_its_retention(serve: Serve, film: bytes, tmp_path: Path) -> None:
    client = serve(retention_hours=2)
    reading_id = as_form(client, film).json()["id"]
    then = time.time() - 2 * 3600
    os.utime(tmp_path / "data" / "readings" / reading_id, (then, then))

    for place in ("", "/overlay.png", "/film.png"):
        response = client.get(f"/v1/assessments/{reading_id}{place}")
        assert (response.status_code, response.json()["code"]) == (404, "not_found")


def test_retention_zero_reads_films_and_keeps_nothing(serve: Serve, film: bytes, tmp_path: Path) -> None:
    client = serve(retention_hours=0)

    reading = as_form(client, film)

    assert reading.status_code == 200
    assert client.get(f"/v1/assessments/{reading.json()['id']}").status_code == 404
    refused = client.post("/v1/uploads")
    assert (refused.status_code, refused.json()["code"]) == (404, "not_found")
    assert "RETENTION_HOURS" in refused.json()["detail"]
    assert not (tmp_path / "data").exists()
