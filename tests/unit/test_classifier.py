"""The network behind a pool of interpreters."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import numpy.typing as npt
import pytest
from ai_edge_litert.interpreter import Interpreter

from fracturelens import classifier, errors
from fracturelens.bundle import Gate
from fracturelens.classifier import Classifier
from tests import graphs

CELLS = graphs.SIZE // graphs.STRIDE


def canvas(seed: int) -> npt.NDArray[np.float32]:
    return np.random.default_rng(seed).random((graphs.SIZE, graphs.SIZE), dtype=np.float32)


def test_a_film_gives_maps_and_logits() -> None:
    film = canvas(1)

    prediction = Classifier(graphs.brightness_bundle()).run(film)

    brightness = film.reshape(CELLS, graphs.STRIDE, CELLS, graphs.STRIDE).mean(axis=(1, 3))
    maps = brightness[:, :, None] * np.array(graphs.EVIDENCE)
    assert prediction.class_maps == pytest.approx(maps, abs=1e-5)
    assert prediction.logits == pytest.approx(maps.mean(axis=(0, 1)) + graphs.BIAS, abs=1e-5)


def test_a_graph_that_knows_nothing_of_the_gate_says_nothing_of_it() -> None:
    prediction = Classifier(graphs.brightness_bundle()).run(canvas(1))

    assert (prediction.novelty, prediction.several_views) == (None, None)


def test_what_the_gate_asks_is_answered_as_numbers() -> None:
    film = canvas(1)
    graph = graphs.brightness_graph(asked=("novelty", "several_views"))

    prediction = Classifier(graphs.brightness_bundle(graph)).run(film)

    assert prediction.novelty == pytest.approx(film.mean(), abs=1e-5)
    assert prediction.several_views == pytest.approx(film.mean(), abs=1e-5)


@pytest.mark.parametrize("limit", [{"novelty_limit": 1.0}, {"several_views_limit": 0.5}])
def test_a_graph_without_what_its_manifest_s_gate_needs_is_refused(limit: dict[str, float]) -> None:
    with pytest.raises(errors.BundleDamaged, match="gate"):
        Classifier(graphs.brightness_bundle(gate=Gate(**limit)))


def test_many_threads_get_each_their_own_answer() -> None:
    network = Classifier(graphs.brightness_bundle(), instances=2)
    films = [canvas(seed) for seed in range(40)]
    alone = [network.run(film).logits for film in films]

    with ThreadPoolExecutor(16) as pool:
        together = list(pool.map(lambda film: network.run(film).logits, films * 5))

    assert (np.array(together) == np.array(alone * 5)).all()


def test_answers_do_not_change_when_the_interpreter_is_used_again() -> None:
    network = Classifier(graphs.brightness_bundle(), instances=1)
    first = network.run(canvas(1))
    maps = first.class_maps.copy()

    network.run(canvas(2))

    assert (first.class_maps == maps).all()


def test_no_more_interpreters_are_made_than_allowed_and_callers_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    made = []

    class Counted(Interpreter):  # type: ignore[misc]
        def __init__(self, **options: object) -> None:
            made.append(1)
            super().__init__(**options)

    monkeypatch.setattr(classifier, "Interpreter", Counted)
    network = Classifier(graphs.brightness_bundle(), instances=3)
    assert len(made) == 1  # the others only when they are needed
    together = threading.Barrier(12)

    def read(seed: int) -> None:
        together.wait()
        for _ in range(10):
            network.run(canvas(seed))

    with ThreadPoolExecutor(12) as pool:
        list(pool.map(read, range(12)))

    assert len(made) <= 3


def test_a_failed_run_gives_its_place_back() -> None:
    network = Classifier(graphs.brightness_bundle(), instances=1)

    for _ in range(3):
        with pytest.raises(errors.BundleDamaged):
            network.run(np.zeros((7, 7), dtype=np.float32))

    assert network.run(canvas(1)).logits.shape == (3,)


@pytest.mark.parametrize(
    "graph",
    [
        b"not a graph",
        graphs.brightness_graph()[:2000],
        graphs.brightness_graph(signature="other"),
        graphs.brightness_graph(names=("film", "scores", "class_maps", "features")),
        graphs.brightness_graph(names=("image", "logits", "class_maps", "features")),
        graphs.brightness_graph(names=("film", "class_maps", "logits", "features")),
        graphs.brightness_graph(size=graphs.SIZE * 2),
    ],
    ids=["no graph", "cut off", "signature", "output", "input", "swapped", "size"],
)
def test_a_graph_that_does_not_do_what_the_manifest_says_is_refused_at_once(graph: bytes) -> None:
    with pytest.raises(errors.BundleDamaged):
        Classifier(graphs.brightness_bundle(graph))


def test_a_graph_that_computes_no_numbers_is_refused() -> None:
    network = Classifier(graphs.brightness_bundle(graphs.brightness_graph(bias=(float("nan"), 0, 0))))

    with pytest.raises(errors.BundleDamaged, match="not numbers"):
        network.run(canvas(1))
