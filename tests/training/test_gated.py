"""What the gate asks, inside the served graph: the same numbers as where they were fitted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from fracturelens.assess import Assessor
from fracturelens.assessment import Outcome
from fracturelens.bundle import Bundle, Gate, GraphFile, Manifest, OperatingPoints
from fracturelens.classifier import Classifier
from fracturelens.gate import examine
from fracturelens.letterbox import letterbox
from tests import films
from training import network
from training.datasets import DataError
from training.export import LearntGate, to_graph, write_bundle
from training.gate.alterations import altered
from training.gate.gated import fingerprint, gated, probe
from training.gate.novelty import LAYERS, MAHALANOBIS, Features, Measure, Method, fit
from training.gate.strangers.drawn import drawings
from training.recipe import Recipe

pytestmark = [pytest.mark.training, pytest.mark.slow]

RECIPE = Recipe.of({"alpha": 0.35, "stages": [{"input_size": 96, "epochs": 1, "rate": 0.001}]})


@pytest.fixture(scope="module")
def model() -> keras.Model:
    return network.build(RECIPE)


@pytest.fixture(scope="module")
def films_read(model: keras.Model) -> Features:
    """Return the features of drawn films, as they are and altered."""
    random = np.random.default_rng(0)
    pictures = [films.bone(120 + seed, 100, seed=seed) for seed in range(60)]
    pictures += [altered(picture, random) for picture in pictures]
    return read(model, pictures)


def read(model: keras.Model, pictures: list[Any]) -> Features:
    canvases = np.stack([letterbox(picture, RECIPE.input_size)[0] for picture in pictures])[..., None]
    return {name: np.asarray(v, dtype=np.float64) for name, v in probe(model).predict_on_batch(canvases).items()}


def bundle_of(model: keras.Model, measure: Measure, gate: Gate) -> Bundle:
    graph = to_graph(model, measure)
    manifest = Manifest(
        name="small",
        version="1",
        input_size=RECIPE.input_size,
        cell_stride=16,
        cell_offset=15,
        operating_points=OperatingPoints(suspected=0.2, likely=0.6),
        gate=gate,
        graph=GraphFile.of(graph),
    )
    return Bundle(manifest, graph, "memory")


@pytest.mark.parametrize("layer", [*LAYERS, "features"])
def test_the_graph_answers_as_the_measure_does(model: keras.Model, films_read: Features, layer: str) -> None:
    several = np.arange(120) % 3 == 0
    measure = fit(Method(MAHALANOBIS, layer, 16), films_read, several)
    classifier = Classifier(bundle_of(model, measure, Gate(novelty_limit=1.0, several_views_limit=0.5)))
    pictures = [films.bone(150, 100, seed=99), np.random.default_rng(0).random((96, 96), dtype=np.float32)]

    answers = [classifier.run(letterbox(picture, RECIPE.input_size)[0]) for picture in pictures]

    features = read(model, pictures)
    assert [one.novelty for one in answers] == pytest.approx(list(measure.novelty(features)), rel=1e-3)
    assert [one.several_views for one in answers] == pytest.approx(list(measure.several_views(features)), abs=1e-3)
    logits = np.asarray(model.predict_on_batch(np.stack([letterbox(p, 96)[0] for p in pictures])[..., None])["logits"])
    assert np.stack([one.logits for one in answers]) == pytest.approx(logits, abs=1e-3)


def test_without_a_measure_the_graph_says_nothing_of_it(model: keras.Model) -> None:
    assert sorted(gated(model, None).output) == ["class_maps", "logits"]


def test_films_are_read_and_a_drawing_is_not(model: keras.Model, films_read: Features) -> None:
    # Given a gate fitted to drawn films, and a limit that its own films pass
    measure = fit(Method(MAHALANOBIS, "block_15_add", 16), films_read)
    limit = float(measure.novelty(films_read).max()) * 1.1
    assessor = Assessor(bundle_of(model, measure, Gate(novelty_limit=limit)))

    film = assessor.assess(films.encoded(films.bone(150, 100, seed=123)))

    assert film.outcome is not Outcome.CANNOT_ASSESS
    drawing = next(one for one in drawings() if one.kind == "drawings" and not examine(one.film, Gate()))
    refused = assessor.assess(films.encoded(drawing.film.pixels))
    assert refused.outcome is Outcome.CANNOT_ASSESS
    assert [reason.code for reason in refused.reasons] == ["unlike_training_films"]


def test_a_bundle_gets_the_limits_and_how_they_were_found(
    model: keras.Model, films_read: Features, tmp_path: Path
) -> None:
    measure = fit(Method(MAHALANOBIS, "block_15_add", 8), films_read, np.arange(120) % 2 == 0)
    (tmp_path / "gate.json").write_text(
        '{"frozen": {"novelty_limit": 1.5, "several_views_limit": 0.7}, "method": {"size": 8}, "films": {}, '
        '"strangers": {}, "several_views": {}}'
    )
    measure.write(tmp_path / "gate.npz", network=np.array(fingerprint(model)))
    gate = LearntGate.read(tmp_path / "gate.npz", tmp_path / "gate.json")
    assert gate is not None

    limits = gate.limits()

    assert (limits.novelty_limit, limits.several_views_limit) == (1.5, 0.7)
    assert limits.fitted["method"] == {"size": 8}


def test_a_gate_of_another_network_is_not_exported(model: keras.Model, films_read: Features, tmp_path: Path) -> None:
    gate = LearntGate(fit(Method(MAHALANOBIS, "features", 8), films_read), "another", {})

    with pytest.raises(DataError, match="another network"):
        write_bundle(model, RECIPE, {}, tmp_path / "bundle", name="x", version="1", gate=gate)

    assert not (tmp_path / "bundle").exists()


def test_without_the_gate_step_there_is_no_learnt_gate(tmp_path: Path) -> None:
    assert LearntGate.read(tmp_path / "gate.npz", tmp_path / "gate.json") is None
