"""Out-of-fold predictions to results: every figure with its n and interval, written as JSON."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from fracturelens.bundle import CLASSES, Calibration, OperatingPoints
from training import calibration, metrics
from training.crossval import OUTPUT, folds
from training.datasets import DataError, Dataset
from training.metrics import Estimate, GroupBootstrap
from training.pointing import Pointing, point
from training.recipe import Recipe

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

PREDICTIONS = "out-of-fold.npz"
"""Name of the predictions in a results folder."""
LEAST_FILMS = 20
"""Subgroups with fewer fractured or unfractured films get no figure."""


@dataclass(frozen=True, slots=True)
class OutOfFold:
    """What networks that had not seen its patient made of every film.

    Logits (n, 3) of the films ``ids``, and class maps (m, h, w, 3) of the fractured ones, ``mapped``.
    """

    ids: list[str]
    logits: Array
    mapped: list[str]
    class_maps: npt.NDArray[np.float16]

    @classmethod
    def gather(cls, dataset: Dataset, runs: Path) -> OutOfFold:
        """Join the folds' predictions.

        Raises
        ------
        DataError
            If a fold is not finished.
        """
        fractured = {film.id for film in dataset.films if film.fractured}
        ids: list[str] = []
        logits, maps = [], []
        for fold in folds(dataset):
            path = runs / f"fold-{fold}" / OUTPUT
            if not path.is_file():
                raise DataError(path, "this fold is not trained yet; run `python -m training crossval`")
            content = np.load(path)
            keep = [name in fractured for name in content["ids"].tolist()]
            ids += content["ids"].tolist()
            logits.append(content["logits"])
            maps.append(content["class_maps"][keep])
        mapped = [name for name in ids if name in fractured]
        return cls(ids, np.concatenate(logits).astype(np.float64), mapped, np.concatenate(maps))

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

    def attribute(self, name: str) -> npt.NDArray[np.str_]:
        return np.array([film.attributes.get(name, "") for film in self.dataset.films])


def read(dataset: Dataset, predicted: OutOfFold) -> Readings:
    """Bring predictions into the order of the data set and calibrate them fold by fold."""
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


def evaluate(dataset: Dataset, predicted: OutOfFold, recipe: Recipe) -> dict[str, Any]:
    """Return every figure as plain JSON."""
    readings = read(dataset, predicted)
    shipped, points = frozen(readings)
    arm, elbow = readings.attribute("hand") == "1", readings.attribute("site") == "elbow"
    everything = np.ones(len(dataset), dtype=bool)
    return {
        "data": {
            "name": dataset.name,
            "digest": dataset.digest(),
            "films": len(dataset),
            "groups": len(set(readings.groups.tolist())),
            "folds": len(folds(dataset)),
            "label_origin": dataset.label_origin,
            "counts": {name: sum(film.severity == name for film in dataset.films) for name in (*CLASSES, "unclear")},
        },
        "recipe": recipe.to_json(),
        "frozen": {"calibration": shipped.model_dump(), "operating_points": points.model_dump()},
        "any_fracture": {
            "all films": _detection(readings, everything),
            "arm films": _detection(readings, arm),
            "elbow films": _detection(readings, elbow),
        },
        "one_class": {
            "hairline vs normal": _versus_normal(readings, 1),
            "displaced vs normal": _versus_normal(readings, 2),
        },
        "severity": _severity(readings),
        "three_classes": _three_classes(readings),
        "operating_points": _operating_points(readings),
        "calibration": _calibration(readings),
        "subgroups": _subgroups(readings),
        "pointing": _pointing(readings, predicted, recipe),
        "roc": _roc(readings),
    }


def _bootstrap(readings: Readings, chosen: Mask) -> GroupBootstrap:
    return GroupBootstrap(readings.groups[chosen])


def _detection(readings: Readings, chosen: Mask) -> dict[str, Any]:
    truth, score = readings.fractured[chosen], readings.probability[chosen]
    about = {"n": int(chosen.sum()), "fractured": int(truth.sum())}
    if min(truth.sum(), (~truth).sum()) < LEAST_FILMS:
        return dict(about)
    bootstrap = _bootstrap(readings, chosen)
    return {
        **about,
        "auroc": bootstrap.estimate(metrics.auroc(truth, score)),
        "average_precision": bootstrap.estimate(metrics.average_precision(truth, score)),
        "specificity_at_sensitivity_93": bootstrap.estimate(metrics.specificity_at(truth, score, 0.93)),
    }


def _versus_normal(readings: Readings, index: int) -> dict[str, Any]:
    chosen = readings.known & ((readings.truth == 0) | (readings.truth == index))
    truth = readings.truth[chosen] == index
    bootstrap = _bootstrap(readings, chosen)
    return {
        "n": int(chosen.sum()),
        "fractured": int(truth.sum()),
        "auroc": bootstrap.estimate(metrics.auroc(truth, readings.probability[chosen])),
    }


def _severity(readings: Readings) -> dict[str, Any]:
    chosen = readings.known & readings.fractured
    truth = readings.truth[chosen] == 2
    hairline, displaced = readings.crossed[chosen, 1], readings.crossed[chosen, 2]
    score = displaced / (hairline + displaced)
    bootstrap = _bootstrap(readings, chosen)
    called = (score > 0.5).astype(np.int64)
    balanced = metrics.of_confusion(truth.astype(np.int64), called, metrics.balanced_accuracy, classes=2)
    return {
        "n": int(chosen.sum()),
        "displaced": int(truth.sum()),
        "auroc": bootstrap.estimate(metrics.auroc(truth, score)),
        "balanced_accuracy": bootstrap.estimate(balanced),
    }


def _three_classes(readings: Readings) -> dict[str, Any]:
    chosen = readings.known
    truth, called = readings.truth[chosen], readings.crossed[chosen].argmax(axis=1)
    bootstrap = _bootstrap(readings, chosen)
    matrix = metrics.confusion(truth, called, np.ones(len(truth)))
    return {
        "n": int(chosen.sum()),
        "accuracy": bootstrap.estimate(metrics.mean((truth == called).astype(np.float64))),
        "accuracy_of_always_normal": round(float((truth == 0).mean()), 4),
        "macro_f1": bootstrap.estimate(metrics.of_confusion(truth, called, metrics.macro_f1)),
        "kappa": bootstrap.estimate(metrics.of_confusion(truth, called, metrics.cohen_kappa)),
        "confusion": matrix.astype(int).tolist(),
    }


def _operating_points(readings: Readings) -> dict[str, Any]:
    found = {}
    for column, name in enumerate(("suspected", "likely")):
        called = readings.probability >= readings.points[:, column]
        truth = readings.fractured
        found[name] = {
            "sensitivity": metrics.wilson(int((called & truth).sum()), int(truth.sum())),
            "specificity": metrics.wilson(int((~called & ~truth).sum()), int((~truth).sum())),
            "npv": metrics.wilson(int((~called & ~truth).sum()), int((~called).sum())),
            "ppv": metrics.wilson(int((called & truth).sum()), int(called.sum())),
        }
    return found


def _calibration(readings: Readings) -> dict[str, Any]:
    bootstrap = _bootstrap(readings, np.ones(len(readings.fractured), dtype=bool))
    before = 1 - calibration.apply_calibration(readings.logits, Calibration())[:, 0]
    found: dict[str, Any] = {"n": len(readings.fractured), "bins": metrics.BINS}
    for name, probability in (("before", before), ("after", readings.probability)):
        found[name] = {
            "ece": bootstrap.estimate(metrics.calibration_error(readings.fractured, probability)),
            "reliability": metrics.reliability(readings.fractured, probability),
        }
    return found


def _subgroups(readings: Readings) -> dict[str, dict[str, Any]]:
    cast, metal = readings.attribute("cast_seen") == "1", readings.attribute("hardware") == "1"
    longest = np.array(
        [
            max(int(film.attributes.get(side, 0) or 0) for side in ("source_width", "source_height"))
            for film in readings.dataset.films
        ]
    )
    chosen: dict[str, Mask] = {"without casts and metal": ~cast & ~metal}
    for region in ("hand", "leg", "hip", "shoulder"):
        chosen[f"region: {'arm' if region == 'hand' else region}"] = readings.attribute(region) == "1"
    for view in ("frontal", "lateral", "oblique"):
        chosen[f"view: {view}"] = readings.attribute(view) == "1"
    chosen["several films on one sheet"] = readings.attribute("multiscan") == "1"
    chosen["source up to 1,000 px"] = longest <= 1000
    chosen["source over 1,000 px"] = longest > 1000
    return {name: _detection(readings, films) for name, films in chosen.items()}


def _pointing(readings: Readings, predicted: OutOfFold, recipe: Recipe) -> dict[str, Estimate]:
    film_of = {film.id: row for row, film in enumerate(readings.dataset.films)}
    rows, found = [], []
    for name, maps in zip(tqdm(predicted.mapped, desc="Pointing", unit="film"), predicted.class_maps, strict=True):
        row = film_of[name]
        film = readings.dataset.films[row]
        if film.polygons:
            # The map that the product shows: that of the more probable fracture class.
            shown = 1 + int(readings.crossed[row, 2] > readings.crossed[row, 1])
            rows.append(row)
            found.append(point(film, maps[..., shown], recipe))
    if not found:
        return {}
    bootstrap = GroupBootstrap(readings.groups[rows])

    def rate(name: str) -> Estimate:
        values = np.array([getattr(one, name) for one in found], dtype=np.float64)
        return bootstrap.estimate(metrics.mean(values), n=len(found))

    return {name: rate(name) for name in Pointing.__slots__}


def _roc(readings: Readings) -> dict[str, list[float]]:
    from sklearn.metrics import roc_curve

    false, true, _ = roc_curve(readings.fractured, readings.probability)
    keep = np.unique(np.linspace(0, len(false) - 1, min(len(false), 400)).astype(int))
    return {"false_positive_rate": false[keep].round(4).tolist(), "true_positive_rate": true[keep].round(4).tolist()}


def write(results: dict[str, Any], path: Path) -> None:
    """Write results as JSON that is the same on every run."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n")
