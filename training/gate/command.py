"""``python -m training gate``: fit, choose and judge the part of the gate that is learnt."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from training import network
from training.crossval import folds
from training.datasets import DataError, Dataset
from training.fit import WEIGHTS
from training.gate.material import FILE as MATERIAL
from training.gate.material import Material, gather
from training.gate.novelty import METHODS, Features, Mask, Measure, Method, choose, fit, rival_figures
from training.gate.report import REFUSED, evaluate_gate
from training.gate.scores import FILE as SCORES
from training.gate.scores import Scores
from training.gate.scores import gather as gather_scores
from training.gate.strangers import Half, Stranger, collect, fetch
from training.recipe import Recipe

RESULT = "gate.json"
"""Name of the figures in a results folder."""
ABOUT = ("data", "recipe", "method", "methods", "missing_sources", "folds")
"""What the figures were made from and how; the rest follows from the scores."""


def run(dataset: Dataset, recipe: Recipe, runs: Path, pictures: Path, results: Path, measure: Path) -> dict[str, Any]:
    """Do the whole step with every fold under ``runs`` that is trained; return the figures.

    ``pictures`` keeps the packages that strangers are read from. ``results`` gets scores and figures; ``measure`` gets
    what was fitted to the network of ``runs/all``, if that is trained.

    Raises
    ------
    DataError
        Fewer than two folds are trained.
    """
    missing = fetch(pictures)
    if missing:
        print(f"not to be had here, figures are made without: {', '.join(missing)}", flush=True)
    strangers = collect(pictures)
    place = np.array([-1 if film.fold is None else film.fold for film in dataset.films])
    material: dict[int, Material] = {}
    for fold in folds(dataset):
        folder = runs / f"fold-{fold}"
        if not (folder / WEIGHTS).is_file():
            continue
        training, held_out = np.flatnonzero(place != fold), np.flatnonzero(place == fold)
        model = network.build(recipe)
        model.load_weights(folder / WEIGHTS)
        material[fold] = gather(model, dataset, training, held_out, strangers, folder / MATERIAL)
    if len(material) < 2:
        raise DataError(runs, "the gate needs at least two trained folds; run `python -m training crossval`")
    figures = _compare(dataset, list(material.values()), strangers)
    method = choose(figures)
    several = np.array([film.attributes.get("multiscan") == "1" for film in dataset.films])
    measured = {fold: (_fitted(dataset, method, found, several), found) for fold, found in material.items()}
    scores = gather_scores(dataset, strangers, measured)
    scores.write(results / SCORES)
    about = {
        "data": {"name": dataset.name, "digest": dataset.digest()},
        "recipe": recipe.to_json(),
        "method": describe(method),
        "methods": figures,
        "missing_sources": missing,
        "folds": sorted(material),
    }
    (results / RESULT).write_text(json.dumps(about, indent=1, ensure_ascii=False) + "\n")
    found = refresh(dataset, results)
    shipped = runs / "all"
    if (shipped / WEIGHTS).is_file():
        model = network.build(recipe)
        model.load_weights(shipped / WEIGHTS)
        none = np.empty(0, dtype=np.int64)
        everything = gather(model, dataset, np.arange(len(dataset)), none, [], shipped / MATERIAL)
        _fitted(dataset, method, everything, several).write(measure, network=np.array(everything.network))
    return found


def refresh(dataset: Dataset, results: Path) -> dict[str, Any]:
    """Make the figures again from the scores in a results folder; no network is needed."""
    path = results / RESULT
    if not path.is_file():
        raise DataError(path, "the gate was not judged yet; run `python -m training gate`")
    known = json.loads(path.read_text())
    about = {name: known[name] for name in ABOUT}
    found = evaluate_gate(dataset, Scores.read(results / SCORES), about)
    path.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n")
    return found


def describe(method: Method) -> dict[str, Any]:
    """Return a method as plain JSON, and in words."""
    words = (
        f"the Mahalanobis distance of the pooled features of `{method.layer}` along {method.size} principal directions "
        "of training films, as they are and altered"
    )
    return {"name": method.name, "layer": method.layer, "size": method.size, "words": words}


def _fitted(dataset: Dataset, method: Method, material: Material, several: Mask) -> Measure:
    measure = fit(method, material.to_fit(dataset))
    # A crop may cut away one of two films, so several views are learnt from the films as they are.
    views = fit(method, material.features["fitted"], several[material.fitted]).views
    return Measure(measure.layer, measure.centre, measure.directions, views)


def _compare(dataset: Dataset, material: list[Material], strangers: list[Stranger]) -> dict[str, dict[str, float]]:
    """Return each method's figures, means over the networks, on the choosing half of the strangers."""
    choosing = np.array([one.half is Half.CHOOSING for one in strangers])

    def half(features: Features) -> Features:
        return {layer: values[choosing] for layer, values in features.items()}

    found = [
        rival_figures(
            one.to_fit(dataset),
            one.features["films"],
            one.features["altered"],
            half(one.features["strangers"]),
            REFUSED,
        )
        for one in material
    ]
    return {
        str(method): {
            key: round(float(np.mean([figures[str(method)][key] for figures in found])), 4)
            for key in found[0][str(method)]
        }
        for method in METHODS
    }
