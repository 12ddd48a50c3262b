"""Figures with intervals: every estimate carries a 95 % interval, and all resamples are computed at once.

A *metric* takes film weights, shape (..., n), and returns a value for each row, shape (...): one row of ones is the
estimate, a matrix of resampled counts its bootstrap. A value is not a number where a metric is undefined, as is the
AUROC of a resample without a fracture.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Truth = npt.NDArray[np.bool_]
Labels = npt.NDArray[np.int64]
Metric = Callable[[Array], Array]
Estimate = dict[str, float | int | None]

RESAMPLES = 1000
BINS = 15
Z95 = 1.959963984540054


class GroupBootstrap:
    """Percentile intervals from resampling whole groups (patients), not films.

    A resample is a count per film, used as its weight, so that every metric is computed on the same films.
    """

    def __init__(self, groups: npt.NDArray[Any], resamples: int = RESAMPLES, seed: int = 0) -> None:
        _, group_of = np.unique(groups, return_inverse=True)
        count = int(group_of.max()) + 1
        random = np.random.default_rng(seed)
        self.weights = random.multinomial(count, np.full(count, 1 / count), size=resamples)[:, group_of].astype(float)

    def estimate(self, metric: Metric, **about: float | int) -> Estimate:
        """Return value, low and high; resamples that the metric is undefined on are left out."""
        value = metric(np.ones(self.weights.shape[1]))
        draws = metric(self.weights)
        draws = draws[np.isfinite(draws)]
        low, high = np.percentile(draws, [2.5, 97.5]) if len(draws) else (math.nan, math.nan)
        return {"value": _rounded(value), "low": _rounded(low), "high": _rounded(high), **about}


def auroc(truth: Truth, score: Array) -> Metric:
    """Return the area under the ROC curve: the chance that a fractured film scores higher, ties counting half."""
    at_each = _counts_at_each_score(truth, score)

    def metric(weights: Array) -> Array:
        found, passed = at_each(weights)
        below = passed.sum(-1, keepdims=True) - passed.cumsum(-1)
        return _ratio((found * (below + passed / 2)).sum(-1), found.sum(-1) * passed.sum(-1))

    return metric


def average_precision(truth: Truth, score: Array) -> Metric:
    """Return the average precision: precision at each threshold, weighted by the sensitivity gained there."""
    at_each = _counts_at_each_score(truth, score)

    def metric(weights: Array) -> Array:
        found, passed = at_each(weights)
        called = (found + passed).cumsum(-1)
        precision = found.cumsum(-1) / np.maximum(called, 1e-12)
        return _ratio((precision * found).sum(-1), found.sum(-1))

    return metric


def specificity_at(truth: Truth, score: Array, sensitivity: float) -> Metric:
    """Return the specificity at the highest threshold that reaches a sensitivity."""
    at_each = _counts_at_each_score(truth, score)

    def metric(weights: Array) -> Array:
        found, passed = at_each(weights)
        reached = found.cumsum(-1) >= sensitivity * found.sum(-1, keepdims=True) - 1e-9
        threshold = reached.argmax(-1)[..., np.newaxis]
        false = np.take_along_axis(passed.cumsum(-1), threshold, axis=-1)[..., 0]
        specificity = 1 - _ratio(false, passed.sum(-1))
        return np.where(found.sum(-1) > 0, specificity, np.nan)

    return metric


def mean(values: Array) -> Metric:
    """Return the weighted mean: accuracy, hit rate, share."""
    return lambda weights: _ratio(weights @ values, weights.sum(-1))


def of_confusion(truth: Labels, called: Labels, figure: Metric, classes: int = 3) -> Metric:
    """Turn a figure of confusion matrices, shape (..., c, c), into a metric."""
    return lambda weights: figure(confusion(truth, called, weights, classes))


def confusion(truth: Labels, called: Labels, weights: Array, classes: int = 3) -> Array:
    """Return weighted confusion matrices, shape (..., c, c): rows the truth, columns the reading."""
    cells = np.eye(classes * classes)[truth * classes + called]
    return np.reshape(weights @ cells, (*weights.shape[:-1], classes, classes))


def macro_f1(matrix: Array) -> Array:
    """Return the mean F1 over the classes."""
    both = matrix.sum(-1) + matrix.sum(-2)
    return np.asarray((2 * _diagonal(matrix) / np.maximum(both, 1e-12)).mean(-1))


def cohen_kappa(matrix: Array) -> Array:
    """Return the agreement beyond chance (Cohen, 1960)."""
    total = matrix.sum((-2, -1))
    agreed = _diagonal(matrix).sum(-1) / total
    expected = (matrix.sum(-1) * matrix.sum(-2)).sum(-1) / total**2
    return _ratio(agreed - expected, 1 - expected)


def balanced_accuracy(matrix: Array) -> Array:
    """Return the mean recall over the classes."""
    return np.asarray(_ratio(_diagonal(matrix), matrix.sum(-1)).mean(-1))


def calibration_error(truth: Truth, probability: Array) -> Metric:
    """Return the expected calibration error over ``BINS`` equal-width bins (Naeini et al., 2015)."""
    bins = _bins(probability)

    def metric(weights: Array) -> Array:
        gaps = np.abs(weights @ (bins * (truth - probability)[:, np.newaxis]))
        return _ratio(gaps.sum(-1), weights.sum(-1))

    return metric


def reliability(truth: Truth, probability: Array) -> list[dict[str, float]]:
    """Return predicted and observed frequency and the share of films for every bin that holds any."""
    bins = _bins(probability)
    counts, predicted, observed = bins.sum(0), probability @ bins, truth @ bins
    return [
        {
            "predicted": _rounded(predicted[i] / counts[i]),
            "observed": _rounded(observed[i] / counts[i]),
            "share": _rounded(counts[i] / len(truth)),
        }
        for i in np.flatnonzero(counts)
    ]


def wilson(hits: int, n: int) -> Estimate:
    """Return a proportion with its Wilson score interval (Wilson, 1927)."""
    if n == 0:
        return {"value": None, "low": None, "high": None, "n": 0, "hits": 0}
    share, z2 = hits / n, Z95**2
    centre = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = Z95 / (1 + z2 / n) * math.sqrt(share * (1 - share) / n + z2 / (4 * n * n))
    return {
        "value": _rounded(share),
        "low": _rounded(centre - half),
        "high": _rounded(centre + half),
        "n": n,
        "hits": hits,
    }


def _counts_at_each_score(truth: Truth, score: Array) -> Callable[[Array], tuple[Array, Array]]:
    """Return a function that counts fractured and other films at each distinct score, highest first."""
    order = np.argsort(-score, kind="stable")
    starts = np.flatnonzero(np.diff(score[order], prepend=np.inf))
    fractured = truth[order].astype(float)

    def counts(weights: Array) -> tuple[Array, Array]:
        ordered = weights[..., order]
        found = np.add.reduceat(ordered * fractured, starts, axis=-1)
        return found, np.add.reduceat(ordered, starts, axis=-1) - found

    return counts


def _bins(probability: Array) -> Array:
    """Return which bin each film falls into, one-hot, shape (n, BINS)."""
    return np.asarray(np.eye(BINS)[np.minimum((probability * BINS).astype(int), BINS - 1)])


def _diagonal(matrix: Array) -> Array:
    return np.asarray(np.diagonal(matrix, axis1=-2, axis2=-1))


def _ratio(over: Any, under: Any) -> Array:
    """Divide, with not a number where there is nothing to divide by."""
    under = np.asarray(under, dtype=float)
    shares: Array = np.divide(over, under, out=np.full(under.shape, np.nan), where=under > 0)
    return shares


def _rounded(value: Any) -> float:
    """Keep four digits: more than any interval here deserves, and the same on every machine."""
    return round(float(value), 4)
