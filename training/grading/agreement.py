"""How far readers agree, with one another and with themselves, beyond chance."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt

from training import metrics
from training.grading.grades import GRADES, Grade
from training.metrics import Array, Estimate, GroupBootstrap, Metric

Table = npt.NDArray[np.int64]

UNSEEN = -1
"""In a table of grades: this reader did not grade this film."""


def agreement(grades: Sequence[Grade]) -> dict[str, Any]:
    """Return agreement as plain JSON; 95 % intervals resample films.

    Returns
    -------
    dict
        ``films``, ``readers`` (name: films graded); ``all``: Krippendorff's alpha over all readers; ``pairs``: for
        each two readers the share of films called alike, Cohen's kappa of the four grades, of any fracture
        (normal or not) and of severity (where both said hairline or displaced), and the table of their grades, rows
        the first reader's; ``within``: the same for each reader's first and second look at a film.
    """
    readers = sorted({grade.reader for grade in grades})
    films = sorted({grade.image_id for grade in grades})
    first, second = (_table(grades, films, readers, showing) for showing in (1, 2))
    columns = range(len(readers))
    return {
        "films": len(films),
        "readers": {readers[i]: int((first[:, i] != UNSEEN).sum()) for i in columns},
        "all": krippendorff_alpha(first),
        "pairs": [
            {"readers": [readers[a], readers[b]], **_compared(first[:, a], first[:, b])}
            for a, b in combinations(columns, 2)
        ],
        "within": [
            {"reader": readers[i], **_compared(first[:, i], second[:, i])}
            for i in columns
            if (second[:, i] != UNSEEN).any()
        ],
    }


def krippendorff_alpha(table: Table, classes: int = len(GRADES)) -> Estimate:
    """Return the agreement of any number of readers, not all of whom need have read every film.

    Krippendorff's alpha for nominal data (Krippendorff, Computing Krippendorff's Alpha-Reliability, 2011), of films
    with at least two grades: 1 is perfect, 0 what chance gives.

    Parameters
    ----------
    table : int array, shape (films, readers)
        Classes from 0, or ``UNSEEN``.
    """
    counts = np.stack([(table == index).sum(axis=1) for index in range(classes)], axis=1).astype(float)
    counts = counts[counts.sum(axis=1) >= 2]
    if not len(counts):
        return _nothing()
    graders = counts.sum(axis=1)
    pairs = counts[:, :, np.newaxis] * (counts[:, np.newaxis, :] - np.eye(classes))
    coincidences = pairs / (graders - 1)[:, np.newaxis, np.newaxis]

    def alpha(weights: Array) -> Array:
        matrix = np.tensordot(weights, coincidences, axes=1)
        totals = matrix.sum(axis=-1)
        n = totals.sum(axis=-1)
        observed = n - np.trace(matrix, axis1=-2, axis2=-1)
        expected = (n**2 - (totals**2).sum(axis=-1)) / (n - 1)
        return np.asarray(1 - np.divide(observed, expected, out=np.full(n.shape, np.nan), where=expected > 0))

    return _estimate(alpha, len(counts))


def _table(grades: Sequence[Grade], films: list[str], readers: list[str], showing: int) -> Table:
    """Return the grades of one showing, shape (films, readers)."""
    row, column = ({name: place for place, name in enumerate(names)} for names in (films, readers))
    table = np.full((len(films), len(readers)), UNSEEN, dtype=np.int64)
    for grade in grades:
        if grade.showing == showing:
            table[row[grade.image_id], column[grade.reader]] = GRADES.index(grade.severity)
    return table


def _compared(one: Table, other: Table) -> dict[str, Any]:
    """Compare two columns of grades on the films that have both."""
    both = (one != UNSEEN) & (other != UNSEEN)
    a, b = one[both], other[both]
    graded = np.isin(a, (1, 2)) & np.isin(b, (1, 2))
    return {
        "agreed": metrics.wilson(int((a == b).sum()), len(a)),
        "kappa": _kappa(a, b),
        "kappa_any_fracture": _kappa((a > 0).astype(np.int64), (b > 0).astype(np.int64)),
        "kappa_severity": _kappa(a[graded], b[graded]),
        "table": metrics.confusion(a, b, np.ones(len(a)), len(GRADES)).astype(int).tolist(),
    }


def _kappa(a: Table, b: Table) -> Estimate:
    if not len(a):
        return _nothing()
    return _estimate(metrics.of_confusion(a, b, metrics.cohen_kappa, len(GRADES)), len(a))


def _estimate(metric: Metric, n: int) -> Estimate:
    """Return a metric of ``n`` films with its interval, each film resampled by itself."""
    found = GroupBootstrap(np.arange(n)).estimate(metric, n=n)
    return {name: None if isinstance(value, float) and math.isnan(value) else value for name, value in found.items()}


def _nothing() -> Estimate:
    return {"value": None, "low": None, "high": None, "n": 0}
