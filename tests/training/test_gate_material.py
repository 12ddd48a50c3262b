"""What a network makes of films and strangers: gathered once, kept, and made again for another network."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest

from fracturelens.letterbox import letterbox
from fracturelens.radiograph import Radiograph
from training import network
from training.datasets import ADAPTERS, Dataset
from training.gate import material as gate_material
from training.gate.alterations import ALTERATIONS
from training.gate.gated import fingerprint, probe
from training.gate.material import RARE_TIMES, Material, altered_film, gather
from training.gate.strangers import Half, Stranger
from training.packing import read_film
from training.recipe import Recipe

pytestmark = [pytest.mark.training, pytest.mark.slow]

RECIPE = Recipe.of({"alpha": 0.35, "stages": [{"input_size": 96, "epochs": 1, "rate": 0.001}]})
TRAINING, HELD_OUT = np.arange(0, 40), np.arange(40, 48)


@pytest.fixture
def dataset(small_fracatlas: Path) -> Dataset:
    """Return the drawn films, of which the first is said to show metal."""
    found = ADAPTERS["fracatlas"](small_fracatlas)
    first = replace(found.films[0], attributes={**found.films[0].attributes, "hardware": "1"})
    return replace(found, films=(first, *found.films[1:]))


def strangers(seed: int = 0) -> list[Stranger]:
    pixels = np.random.default_rng(seed).random((100, 80), dtype=np.float32)
    return [Stranger("noise", "drawn", "one", Half.CHOOSING, Radiograph(pixels, 80, 100, "png"))]


def gathered(model: keras.Model, dataset: Dataset, path: Path) -> Material:
    return gather(model, dataset, TRAINING, HELD_OUT, strangers(), path)


def test_features_are_those_of_the_films_in_their_order(dataset: Dataset, tmp_path: Path) -> None:
    model = network.build(RECIPE)

    found = gathered(model, dataset, tmp_path / "gate.npz")

    assert found.films.tolist() == HELD_OUT.tolist()
    assert sorted(found.fitted) == TRAINING.tolist()  # there are fewer than would be drawn
    assert set(found.alterations.tolist()) <= set(ALTERATIONS)
    last = letterbox(read_film(dataset.films[HELD_OUT[-1]]), RECIPE.input_size)[0]
    alone = probe(model).predict_on_batch(last[None, :, :, None])
    for layer, values in alone.items():
        assert found.features["films"][layer][-1] == pytest.approx(np.asarray(values)[0], rel=1e-3, abs=1e-9)
    assert len(found.features["strangers"]["features"]) == 1
    assert len(found.features["altered"]["features"]) == len(found.altered) == len(HELD_OUT) // 2


def test_what_was_gathered_is_read_again_for_the_same_network_only(
    dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, path = network.build(RECIPE), tmp_path / "gate.npz"
    first = gathered(model, dataset, path)

    def fail(*_: object) -> None:
        raise AssertionError("a network was run again")

    with monkeypatch.context() as patch:
        patch.setattr(gate_material, "_run", fail)
        again = gathered(model, dataset, path)
    assert again.network == first.network == fingerprint(model)
    assert again.features["films"]["features"] == pytest.approx(first.features["films"]["features"], rel=1e-4)

    other = network.build(replace(RECIPE, seed=2))
    assert gathered(other, dataset, path).network == fingerprint(other) != first.network


def test_films_of_rare_looks_count_more_often(dataset: Dataset, tmp_path: Path) -> None:
    found = gathered(network.build(RECIPE), dataset, tmp_path / "gate.npz")

    fitted = found.to_fit(dataset)["features"]

    assert len(fitted) == 2 * (len(TRAINING) - 1 + RARE_TIMES)
    metal = found.features["fitted"]["features"][found.fitted.tolist().index(0)]
    assert (fitted == metal).all(axis=1).sum() == RARE_TIMES


def test_an_altered_film_is_made_alike_again(dataset: Dataset) -> None:
    first, again = (altered_film(dataset, 41, "grainy") for _ in range(2))

    assert (first == again).all()
    assert (altered_film(dataset, 41, "grainy") != read_film(dataset.films[41])).any()
