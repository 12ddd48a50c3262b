"""Augmentation: outlines follow the film, fractures are never covered, cells look where the network looks."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from training.augment import _cover, augment
from training.batches import cell_target
from training.recipe import Stage

PLAIN = Stage(input_size=288, epochs=1, rate=1e-3)
TURNED = replace(PLAIN, quarter_turns=True, zoom=(0.8, 1.4))
SQUARE = [[(100.0, 140.0), (160.0, 140.0), (160.0, 200.0), (100.0, 200.0)]]


def film_with_square() -> np.ndarray:
    film = np.full((360, 360), 30, dtype=np.uint8)
    film[140:200, 100:160] = 250
    return film


@pytest.mark.parametrize("stage", [PLAIN, TURNED], ids=["plain", "turned"])
def test_the_outline_moves_with_the_film(stage: Stage) -> None:
    for seed in range(40):
        grey, where = augment(film_with_square(), SQUARE, stage, np.random.default_rng(seed))

        assert where.any()
        # Not the whole mask: its border is half a pixel of interpolation.
        assert np.median(grey[where]) > 0.6
        bright = grey > 0.5 * (np.median(grey[where]) + np.median(grey[~where]))
        assert (bright & where).sum() > 0.9 * where.sum()


def test_quarter_turns_reach_every_side_of_the_film() -> None:
    high = [[(150.0, 40.0), (210.0, 40.0), (210.0, 100.0), (150.0, 100.0)]]
    sides = set()
    for seed in range(60):
        _, where = augment(film_with_square(), high, TURNED, np.random.default_rng(seed))
        y, x = np.argwhere(where).mean(axis=0) - 144
        sides.add(("left" if x < 0 else "right") if abs(x) > abs(y) else ("top" if y < 0 else "bottom"))

    assert sides == {"left", "right", "top", "bottom"}


def test_the_same_seed_gives_the_same_variant_and_another_seed_another() -> None:
    first, again, other = (
        augment(film_with_square(), SQUARE, PLAIN, np.random.default_rng(seed))[0] for seed in (1, 1, 2)
    )

    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_variants_stay_grey_levels() -> None:
    grey, _ = augment(film_with_square(), [], PLAIN, np.random.default_rng(0))

    assert grey.dtype == np.float32
    assert grey.shape == (288, 288)
    assert 0 <= grey.min() <= grey.max() <= 1


def test_covers_hide_something_but_never_the_fracture() -> None:
    where = np.zeros((96, 96), dtype=bool)
    where[30:60, 30:60] = True
    hidden = 0
    for seed in range(100):
        covered = _cover(np.full((96, 96), 0.4, dtype=np.float32), where, np.random.default_rng(seed))
        assert (covered[where] == np.float32(0.4)).all()
        hidden += (covered != np.float32(0.4)).any()
    assert hidden > 30


def test_a_cell_holds_the_fracture_that_it_looks_at() -> None:
    for row, column in ((0, 0), (3, 5), (17, 16)):
        where = np.zeros((288, 288), dtype=bool)
        where[16 * row + 15, 16 * column + 15] = True

        assert np.argwhere(cell_target(where, 16)[..., 0]).tolist() == [[row, column]]
