"""Altered films are still films: same range, same type, another look."""

from __future__ import annotations

import numpy as np
import pytest

from fracturelens import gate
from fracturelens.bundle import Gate
from fracturelens.radiograph import Radiograph
from tests import films
from training.gate.alterations import ALTERATIONS, altered


@pytest.mark.parametrize("name", ALTERATIONS)
@pytest.mark.parametrize("seed", range(5))
def test_an_alteration_changes_the_film_and_keeps_its_range(name: str, seed: int) -> None:
    film = films.bone(180, 140)

    found = ALTERATIONS[name](film, np.random.default_rng(seed))

    assert found.dtype == np.float32
    assert min(found.shape) >= 70
    assert found.min() >= 0
    assert found.max() <= 1
    assert found.shape != film.shape or np.abs(found - film).mean() > 1e-4
    assert (film == films.bone(180, 140)).all()  # the film itself stays as it was


def test_the_same_seed_alters_alike_and_another_one_differently() -> None:
    film = films.bone(180, 140)

    first, again, other = (altered(film, np.random.default_rng(seed)) for seed in (3, 3, 4))

    assert first.shape == again.shape
    assert (first == again).all()
    assert first.shape != other.shape or (first != other).any()


def test_hardly_any_altered_film_looks_blank_or_like_a_negative() -> None:
    refused = 0
    for seed in range(40):
        pixels = altered(films.bone(180, 140), np.random.default_rng(seed))
        refused += bool(gate.examine(Radiograph(pixels, pixels.shape[1], pixels.shape[0], "png"), Gate()))

    assert refused <= 4
