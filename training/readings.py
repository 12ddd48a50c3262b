"""What networks that had not seen its patient made of every film, calibrated: what all figures are computed from."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from fracturelens.bundle import Calibration, OperatingPoints
from training import calibration
from training.crossval import OUTPUT, folds
from training.datasets import DataError, Dataset
from training.report.selection import false_alarms

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

PREDICTIONS = "out-of-fold.npz"
"""Name of the predictions in a results folder."""


@dataclass(frozen=True, slots=True)
class OutOfFold:
    """The folds' predictions.

    Logits (n, 3) of the films ``ids``, and class maps (m, h, w, 3) of the films ``mapped``: the fractured ones, and
    the false alarms that are shown as examples.
    """

    ids: list[str]
    logits: Array
    mapped: list[str]
    class_maps: npt.NDArray[np.float16]

    @classmethod
    def gather(cls, dataset: Dataset, runs: Path) -> OutOfFold:
        """Join the folds' predictions and drop the maps that no figure needs.

        Raises
        ------
        DataError
            If a fold is not finished.
        """
        ids: list[str] = []
        logits, maps = [], []
        for fold in folds(dataset):
            path = runs / f"fold-{fold}" / OUTPUT
            if not path.is_file():
                raise DataError(path, "this fold is not trained yet; run `python -m training crossval`")
            content = np.load(path)
            ids += content["ids"].tolist()
            logits.append(content["logits"])
            maps.append(content["class_maps"])
        everything = cls(ids, np.concatenate(logits).astype(np.float64), ids, np.concatenate(maps))
        readings = read(dataset, everything)
        shown = false_alarms(dataset.films, readings.probability, readings.points[:, 0])
        needed = {film.id for row, film in enumerate(dataset.films) if film.fractured or row in shown}
        keep = [row for row, name in enumerate(ids) if name in needed]
        return replace(everything, mapped=[ids[row] for row in keep], class_maps=everything.class_maps[keep])

    def write(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        np.savez_compressed(
            path,
            ids=np.array(self.ids),
            logits=self.logits.astype(np.float32),
            mapped=np.array(self.mapped),
            class_maps=self.class_maps,
        )

    @classmethod
    def read(cls, path: Path) -> OutOfFold:
        content = np.load(path)
        return cls(
            content["ids"].tolist(),
            content["logits"].astype(np.float64),
            content["mapped"].tolist(),
            content["class_maps"],
        )


@dataclass(frozen=True, slots=True)
class Readings:
    """The films with labels and calibrated out-of-fold probabilities, each row one film.

    ``crossed`` (n, 3) is calibrated with temperature and bias fitted on the *other* folds: what the figures use, so
    that nothing is fitted to the film it is judged on. ``points`` (n, 2) are operating points chosen likewise.
    """

    dataset: Dataset
    logits: Array
    crossed: Array
    points: Array
    truth: npt.NDArray[np.int64]
    fractured: Mask
    known: Mask
    allowed: Array
    groups: npt.NDArray[Any]

    @property
    def probability(self) -> Array:
        """Calibrated probability of any fracture, shape (n,)."""
        return 1 - self.crossed[:, 0]

    @property
    def shown(self) -> npt.NDArray[np.int64]:
        """The class whose map the product shows, shape (n,): the more probable fracture class."""
        return np.where(self.crossed[:, 1] > self.crossed[:, 2], 1, 2)

    def attribute(self, name: str) -> npt.NDArray[np.str_]:
        return np.array([film.attributes.get(name, "") for film in self.dataset.films], dtype=np.str_)

    def only(self, chosen: Mask) -> Readings:
        """Return the readings of some of the films."""
        films = tuple(film for film, keep in zip(self.dataset.films, chosen, strict=True) if keep)
        rows = {field.name: getattr(self, field.name)[chosen] for field in fields(self) if field.name != "dataset"}
        return Readings(dataset=replace(self.dataset, films=films), **rows)


def read(dataset: Dataset, predicted: OutOfFold) -> Readings:
    """Bring predictions into the order of the data set and calibrate them fold by fold.

    Raises
    ------
    DataError
        If a film has no prediction.
    """
    place = {name: row for row, name in enumerate(predicted.ids)}
    missing = [film.id for film in dataset.films if film.id not in place]
    if missing:
        raise DataError(dataset.source, f"film {missing[0]!r} has no out-of-fold prediction")
    logits = predicted.logits[[place[film.id] for film in dataset.films]]
    allowed = np.stack([film.target() for film in dataset.films]).astype(np.float64)
    fractured = np.array([film.fractured for film in dataset.films])
    fold = np.array([film.fold for film in dataset.films])
    crossed, points = np.empty_like(logits), np.empty((len(logits), 2))
    for current in np.unique(fold):
        others, own = fold != current, fold == current
        fitted = calibration.fit_calibration(logits[others], allowed[others])
        probability = 1 - calibration.apply_calibration(logits[others], fitted)[:, 0]
        chosen = calibration.choose_operating_points(probability, fractured[others])
        crossed[own] = calibration.apply_calibration(logits[own], fitted)
        points[own] = chosen.suspected, chosen.likely
    return Readings(
        dataset=dataset,
        logits=logits,
        crossed=crossed,
        points=points,
        truth=allowed.argmax(axis=1),
        fractured=fractured,
        known=allowed.sum(axis=1) == 1,
        allowed=allowed,
        groups=np.array([film.group for film in dataset.films]),
    )


def frozen(readings: Readings) -> tuple[Calibration, OperatingPoints]:
    """Return the calibration and operating points to ship: fitted to all out-of-fold predictions."""
    fitted = calibration.fit_calibration(readings.logits, readings.allowed)
    probability = 1 - calibration.apply_calibration(readings.logits, fitted)[:, 0]
    return fitted, calibration.choose_operating_points(probability, readings.fractured)
