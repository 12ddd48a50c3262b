"""Heat as pictures, read back by Pillow."""

from __future__ import annotations

import base64
import io

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from fracturelens import DISCLAIMER
from fracturelens.colormap import HEAT
from fracturelens.overlay import CAPTION_HEIGHT, composite_png, data_url, film_png, heatmap_png
from fracturelens.radiograph import Radiograph
from tests import films

RAMP = np.tile(np.linspace(0, 1, 256, dtype=np.float32), (20, 1))


def picture(png: bytes, mode: str) -> npt.NDArray[np.uint8]:
    with Image.open(io.BytesIO(png), formats=["PNG"]) as image:
        return np.asarray(image.convert(mode))


def radiograph(pixels: npt.NDArray[np.float32]) -> Radiograph:
    return Radiograph(pixels, pixels.shape[1], pixels.shape[0], "png")


def test_a_heatmap_is_an_indexed_png_in_the_heat_colours_and_clear_where_it_is_cold() -> None:
    png = heatmap_png(RAMP)

    with Image.open(io.BytesIO(png)) as image:
        assert (image.mode, image.size) == ("P", (256, 20))
    rgba = picture(png, "RGBA")
    assert (rgba[0, :, :3] == HEAT).all()
    alpha = rgba[0, :, 3].astype(int)
    assert (alpha[0], alpha[-1]) == (0, 255)
    assert (np.diff(alpha) >= 0).all()


def test_a_data_url_carries_the_png() -> None:
    head, _, body = data_url(b"\x89PNG...").partition(",")

    assert head == "data:image/png;base64"
    assert base64.b64decode(body) == b"\x89PNG..."


def test_no_opacity_shows_the_film_alone() -> None:
    film = films.bone(40, 30)

    shown = picture(composite_png(radiograph(film), np.ones_like(film), 0.0), "RGB")

    assert (shown[:40] == np.rint(film * 255)[:, :, None]).all()


def test_full_opacity_shows_the_hottest_colour_alone_and_leaves_cold_places_alone() -> None:
    film = np.full((20, 256), 0.5, dtype=np.float32)

    shown = picture(composite_png(radiograph(film), RAMP, 1.0), "RGB")

    assert (shown[0, -1] == HEAT[255]).all()
    assert (shown[0, 0] == 128).all()


def test_the_disclaimer_stands_below_the_film_and_in_every_picture() -> None:
    film = np.zeros((100, 300), dtype=np.float32)
    composite = composite_png(radiograph(film), film, 0.5)

    shown = picture(composite, "L")
    assert shown.shape == (100 + CAPTION_HEIGHT, 300)
    assert not shown[:100].any()
    written = np.flatnonzero(shown[100:].any(axis=0))
    assert len(written) > 100
    assert written.min() > 0
    assert written.max() < 299
    for png in (composite, film_png(radiograph(film)), heatmap_png(RAMP)):
        with Image.open(io.BytesIO(png)) as image:
            assert image.info["Disclaimer"] == DISCLAIMER


def test_opacity_blends_in_proportion() -> None:
    film = np.full((4, 4), 0.2, dtype=np.float32)

    shown = picture(composite_png(radiograph(film), np.ones_like(film), 0.5), "RGB")

    assert shown[0, 0] == pytest.approx((0.2 * 255 + HEAT[255]) / 2, abs=1)


def test_the_film_alone_is_a_grey_png() -> None:
    film = films.bone(40, 30)

    png = film_png(radiograph(film))

    with Image.open(io.BytesIO(png)) as image:
        assert image.mode == "L"
    assert (picture(png, "L") == np.rint(film * 255)).all()
