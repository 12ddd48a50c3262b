"""Is the explanation true? Heatmaps against chance, against networks that have learnt nothing, and against a sibling.

Weights of a network are randomised from the top down (Adebayo et al., 2018, Sanity Checks for Saliency Maps): a map
that stays the same shows the film, not what was learnt. At the last step nothing learnt is left, and that network's
pointing at fractures is the baseline for the trained one's.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from training import evaluate, metrics
from training.crossval import folds
from training.datasets import DataError, Dataset
from training.metrics import Array, Estimate, GroupBootstrap
from training.readings import OutOfFold, read
from training.recipe import Recipe
from training.sanity.cascade import LIKENESS, Found, column, examine
from training.sanity.randomise import SETTLING_FILMS
from training.sanity.repeatability import repeatability
from training.sanity.report import lines
from training.sanity.similarity import median

__all__ = ["lines", "run", "summary"]

RESULTS = "sanity.json"
"""Name of the figures in a results folder."""
DRAWS = 3
"""Times that each fold's network is randomised anew."""
MOST = 20
"""Films of each fold that are followed step by step; the random networks read them all."""
LIMIT = 0.2
"""Absolute rank correlation below which a randomised network's map counts as unlike the trained one's."""


def run(
    dataset: Dataset,
    recipe: Recipe,
    runs: Path,
    results: Path,
    *,
    second: Path | None = None,
    draws: int = DRAWS,
    most: int = MOST,
    only: list[int] | None = None,
) -> dict[str, Any]:
    """Examine every fold's network on its own held-out fractured films and write the figures as JSON.

    Interrupt at any time: finished folds keep their findings in ``runs/fold-K/sanity.npz``.

    Parameters
    ----------
    runs
        Folder with the weights and predictions of every fold.
    results
        Folder that gets ``sanity.json``.
    second
        Folder of runs of the same recipe with another seed, of some folds or all.
    draws
        Times that each network is randomised anew.
    most
        Films of each fold to follow step by step, spread evenly over those that are outlined.
    only
        Randomise these folds' networks alone.

    Raises
    ------
    DataError
        If a fold is not finished, no film is outlined, or the second run is not comparable.
    """
    readings = read(dataset, OutOfFold.gather(dataset, runs))
    groups, found = [], []
    for fold in only or folds(dataset):
        rows = _outlined(dataset, fold)
        if not len(rows):
            raise DataError(dataset.source, f"no fractured film of fold {fold} is outlined")
        found.append(
            examine(
                [dataset.films[row] for row in rows],
                readings.shown[rows],
                readings.logits[rows],
                recipe,
                runs / f"fold-{fold}",
                most=most,
                draws=draws,
                seed=fold * 100,
            )
        )
        groups.append(readings.groups[rows])
    figures = {
        "data": {"name": dataset.name, "digest": dataset.digest()},
        "recipe": recipe.to_json(),
        **summary(found, groups),
        "repeatability": repeatability(readings, recipe, runs, second) if second else None,
    }
    evaluate.write(figures, results / RESULTS)
    return figures


def summary(found: list[Found], groups: list[npt.NDArray[Any]]) -> dict[str, Any]:
    """Return the figures of all folds' films as plain JSON; ``groups`` (n,) of each fold stand for their patients."""
    everything = np.concatenate(groups)
    bootstrap = GroupBootstrap(everything)
    followed = np.concatenate([own[one.followed] for own, one in zip(groups, found, strict=True)])
    steps = GroupBootstrap(followed)
    trained = np.concatenate([one.trained for one in found])
    trained_of_followed = np.concatenate([one.trained[one.followed] for one in found])
    return {
        "films": len(everything),
        "groups": len(set(everything.tolist())),
        "folds": len(found),
        "draws": len(found[0].random),
        "settling_films": SETTLING_FILMS,
        "limit": LIMIT,
        "pointing": _pointing(trained, np.concatenate([one.random for one in found], axis=1), bootstrap),
        "followed": {
            "films": len(followed),
            "groups": len(set(followed.tolist())),
            "one_cell": _mean(steps, column(trained_of_followed, "one_cell")),
        },
        "cascade": _steps([one.cascade for one in found], found[0].groups, steps),
        "alone": _steps([one.alone for one in found], found[0].groups, steps),
        "unrelated": _estimate(bootstrap, np.abs(np.concatenate([one.unrelated for one in found]))),
    }


def _outlined(dataset: Dataset, fold: int) -> npt.NDArray[np.int64]:
    films = enumerate(dataset.films)
    return np.array([row for row, film in films if film.fold == fold and film.fractured and film.polygons], dtype=int)


def _steps(of_folds: list[Array], names: npt.NDArray[np.str_], bootstrap: GroupBootstrap) -> list[dict[str, Any]]:
    """Sum up every step of randomisation from each fold's values (draws, steps, m, 3 + p)."""
    return [
        {"layer": str(name), **_step([values[:, step] for values in of_folds], bootstrap)}
        for step, name in enumerate(names)
    ]


def _step(of_folds: list[Array], bootstrap: GroupBootstrap) -> dict[str, Any]:
    values = np.concatenate(of_folds, axis=1)
    found: dict[str, Any] = {name: _estimate(bootstrap, np.abs(column(values, name))) for name in LIKENESS}
    # Films of one randomised network share its draw, which resampling films cannot show: the networks' range does.
    networks = [np.abs(draw) for fold in of_folds for draw in column(fold, "shown") if np.isfinite(draw).any()]
    medians = [float(np.nanmedian(network)) for network in networks]
    return {
        **found,
        "networks": [round(min(medians), 4), round(max(medians), 4)] if medians else None,
        "undefined": round(float(np.isnan(column(values, "shown")).mean()), 4),
        "one_cell": _mean(bootstrap, column(values, "one_cell")),
    }


def _pointing(trained: Array, random: Array, bootstrap: GroupBootstrap) -> dict[str, Any]:
    """Compare pointing of the trained networks (n, p) and of random ones (draws, n, p)."""
    found: dict[str, Any] = {"trained": {}, "random": {}, "difference": {}, "each_draw": {}, "baselines": {}}
    for name in ("strict", "one_cell", "heat_inside", "empty"):
        ours, theirs = column(trained, name), column(random, name)
        found["trained"][name] = _mean(bootstrap, ours)
        found["random"][name] = _mean(bootstrap, theirs)
        found["difference"][name] = _mean(bootstrap, ours - theirs.mean(axis=0))
        found["each_draw"][name] = [round(float(value), 4) for value in theirs.mean(axis=1)]
    for name in ("centre", "bone", "bone_heat", "even_heat"):
        found["baselines"][name] = _mean(bootstrap, column(trained, name))
    return found


def _mean(bootstrap: GroupBootstrap, values: Array) -> Estimate:
    """Estimate the mean of a figure of every film, (n,) or (draws, n)."""
    return bootstrap.estimate(metrics.mean(np.atleast_2d(values).mean(axis=0)))


def _estimate(bootstrap: GroupBootstrap, values: Array) -> Estimate:
    """Estimate the median of a figure of every film, (n,) or (draws, n); nothing where it is known of none."""
    if not np.isfinite(values).any():
        return {"value": None, "low": None, "high": None}
    return bootstrap.estimate(median(values))
