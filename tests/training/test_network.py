"""What the network makes of a film before its first convolution."""

from __future__ import annotations

import numpy as np
import pytest

from tests import films

pytestmark = pytest.mark.training


def local_contrast(film: np.ndarray) -> np.ndarray:
    from training.network import LocalContrast

    return np.asarray(LocalContrast(16)(film[None, :, :, None].astype(np.float32)))[0, :, :, 0]


def test_exposure_hardly_matters_to_what_stands_out() -> None:
    bone = np.array(films.bone(96, 96, seed=1))

    bright, dark = local_contrast(bone), local_contrast(0.3 * bone + 0.05)

    assert np.corrcoef(bright.ravel(), dark.ravel())[0, 1] > 0.95
    assert dark.std() > 0.6 * bright.std()
    assert np.corrcoef(local_contrast(bone + 0.0).ravel(), local_contrast(bone + 0.2).ravel())[0, 1] > 0.999


def test_an_empty_film_stays_empty() -> None:
    assert np.abs(local_contrast(np.full((96, 96), 0.7))).max() < 0.02


def test_values_stay_in_the_range_that_the_backbone_was_trained_with() -> None:
    noise = np.random.default_rng(0).integers(0, 2, (96, 96)).astype(np.float32)

    found = local_contrast(noise)

    assert found.shape == (96, 96)
    assert -1 <= found.min() < -0.3 < 0.3 < found.max() <= 1


def test_the_same_weights_fit_every_stage() -> None:
    from training import network
    from training.recipe import Recipe, Stage

    recipe = Recipe(stages=(Stage(64, 1, 1e-3), Stage(96, 1, 1e-3, local_contrast=True)), alpha=0.35)
    small, large = network.build(recipe, stage=recipe.stages[0]), network.build(recipe)

    large.set_weights(small.get_weights())

    assert small.input_shape == (None, 64, 64, 1)
    assert large.input_shape == (None, 96, 96, 1)
    assert large.output["cell_logits"].shape == (None, 6, 6, 3)
