"""Grad-CAM in closed form, and its place on the film."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from fracturelens.explanation import film_heat, grad_cam
from fracturelens.letterbox import fit, letterbox
from tests import graphs

FILMS = {"portrait": (300, 480), "landscape": (512, 307), "square": (400, 400)}
GEOMETRIES = {"stride 16, MobileNetV2": (288, 16, 15.0), "stride 32": (320, 32, 31.0), "centred": (96, 16, 7.5)}


def test_grad_cam_keeps_evidence_for_and_drops_evidence_against() -> None:
    cam = grad_cam(np.array([[-1.0, 0.0], [0.5, 2.0]], dtype=np.float32))

    assert cam.tolist() == [[0.0, 0.0], [0.5, 2.0]]


@pytest.mark.parametrize("film", FILMS)
@pytest.mark.parametrize("geometry", GEOMETRIES)
def test_a_cell_lights_up_the_point_of_the_film_that_it_looked_at(film: str, geometry: str) -> None:
    (width, height), (size, stride, offset) = FILMS[film], GEOMETRIES[geometry]
    place = fit(width, height, size)
    cells = size // stride
    seen = 0

    for row, column in product(range(1, cells - 1), repeat=2):
        cam = np.zeros((cells, cells), dtype=np.float32)
        cam[row, column] = 1
        # The centre of input pixel i lies at i + 0.5; a film pixel's too.
        x = (stride * column + offset + 0.5 - place.left) / place.width * width - 0.5
        y = (stride * row + offset + 0.5 - place.top) / place.height * height - 0.5
        reach = stride * width / place.width
        if not (reach < x < width - reach and reach < y < height - reach):
            continue  # the film's edge cuts the spot off, so its centre says nothing

        heat = film_heat(cam, place, stride, offset, width, height)

        centre = (heat * np.arange(width)).sum() / heat.sum(), (heat.T * np.arange(height)).sum() / heat.sum()
        assert centre == pytest.approx((x, y), abs=0.1)
        seen += 1
    assert seen >= 2


def test_heat_is_linear_between_cells_and_constant_beyond_the_outermost() -> None:
    cam = np.array([[0.0, 1.0]] * 2, dtype=np.float32)

    heat = film_heat(cam, fit(32, 32, 32), 16, 7.5, 32, 32)

    # Cell 0 looks at pixel index 7.5, cell 1 at 23.5.
    expected = np.clip((np.arange(32) - 7.5) / 16, 0, 1)
    expected /= expected.max()
    assert heat == pytest.approx(np.tile(expected, (32, 1)), abs=1e-6)


@pytest.mark.parametrize(("width", "height"), [(512, 37), (37, 512), (1, 500), (512, 512)])
def test_heat_covers_the_film_and_peaks_at_one(width: int, height: int) -> None:
    cam = np.random.default_rng(0).random((18, 18), dtype=np.float32) * 1000

    heat = film_heat(cam, fit(width, height, 288), 16, 15.0, width, height)

    assert heat.shape == (height, width)
    assert heat.dtype == np.float32
    assert heat.min() >= 0
    assert heat.max() == 1


def test_no_evidence_is_no_heat() -> None:
    heat = film_heat(np.zeros((9, 9), dtype=np.float32), fit(100, 200, 288), 32, 31.0, 100, 200)

    assert not heat.any()


@pytest.mark.parametrize("film", FILMS)
def test_a_bright_spot_is_where_the_heat_of_a_network_that_sees_brightness_is(film: str) -> None:
    # Given a film with one bright spot, as large as a cell and in the middle of one, read through the letterbox ...
    width, height = FILMS[film]
    place = fit(width, height, graphs.SIZE)
    row, column = 3, 2
    top, left = (
        round((graphs.STRIDE * cell - start) / extent * side)
        for cell, start, extent, side in (
            (row, place.top, place.height, height),
            (column, place.left, place.width, width),
        )
    )
    side = round(graphs.STRIDE / graphs.SIZE * max(width, height))
    pixels = np.zeros((height, width), dtype=np.float32)
    pixels[top : top + side, left : left + side] = 1
    canvas, place = letterbox(pixels, graphs.SIZE)

    # ... when a network that measures the brightness of each cell explains itself ...
    cells = graphs.SIZE // graphs.STRIDE
    cam = canvas.reshape(cells, graphs.STRIDE, cells, graphs.STRIDE).mean(axis=(1, 3))
    heat = film_heat(cam, place, graphs.STRIDE, graphs.OFFSET, width, height)

    # ... then the heat is centred on the spot.
    weight = np.where(heat > 0.5, heat, 0)
    centre = (weight * np.arange(width)).sum() / weight.sum(), (weight.T * np.arange(height)).sum() / weight.sum()
    assert centre == pytest.approx((left + (side - 1) / 2, top + (side - 1) / 2), abs=0.02 * max(width, height))
