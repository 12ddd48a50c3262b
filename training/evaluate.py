"""Out-of-fold predictions to results: every figure with its n and interval, written as JSON."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from fracturelens.bundle import CLASSES, Calibration
from training import calibration, metrics
from training.crossval import folds
from training.datasets import DataError, Dataset, Film
from training.metrics import GroupBootstrap, Metric
from training.pointing import Pointing, point
from training.readings import PREDICTIONS, Mask, OutOfFold, Readings, frozen, read
from training.recipe import Recipe
from training.report import selection

__all__ = ["PREDICTIONS", "OutOfFold", "Readings", "evaluate", "frozen", "gather", "joined", "read", "write"]

LEAST_FILMS = 20
"""A comparison with fewer films on either side gets no figure."""
SENSITIVITY = 0.93
"""At which specificity is reported: that of a meta-analysis of elbow fracture detectors in children."""
PARTS = ("sanity", "gate")
"""Parts of the results that come from steps of their own, each from a file of that name."""
WHOLE_SET = ("all films", "arm films", "elbow films")
"""The groups that every figure is reported for, and that the bundle's manifest carries."""


def gather(dataset: Dataset, runs: Path, results: Path) -> None:
    """Write the folds' predictions and histories into a results folder.

    Raises
    ------
    DataError
        If a fold is not finished.
    """
    OutOfFold.gather(dataset, runs).write(results / PREDICTIONS)
    for history in sorted(runs.glob("*/history.csv")):
        shutil.copy(history, results / f"history-{history.parent.name}.csv")


def evaluate(dataset: Dataset, predicted: OutOfFold, recipe: Recipe) -> dict[str, Any]:
    """Return every figure as plain JSON."""
    readings = read(dataset, predicted)
    shipped, points = frozen(readings)
    pointed = _pointed(readings, predicted, recipe)
    groups = {name: figures(readings.only(films)) for name, films in _groups(readings).items()}
    detection = ("n", "fractured", "auroc", "average_precision", "specificity_at_sensitivity_93")
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
            name: {key: groups[name][key] for key in detection if key in groups[name]} for name in WHOLE_SET
        },
        "one_class": groups["all films"]["one_class"],
        "severity": {**groups["all films"]["severity"], **_label_agreement(readings)},
        "three_classes": {**groups["all films"]["three_classes"], "confusion": _confusion(readings)},
        "operating_points": {name: groups["all films"][name] for name in ("suspected", "likely")},
        "calibration": _calibration(readings),
        "subgroups": groups,
        "shortcuts": _shortcuts(readings),
        "misses": _misses(readings),
        "pointing": _pointing(readings, pointed),
        "examples": _examples(readings, predicted, pointed),
        "roc": {name: _roc(readings.only(films)) for name, films in _groups(readings).items() if name in WHOLE_SET},
    }


def figures(readings: Readings) -> dict[str, Any]:
    """Return every figure of a group of films; those that too few films stand behind are left out."""
    truth, score = readings.fractured, readings.probability
    found: dict[str, Any] = {"n": len(truth), "fractured": int(truth.sum())}
    if _enough(truth):
        bootstrap = GroupBootstrap(readings.groups)
        found["auroc"] = bootstrap.estimate(metrics.auroc(truth, score))
        found["average_precision"] = bootstrap.estimate(metrics.average_precision(truth, score))
        found["specificity_at_sensitivity_93"] = bootstrap.estimate(metrics.specificity_at(truth, score, SENSITIVITY))
        found["ece"] = bootstrap.estimate(metrics.calibration_error(truth, score))
    for column, name in enumerate(("suspected", "likely")):
        called = score >= readings.points[:, column]
        found[name] = {
            "sensitivity": metrics.wilson(int((called & truth).sum()), int(truth.sum())),
            "specificity": metrics.wilson(int((~called & ~truth).sum()), int((~truth).sum())),
            "npv": metrics.wilson(int((~called & ~truth).sum()), int((~called).sum())),
            "ppv": metrics.wilson(int((called & truth).sum()), int(called.sum())),
        }
    return {
        **found,
        "one_class": {
            f"{CLASSES[index]} vs normal": _versus_normal(readings.only(_is_normal_or(readings, index)))
            for index in (1, 2)
        },
        "severity": _severity(readings.only(readings.known & readings.fractured)),
        "three_classes": _three_classes(readings.only(readings.known)),
    }


def _enough(truth: Mask) -> bool:
    return bool(min(truth.sum(), (~truth).sum()) >= LEAST_FILMS)


def _groups(readings: Readings) -> dict[str, Mask]:
    """Return which films belong to each group that figures are reported for."""
    is_set = {name: readings.attribute(name) == "1" for name in ("hand", "leg", "hip", "shoulder", "hardware")}
    cast = readings.attribute("cast_seen") == "1"
    longest = _longest_side(readings)
    chosen: dict[str, Mask] = {
        "all films": np.ones(len(readings.fractured), dtype=bool),
        "arm films": is_set["hand"],
        "elbow films": readings.attribute("site") == "elbow",
        "without casts and metal": ~cast & ~is_set["hardware"],
        **{f"region: {name}": is_set[name] for name in ("leg", "hip", "shoulder")},
        **{f"view: {name}": readings.attribute(name) == "1" for name in ("frontal", "lateral", "oblique")},
        "several films on one sheet": readings.attribute("multiscan") == "1",
        "source up to 1,000 px": longest <= 1000,
        "source over 1,000 px": longest > 1000,
    }
    return {name: films for name, films in chosen.items() if name in WHOLE_SET or films.any()}


def _longest_side(readings: Readings) -> npt.NDArray[np.int64]:
    """Return the longest side of each film as the source published it, pixels; 0 where it does not say."""
    sides = ("source_width", "source_height")
    return np.array([max(int(film.attributes.get(side) or 0) for side in sides) for film in readings.dataset.films])


def _is_normal_or(readings: Readings, index: int) -> Mask:
    return np.asarray(readings.known & ((readings.truth == 0) | (readings.truth == index)))


def _versus_normal(readings: Readings) -> dict[str, Any]:
    found: dict[str, Any] = {"n": len(readings.fractured), "fractured": int(readings.fractured.sum())}
    if _enough(readings.fractured):
        metric = metrics.auroc(readings.fractured, readings.probability)
        found["auroc"] = GroupBootstrap(readings.groups).estimate(metric)
    return found


def _severity(readings: Readings) -> dict[str, Any]:
    """Return how well hairline and displaced are told apart, of fractured films whose severity is known."""
    displaced = readings.truth == 2
    found: dict[str, Any] = {"n": len(displaced), "displaced": int(displaced.sum())}
    if _enough(displaced):
        bootstrap = GroupBootstrap(readings.groups)
        share = readings.crossed[:, 2] / (readings.crossed[:, 1] + readings.crossed[:, 2])
        truth, called = displaced.astype(np.int64), (share > 0.5).astype(np.int64)
        found["auroc"] = bootstrap.estimate(metrics.auroc(displaced, share))
        for name, figure in (("balanced_accuracy", metrics.balanced_accuracy), ("kappa", metrics.cohen_kappa)):
            found[name] = bootstrap.estimate(metrics.of_confusion(truth, called, figure, classes=2))
    return found


def _three_classes(readings: Readings) -> dict[str, Any]:
    truth, called = readings.truth, readings.crossed.argmax(axis=1)
    found: dict[str, Any] = {"n": len(truth)}
    if _enough(readings.fractured):
        bootstrap = GroupBootstrap(readings.groups)
        figures_of: dict[str, Metric] = {
            "accuracy": metrics.mean((truth == called).astype(np.float64)),
            "macro_f1": metrics.of_confusion(truth, called, metrics.macro_f1),
            "kappa": metrics.of_confusion(truth, called, metrics.cohen_kappa),
        }
        found["accuracy_of_always_normal"] = round(float((truth == 0).mean()), 4)
        found |= {name: bootstrap.estimate(metric) for name, metric in figures_of.items()}
    return found


def _confusion(readings: Readings) -> list[list[int]]:
    known = readings.only(readings.known)
    matrix = metrics.confusion(known.truth, known.crossed.argmax(axis=1), np.ones(len(known.truth)))
    counts: list[list[int]] = matrix.astype(int).tolist()
    return counts


def _label_agreement(readings: Readings) -> dict[str, Any]:
    """Return how well the independent readings behind the severity labels agree, and what that does to the AUROC.

    ``severity_readings`` of a film holds its readings, divided by slashes; of the first two neither saw the other.
    """
    pairs = [tuple(text.split("/")[:2]) for text in readings.attribute("severity_readings")]
    both = np.array([len(pair) == 2 and set(pair) <= set(CLASSES[1:]) for pair in pairs])
    if not both.any():
        return {}
    first, second = (
        np.array([int(pair[place] == "displaced") for pair, kept in zip(pairs, both, strict=True) if kept])
        for place in (0, 1)
    )
    bootstrap = GroupBootstrap(readings.groups[both])
    basis = readings.attribute("severity_basis")
    known = readings.known & readings.fractured
    return {
        "readers": {
            "n": int(both.sum()),
            "agreement": bootstrap.estimate(metrics.mean((first == second).astype(np.float64))),
            "kappa": bootstrap.estimate(metrics.of_confusion(first, second, metrics.cohen_kappa, classes=2)),
        },
        "by_basis": {
            str(name): _severity(readings.only(known & (basis == name))) for name in sorted(set(basis[known]) - {""})
        },
    }


def _calibration(readings: Readings) -> dict[str, Any]:
    bootstrap = GroupBootstrap(readings.groups)
    before = 1 - calibration.apply_calibration(readings.logits, Calibration())[:, 0]
    found: dict[str, Any] = {"n": len(readings.fractured), "bins": metrics.BINS}
    for name, probability in (("before", before), ("after", readings.probability)):
        found[name] = {
            "ece": bootstrap.estimate(metrics.calibration_error(readings.fractured, probability)),
            "reliability": metrics.reliability(readings.fractured, probability),
        }
    return found


def _shortcuts(readings: Readings) -> dict[str, Any]:
    """Return how well things that are not bone tell fractured films: the bait that a network might take."""
    baits = {
        "longest side of the source image": _longest_side(readings).astype(np.float64),
        "metal seen": (readings.attribute("hardware") == "1").astype(np.float64),
    }
    if not _enough(readings.fractured):
        return {}
    bootstrap = GroupBootstrap(readings.groups)
    return {
        name: bootstrap.estimate(metrics.auroc(readings.fractured, bait)) for name, bait in baits.items() if bait.any()
    }


def _misses(readings: Readings) -> dict[str, dict[str, Any]]:
    """Return the sensitivity at "suspected" by severity and by the fracture's size: what is missed."""
    found = readings.probability >= readings.points[:, 0]
    films = readings.dataset.films

    def sensitivity(chosen: Mask) -> dict[str, Any]:
        return metrics.wilson(int((found & chosen).sum()), int(chosen.sum()))

    severity = np.array([film.severity for film in films])
    size = np.array([_outlined_share(film) if film.fractured else 0.0 for film in films])
    by_size = {}
    if (size > 0).any():
        small, large = (round(float(share), 4) for share in np.quantile(size[size > 0], [1 / 3, 2 / 3]))
        by_size = {
            f"outlines below {100 * small:.2f} % of the film": sensitivity((size > 0) & (size < small)),
            f"{100 * small:.2f} to {100 * large:.2f} %": sensitivity((size >= small) & (size < large)),
            f"{100 * large:.2f} % and more": sensitivity(size >= large),
        }
    return {
        "by_severity": {name: sensitivity(severity == name) for name in (*CLASSES[1:], "unclear")},
        "by_size": by_size,
    }


def _outlined_share(film: Film) -> float:
    """Return the share of the film inside its outlines (shoelace formula; overlaps count twice)."""
    total = 0.0
    for ring in film.polygons or ():
        x, y = ring[:, 0], ring[:, 1]
        total += abs(float(x @ np.roll(y, 1) - y @ np.roll(x, 1))) / 2
    return total


def _pointed(readings: Readings, predicted: OutOfFold, recipe: Recipe) -> dict[int, Pointing]:
    """Return where the shown map of each outlined film points, by row."""
    row_of = {film.id: row for row, film in enumerate(readings.dataset.films)}
    found = {}
    names = tqdm(predicted.mapped, desc="Pointing", unit="film", disable=None)
    for name, maps in zip(names, predicted.class_maps, strict=True):
        row = row_of[name]
        film = readings.dataset.films[row]
        if film.polygons:
            shown = maps[..., readings.shown[row]].astype(np.float32)
            found[row] = point(film, shown, recipe)
    return found


def _pointing(readings: Readings, pointed: dict[int, Pointing]) -> dict[str, Any]:
    if not pointed:
        return {}
    bootstrap = GroupBootstrap(readings.groups[list(pointed)])
    columns = {
        name: np.array([getattr(one, name) for one in pointed.values()], dtype=np.float64)
        for name in Pointing.__slots__
    }
    return {name: bootstrap.estimate(metrics.mean(values), n=len(pointed)) for name, values in columns.items()}


def _examples(readings: Readings, predicted: OutOfFold, pointed: dict[int, Pointing]) -> list[dict[str, Any]]:
    """Return the films to show (see ``selection``), with what was made of them."""
    films = readings.dataset.films
    astray = np.array([row in pointed and not pointed[row].one_cell for row in range(len(films))])
    examples = []
    for chosen in selection.choose(films, readings.probability, readings.points[:, 0], astray):
        row = chosen.pop("row")
        film = films[row]
        if film.id not in predicted.mapped:
            raise DataError(readings.dataset.source, f"film {film.id!r} has no class map; gather again with --runs")
        examples.append(
            {
                **chosen,
                "film": film.id,
                "severity": film.severity,
                "site": film.attributes.get("site", ""),
                "probability": round(float(readings.probability[row]), 4),
                "suspected": round(float(readings.points[row, 0]), 4),
                "likely": round(float(readings.points[row, 1]), 4),
                "shown": CLASSES[readings.shown[row]],
                "peak_within_one_cell": pointed[row].one_cell if row in pointed else None,
            }
        )
    return examples


def _roc(readings: Readings) -> dict[str, list[float]]:
    from sklearn.metrics import roc_curve

    if not _enough(readings.fractured):
        return {"false_positive_rate": [], "true_positive_rate": []}
    false, true, _ = roc_curve(readings.fractured, readings.probability)
    keep = np.unique(np.linspace(0, len(false) - 1, min(len(false), 400)).astype(int))
    return {"false_positive_rate": false[keep].round(4).tolist(), "true_positive_rate": true[keep].round(4).tolist()}


def joined(results: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Return results with what other steps have left in their folder: the gate's and the explanation's checks.

    Raises
    ------
    DataError
        If such a step was made with other films or another recipe.
    """
    found = json.loads(json.dumps(results))
    for part in PARTS:
        path = folder / f"{part}.json"
        if not path.is_file():
            continue
        content = json.loads(path.read_text())
        same_films = content["data"]["digest"] == found["data"]["digest"]
        # Settings that came later have defaults, with which both were made.
        if not same_films or Recipe.of(content["recipe"]) != Recipe.of(found["recipe"]):
            raise DataError(path, f"made with other films or another recipe; run `python -m training {part}` again")
        found[part] = content
    return dict(found)


def write(results: dict[str, Any], path: Path) -> None:
    """Write results as JSON that is the same on every run."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n")
