"""The film inside the square input."""

from __future__ import annotations

import numpy as np
import pytest

from fracturelens.letterbox import Letterbox, fit, letterbox, shrink


@pytest.mark.parametrize(
    ("width", "height", "place"),
    [
        (400, 400, Letterbox(288, 0, 0, 288, 288)),
        (200, 400, Letterbox(288, 72, 0, 144, 288)),
        (400, 100, Letterbox(288, 0, 108, 288, 72)),
        (10, 5, Letterbox(288, 0, 72, 288, 144)),
        (4000, 1, Letterbox(288, 0, 143, 288, 1)),
        (288, 287, Letterbox(288, 0, 0, 288, 287)),
    ],
)
def test_a_film_is_fitted_whole_and_centred(width: int, height: int, place: Letterbox) -> None:
    assert fit(width, height, 288) == place


def test_what_the_film_does_not_cover_is_black() -> None:
    canvas, place = letterbox(np.ones((100, 50), dtype=np.float32), 64)

    assert canvas.dtype == np.float32
    assert canvas.shape == (64, 64)
    inside = np.zeros((64, 64), dtype=bool)
    inside[place.top : place.top + place.height, place.left : place.left + place.width] = True
    assert canvas[inside] == pytest.approx(1)
    assert not canvas[~inside].any()


def test_a_film_of_the_right_size_is_left_as_it_is() -> None:
    film = np.random.default_rng(0).random((64, 48), dtype=np.float32)

    canvas, place = letterbox(film, 64)

    assert (canvas[:, place.left : place.left + 48] == film).all()


def test_shrinking_averages_instead_of_picking_pixels() -> None:
    # Given the finest checks, whose every fourth pixel is black
    film = np.indices((256, 256)).sum(axis=0) % 2

    canvas, _ = letterbox(film.astype(np.float32), 64)

    assert canvas[2:-2, 2:-2] == pytest.approx(0.5, abs=0.02)


def test_relative_positions_survive() -> None:
    # Given a film that is brighter the further right and down, so that a grey value tells a position
    height, width = 300, 200
    film = np.broadcast_to((np.arange(width) + 0.5) / width, (height, width)).astype(np.float32)

    canvas, place = letterbox(film, 96)

    inside = canvas[48, place.left : place.left + place.width]
    assert inside[2:-2] == pytest.approx((np.arange(place.width)[2:-2] + 0.5) / place.width, abs=1e-3)


@pytest.mark.parametrize(
    ("shape", "longest_side", "shrunk"),
    [((300, 200), 150, (150, 100)), ((200, 300), 64, (43, 64)), ((300, 200), 300, (300, 200)), ((3, 900), 90, (1, 90))],
)
def test_a_film_is_shrunk_to_its_longest_side(
    shape: tuple[int, int], longest_side: int, shrunk: tuple[int, int]
) -> None:
    film = np.full(shape, 0.25, dtype=np.float32)

    pixels = shrink(film, longest_side)

    assert pixels.shape == shrunk
    assert pixels == pytest.approx(0.25)
