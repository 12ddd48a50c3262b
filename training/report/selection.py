"""Which films are shown as examples: chosen by rule, so that nobody can choose the flattering ones."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Any

import numpy as np
import numpy.typing as npt

from training.datasets import Film

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]


class Kind(StrEnum):
    """What an example shows."""

    FOUND = "found"
    ELSEWHERE = "elsewhere"
    MISSED = "missed"
    FALSE_ALARM = "false-alarm"


RULES: dict[Kind, str] = {
    Kind.FOUND: "the median of the fractured films that are called suspected, by probability",
    Kind.ELSEWHERE: (
        "of the fractured films that are called suspected while the map peaks more than one cell outside every "
        "outline, the most probable"
    ),
    Kind.MISSED: "of the fractured films that are not called suspected, the least probable",
    Kind.FALSE_ALARM: "of the films without a fracture that are called suspected, the most probable",
}
REGIONS = {"elbow": "Elbow", "arm": "Rest of the arm", "other": "Other films"}


def region(film: Film) -> str:
    """Return the key in ``REGIONS`` of the part of the body that a film shows, as far as its source says."""
    if film.attributes.get("site") == "elbow":
        return "elbow"
    return "arm" if film.attributes.get("hand") == "1" else "other"


def false_alarms(films: Sequence[Film], probability: Array, suspected: Array) -> list[int]:
    """Return the rows of the unfractured films that ``choose`` will choose."""
    nowhere = np.zeros(len(films), dtype=bool)
    chosen = choose(films, probability, suspected, nowhere)
    return [example["row"] for example in chosen if example["kind"] == Kind.FALSE_ALARM]


def choose(films: Sequence[Film], probability: Array, suspected: Array, astray: Mask) -> list[dict[str, Any]]:
    """Choose one film a region and kind, where there is one.

    Parameters
    ----------
    probability : array, shape (n,)
        Calibrated probability of any fracture.
    suspected : array, shape (n,)
        Each film's operating point.
    astray : array, shape (n,)
        Whether the map of an outlined film peaks more than one cell outside its outlines.

    Returns
    -------
    list of dict
        ``region``, ``kind`` and ``row`` of each example, in the order of ``REGIONS`` and ``Kind``.
    """
    fractured = np.array([film.fractured for film in films])
    regions = np.array([region(film) for film in films])
    called = probability >= suspected
    pools = {
        Kind.FOUND: (fractured & called, 0.5),
        Kind.ELSEWHERE: (fractured & called & astray, 1.0),
        Kind.MISSED: (fractured & ~called, 0.0),
        Kind.FALSE_ALARM: (~fractured & called, 1.0),
    }
    chosen = []
    for name in REGIONS:
        for kind, (pool, quantile) in pools.items():
            # Films of the same probability come in the order of their names, so that the choice is the same everywhere.
            rows: list[int] = np.flatnonzero(pool & (regions == name)).tolist()
            rows.sort(key=lambda row: (probability[row], films[row].id))
            if rows:
                chosen.append({"region": name, "kind": kind.value, "row": rows[int(quantile * (len(rows) - 1))]})
    return chosen
