"""Would another training tell and show the same? Two networks of the same fold and recipe, but of different seeds."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.stats import rankdata

from fracturelens.explanation import grad_cam
from fracturelens.letterbox import fit
from training import calibration, compare, metrics
from training.crossval import OUTPUT, folds
from training.datasets import DataError
from training.fit import HISTORY
from training.metrics import Array, GroupBootstrap
from training.packing import read_film
from training.readings import Readings
from training.recipe import Recipe
from training.sanity.similarity import Grid, cells_on_film, median, peak_distance, pearson, spearman

RECIPE = "recipe.json"


@dataclass(frozen=True, slots=True)
class _Answers:
    """What one network makes of its fold's held-out films: logits (n, 3) and class maps (n, h, w, 3)."""

    logits: Array
    class_maps: npt.NDArray[np.float16]

    @classmethod
    def read(cls, path: Path, ids: list[str]) -> _Answers:
        content = np.load(path)
        place = {name: row for row, name in enumerate(content["ids"].tolist())}
        missing = [name for name in ids if name not in place]
        if missing or len(place) != len(ids):
            raise DataError(path, "these predictions are not of this fold's films; were the folds cut alike?")
        rows = [place[name] for name in ids]
        return cls(content["logits"][rows].astype(np.float64), content["class_maps"][rows])


def repeatability(readings: Readings, recipe: Recipe, first: Path, second: Path) -> dict[str, Any]:
    """Compare two runs on the films that neither network of a fold has seen.

    Both are read with the calibration and operating points fitted to the *other* folds of ``first``: what differs is
    the network alone. Folds that ``second`` lacks are left out.

    Parameters
    ----------
    readings
        Of ``first``.
    first, second
        Folders of runs, each with ``fold-K/out-of-fold.npz``.

    Raises
    ------
    DataError
        If ``second`` has no fold, or a fold that is not comparable: of other films, of maps of another size, or
        the very same network.
    """
    films = readings.dataset.films
    of_fold = np.array([film.fold for film in films])
    done = [fold for fold in folds(readings.dataset) if (second / f"fold-{fold}" / OUTPUT).is_file()]
    if not done:
        raise DataError(second, "no fold is trained here; run `python -m training crossval --runs` with another seed")
    rows: list[int] = []
    probabilities: list[Array] = []
    maps: dict[int, tuple[float, float, float, float]] = {}
    for fold in done:
        own = np.flatnonzero(of_fold == fold)
        ids = [films[row].id for row in own]
        answers = [_Answers.read(runs / f"fold-{fold}" / OUTPUT, ids) for runs in (first, second)]
        _check_comparable(answers, second / f"fold-{fold}")
        others = of_fold != fold
        fitted = calibration.fit_calibration(readings.logits[others], readings.allowed[others])
        both = [calibration.apply_calibration(answer.logits, fitted) for answer in answers]
        rows += own.tolist()
        probabilities.append(np.stack(both))
        for position in np.flatnonzero(readings.fractured[own]):
            shown = [
                grad_cam(answer.class_maps[position, ..., _explained(read[position])].astype(np.float32))
                for answer, read in zip(answers, both, strict=True)
            ]
            same = _explained(both[0][position]) == _explained(both[1][position])
            row = int(own[position])
            maps[row] = (*_alike(shown[0], shown[1], row, readings, recipe), float(same))
    chosen = np.array(rows)
    return {
        "folds": done,
        "films": len(chosen),
        **_settings(first, second, done),
        **_probabilities(readings, chosen, np.concatenate(probabilities, axis=1)),
        "maps": _maps(readings, maps),
    }


def _check_comparable(answers: list[_Answers], folder: Path) -> None:
    one, other = answers
    if one.class_maps.shape != other.class_maps.shape:
        raise DataError(folder, "its maps are of another size; train both with the same recipe but for the seed")
    if np.array_equal(one.logits, other.logits):
        raise DataError(folder, "this is the very same network; train it with another seed")


def _explained(probabilities: Array) -> int:
    """Return the class that the product explains: the more probable fracture class, the graver one in a tie."""
    return 1 if probabilities[1] > probabilities[2] else 2


def _alike(one: Grid, other: Grid, row: int, readings: Readings, recipe: Recipe) -> tuple[float, float, float]:
    height, width = read_film(readings.dataset.films[row]).shape
    on_film = cells_on_film(fit(width, height, recipe.input_size), recipe)
    return (spearman(one[on_film], other[on_film]), *peak_distance(one, other, on_film))


def _settings(first: Path, second: Path, done: list[int]) -> dict[str, Any]:
    """Say whether both runs had the same recipe but for the seed, and how many epochs they have in common.

    Recipes are compared as the folds' folders have them, without stages of no epochs: those train nothing.
    """
    written = [
        [json.loads((runs / f"fold-{fold}" / RECIPE).read_text()) for fold in done]
        for runs in (first, second)
        if all((runs / f"fold-{fold}" / RECIPE).is_file() for fold in done)
    ]
    found: dict[str, Any] = {"same_recipe": None, "seeds": None, **_common_epochs(first, second, done)}
    if len(written) == 2:
        found["seeds"] = [[recipe.pop("seed", None) for recipe in recipes] for recipes in written]
        for recipe in (recipe for recipes in written for recipe in recipes):
            recipe["stages"] = [stage for stage in recipe.get("stages", []) if stage["epochs"]]
        found["same_recipe"] = written[0] == written[1]
    return found


def _common_epochs(first: Path, second: Path, done: list[int]) -> dict[str, int | None]:
    """Count the epochs with the very same losses: the second run went on from the first's weights after them."""
    histories = [[runs / f"fold-{fold}" / HISTORY for runs in (first, second)] for fold in done]
    if not all(path.is_file() for pair in histories for path in pair):
        return {"epochs": None, "common_epochs": None}
    pairs = [[path.read_text().splitlines()[1:] for path in pair] for pair in histories]
    common = [sum(one == other for one, other in zip(*pair, strict=False)) for pair in pairs]
    return {"epochs": max(len(rows) for pair in pairs for rows in pair), "common_epochs": max(common)}


def _probabilities(readings: Readings, chosen: npt.NDArray[np.int64], calibrated: Array) -> dict[str, Any]:
    """Compare calibrated probabilities, shape (2, n, 3)."""
    probability = 1 - calibrated[..., 0]
    points = readings.points[chosen]
    outcome = (probability[..., np.newaxis] >= points).sum(-1)
    bootstrap = GroupBootstrap(readings.groups[chosen])
    subset = replace(readings.dataset, films=tuple(readings.dataset.films[row] for row in chosen))
    suspected = outcome > 0
    return {
        "fractured": int(readings.fractured[chosen].sum()),
        "pearson": bootstrap.estimate(pearson(probability[0], probability[1])),
        "spearman": bootstrap.estimate(pearson(rankdata(probability[0]), rankdata(probability[1]))),
        "same_outcome": bootstrap.estimate(metrics.mean((outcome[0] == outcome[1]).astype(np.float64))),
        "kappa": bootstrap.estimate(metrics.of_confusion(outcome[0], outcome[1], metrics.cohen_kappa)),
        "same_suspicion": bootstrap.estimate(metrics.mean((suspected[0] == suspected[1]).astype(np.float64))),
        "auroc": compare.compare(subset, probability[0], probability[1])["auroc"],
    }


def _maps(readings: Readings, found: dict[int, tuple[float, float, float, float]]) -> dict[str, Any]:
    alike, distance, neighbours, same = np.array(list(found.values())).T
    bootstrap = GroupBootstrap(readings.groups[list(found)])
    return {
        "films": len(found),
        "empty": int(np.isnan(distance).sum()),
        "spearman": bootstrap.estimate(median(alike)),
        "peak_distance": bootstrap.estimate(median(distance)),
        "peaks_within_one_cell": bootstrap.estimate(metrics.mean(neighbours)),
        "same_class": bootstrap.estimate(metrics.mean(same)),
    }
