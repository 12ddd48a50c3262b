"""Is the new model better than the old one? Paired differences with intervals, before anyone promotes it."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from fracturelens.assess import Assessor
from fracturelens.assessment import HeatmapChoice
from fracturelens.bundle import MANIFEST_FILE, load
from training import metrics
from training.datasets import DataError, Dataset
from training.evaluate import PREDICTIONS, OutOfFold, read
from training.metrics import Array, GroupBootstrap, Metric, Truth

MARGIN = 0.01
"""How much lower the AUROC may be for a model to count as not worse: less than the width of most intervals here."""


class Verdict(StrEnum):
    """What the interval of the difference in AUROC (new minus old) says."""

    BETTER = "better"
    NOT_WORSE = "not worse"
    UNDECIDED = "undecided"
    WORSE = "worse"


def fracture_probability(place: Path, dataset: Dataset) -> Array:
    """Return every film's probability of any fracture, shape (n,), from a results folder or a bundle.

    A results folder holds predictions out of fold. A bundle reads the films now: a fair figure only on films that it
    was not trained on.

    Raises
    ------
    DataError
        If the place is neither, a film is missing from the predictions, or the bundle was trained on this very set.
    """
    if (place / PREDICTIONS).is_file():
        return read(dataset, OutOfFold.read(place / PREDICTIONS)).probability
    if not (place / MANIFEST_FILE).is_file():
        raise DataError(place, f"neither a results folder ({PREDICTIONS}) nor a bundle ({MANIFEST_FILE})")
    bundle = load(place)
    if bundle.manifest.training.get("data", {}).get("digest") == dataset.digest():
        raise DataError(place, "this bundle was trained on these very films; compare on others, or out of fold")
    assessor = Assessor(bundle)
    films = tqdm(dataset.films, desc=f"Reading with {place.name}", unit="film")
    return np.array(
        [assessor.assess(film.path.read_bytes(), heatmaps=HeatmapChoice.NONE).fracture_probability for film in films]
    )


def compare(dataset: Dataset, old: Array, new: Array) -> dict[str, Any]:
    """Compare two models' fracture probabilities (n,) on the same films.

    Returns
    -------
    dict
        ``verdict``, and for AUROC and specificity at sensitivity .93: old, new and the paired difference with its
        95 % interval (group bootstrap: both models are judged on the same resampled patients).
    """
    truth = np.array([film.fractured for film in dataset.films])
    bootstrap = GroupBootstrap(np.array([film.group for film in dataset.films]))
    figures: dict[str, Callable[[Truth, Array], Metric]] = {
        "auroc": metrics.auroc,
        "specificity_at_sensitivity_93": lambda fractured, score: metrics.specificity_at(fractured, score, 0.93),
    }
    found: dict[str, Any] = {"films": len(dataset), "fractured": int(truth.sum())}
    for name, figure in figures.items():
        before, after = figure(truth, old), figure(truth, new)
        found[name] = {
            "old": bootstrap.estimate(before),
            "new": bootstrap.estimate(after),
            "difference": bootstrap.estimate(_difference(before, after)),
        }
    found["verdict"] = _verdict(found["auroc"]["difference"]).value
    return found


def models(old: Path, new: Path) -> dict[str, dict[str, str]]:
    """Name the models of a comparison by the SHA-256 of their graphs, so that it speaks for no others.

    A results folder has no graph: its predictions are those of the folds' models.
    """
    places = {"old": old, "new": new}
    return {
        name: {"digest": load(place).manifest.graph.sha256}
        for name, place in places.items()
        if not (place / PREDICTIONS).is_file()
    }


def _difference(before: Metric, after: Metric) -> Metric:
    return lambda weights: after(weights) - before(weights)


def _verdict(difference: dict[str, Any]) -> Verdict:
    if difference["low"] > 0:
        return Verdict.BETTER
    if difference["low"] > -MARGIN:
        return Verdict.NOT_WORSE
    return Verdict.WORSE if difference["high"] < 0 else Verdict.UNDECIDED
