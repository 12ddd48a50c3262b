"""Figures with intervals: every estimate carries its n and a 95 % interval."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.metrics import average_precision_score, roc_auc_score

Array = npt.NDArray[np.float64]
Weights = npt.NDArray[np.float64]
Estimate = dict[str, float | int | None]

RESAMPLES = 1000
BINS = 15
Z95 = 1.959963984540054


class GroupBootstrap:
    """Percentile intervals from resampling whole groups (patients), not films.

    A resample is a count per film, used as its weight, so that every metric is computed on the same films.
    """

    def __init__(self, groups: npt.NDArray[Any], resamples: int = RESAMPLES, seed: int = 0) -> None:
        _, self.group_of = np.unique(groups, return_inverse=True)
        count = int(self.group_of.max()) + 1
        random = np.random.default_rng(seed)
        self.counts = random.multinomial(count, np.full(count, 1 / count), size=resamples).astype(np.float64)

    def estimate(self, metric: Callable[[Weights], float], **about: float | int) -> Estimate:
        """Return value, low and high of a metric of film weights; resamples it is undefined on are left out."""
        value = metric(np.ones(len(self.group_of)))
        draws = np.array([metric(counts[self.group_of]) for counts in self.counts])
        draws = draws[np.isfinite(draws)]
        low, high = np.percentile(draws, [2.5, 97.5]) if len(draws) else (math.nan, math.nan)
        return {"value": _round(value), "low": _round(low), "high": _round(high), **about}


def auroc(truth: npt.NDArray[np.bool_], score: Array) -> Callable[[Weights], float]:
    """Return the area under the ROC curve as a function of film weights; not a number if a class is absent."""

    def metric(weights: Weights) -> float:
        if not weights[truth].any() or not weights[~truth].any():
            return math.nan
        return float(roc_auc_score(truth, score, sample_weight=weights))

    return metric


def average_precision(truth: npt.NDArray[np.bool_], score: Array) -> Callable[[Weights], float]:
    """Return average precision as a function of film weights."""

    def metric(weights: Weights) -> float:
        return float(average_precision_score(truth, score, sample_weight=weights)) if weights[truth].any() else math.nan

    return metric


def specificity_at(truth: npt.NDArray[np.bool_], score: Array, sensitivity: float) -> Callable[[Weights], float]:
    """Return the specificity where the sensitivity is at least the given one, as a function of film weights."""
    order = np.argsort(-score, kind="stable")

    def metric(weights: Weights) -> float:
        ordered, fractured = weights[order], truth[order]
        found, passed = ordered * fractured, ordered * ~fractured
        if not found.any() or not passed.any():
            return math.nan
        reached = int(np.searchsorted(np.cumsum(found), sensitivity * found.sum()))
        # Films with the same score share a side of the threshold.
        threshold = score[order][min(reached, len(order) - 1)]
        return float(passed[score[order] < threshold].sum() / passed.sum())

    return metric


def weighted_mean(values: Array) -> Callable[[Weights], float]:
    """Return the mean as a function of film weights: accuracy, hit rate, share."""
    return lambda weights: float(np.average(values, weights=weights)) if weights.any() else math.nan


def confusion(
    truth: npt.NDArray[np.int64], predicted: npt.NDArray[np.int64], weights: Weights, classes: int = 3
) -> Array:
    """Return the weighted confusion matrix, rows the truth, columns the reading."""
    matrix = np.zeros((classes, classes))
    np.add.at(matrix, (truth, predicted), weights)
    return matrix


def macro_f1(matrix: Array) -> float:
    """Return the mean F1 over the classes of a confusion matrix."""
    return float(np.mean(2 * np.diag(matrix) / np.maximum(matrix.sum(0) + matrix.sum(1), 1e-12)))


def cohen_kappa(matrix: Array) -> float:
    """Return the agreement beyond chance of a confusion matrix (Cohen, 1960)."""
    total = matrix.sum()
    agreed, expected = np.trace(matrix) / total, (matrix.sum(0) @ matrix.sum(1)) / total**2
    return float((agreed - expected) / (1 - expected)) if expected < 1 else math.nan


def balanced_accuracy(matrix: Array) -> float:
    """Return the mean recall over the classes of a confusion matrix; not a number if one is absent."""
    rows = matrix.sum(1)
    return float(np.mean(np.diag(matrix) / rows)) if rows.all() else math.nan


def calibration_error(truth: npt.NDArray[np.bool_], probability: Array, weights: Weights) -> float:
    """Return the expected calibration error over ``BINS`` equal-width bins (Naeini et al., 2015)."""
    return float(
        sum(
            abs(bin_["observed"] - bin_["predicted"]) * bin_["share"]
            for bin_ in reliability(truth, probability, weights)
        )
    )


def reliability(truth: npt.NDArray[np.bool_], probability: Array, weights: Weights) -> list[dict[str, float]]:
    """Return predicted and observed frequency and share of films for every bin that is not empty."""
    place = np.minimum((probability * BINS).astype(int), BINS - 1)
    bins = []
    for index in range(BINS):
        inside = weights * (place == index)
        if inside.sum() > 0:
            bins.append(
                {
                    "predicted": _round(np.average(probability, weights=inside)),
                    "observed": _round(np.average(truth, weights=inside)),
                    "share": _round(inside.sum() / weights.sum()),
                }
            )
    return bins


def wilson(hits: int, n: int) -> Estimate:
    """Return a proportion with its Wilson score interval (Wilson, 1927)."""
    if n == 0:
        return {"value": None, "low": None, "high": None, "n": 0, "hits": 0}
    share, z2 = hits / n, Z95**2
    centre = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = Z95 / (1 + z2 / n) * math.sqrt(share * (1 - share) / n + z2 / (4 * n * n))
    return {"value": _round(share), "low": _round(centre - half), "high": _round(centre + half), "n": n, "hits": hits}


def _round(value: float) -> float:
    """Keep four digits: more than any interval here deserves, and stable across machines."""
    return round(float(value), 4)
