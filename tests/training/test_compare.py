"""Comparing two models: a real gain is seen, noise is not taken for one, a loss is refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from fracturelens.registry import Comparison
from tests import models as small_models
from training.compare import MARGIN, compare, fracture_probability, models
from training.datasets import DataError, Dataset, Film
from training.evaluate import PREDICTIONS


def dataset(n: int = 600) -> Dataset:
    classes = [("normal",) if row % 3 else ("displaced",) for row in range(n)]
    films = [
        Film(f"film{row}", Path(f"film{row}"), classes[row], group=str(row // 2), fold=row % 2) for row in range(n)
    ]
    return Dataset("drawn", tuple(films), "drawn", Path("drawn"))


def scores(films: Dataset, strength: float, seed: int = 0) -> np.ndarray:
    truth = np.array([film.fractured for film in films.films])
    noisy = truth * strength + np.random.default_rng(seed).normal(0, 1, len(films))
    return np.asarray(1 / (1 + np.exp(-noisy)))


def test_a_clear_gain_is_better_and_its_reverse_worse() -> None:
    films = dataset()
    weak, strong = scores(films, 1.0, seed=1), scores(films, 3.0, seed=2)

    assert compare(films, weak, strong)["verdict"] == "better"
    assert compare(films, strong, weak)["verdict"] == "worse"


def test_a_model_is_not_worse_than_itself_and_the_difference_is_exactly_zero() -> None:
    films = dataset()
    same = scores(films, 2.0)

    found = compare(films, same, same)

    assert found["verdict"] == "not worse"
    assert found["auroc"]["difference"] == {"value": 0.0, "low": 0.0, "high": 0.0}


def test_few_films_leave_it_undecided() -> None:
    films = dataset(60)
    old = scores(films, 1.0)
    new = old.copy()
    for fractured in (True, False):
        # The same scores on other films of the class: as good over all, different on each.
        rows = [row for row, film in enumerate(films.films) if film.fractured == fractured]
        new[rows] = np.roll(old[rows], 7)

    found = compare(films, old, new)

    difference = found["auroc"]["difference"]
    assert difference["value"] == 0
    assert difference["low"] < -MARGIN < 0 < difference["high"]
    assert found["verdict"] == "undecided"


def test_pairing_narrows_the_interval() -> None:
    films = dataset()
    old = scores(films, 1.5)
    new = np.clip(old + 0.02 * np.array([film.fractured for film in films.films]), 0, 1)

    found = compare(films, old, new)["auroc"]

    alone = found["old"]["high"] - found["old"]["low"]
    assert found["difference"]["high"] - found["difference"]["low"] < alone / 5


def test_a_place_that_is_neither_results_nor_bundle_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"neither a results folder \(out-of-fold.npz\) nor a bundle"):
        fracture_probability(tmp_path, dataset())


def test_a_comparison_names_the_graphs_that_it_is_of(tmp_path: Path) -> None:
    bundles = [small_models.bundle_folder(tmp_path / f"bundle-{number}", number) for number in (1, 2)]
    results = tmp_path / "results"
    results.mkdir()
    (results / PREDICTIONS).write_text("")

    assert models(*bundles) == {
        "old": {"digest": small_models.digest(1)},
        "new": {"digest": small_models.digest(2)},
    }
    assert models(results, bundles[1]) == {"new": {"digest": small_models.digest(2)}}


def test_the_registry_reads_what_a_comparison_prints() -> None:
    films = dataset()
    found = compare(films, scores(films, 1.0, seed=1), scores(films, 3.0, seed=2))

    kept = Comparison.read(json.dumps(found | {"new": {"digest": "0" * 64}}).encode())

    assert (kept.verdict, kept.films, kept.fractured) == ("better", found["films"], found["fractured"])
    assert kept.auroc.difference.model_dump() == found["auroc"]["difference"]
