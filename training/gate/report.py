"""How well the gate works, as figures with intervals and as words for ``docs/results.md``."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from training import metrics
from training.datasets import DataError, Dataset
from training.gate.novelty import Array
from training.gate.scores import Mask, Scores
from training.gate.strangers import Half
from training.metrics import Estimate, GroupBootstrap
from training.report.tables import estimate, number, percent, table

REFUSED = 0.01
"""Share of the films that both parts of the gate together may refuse; more among casts and metal, which are few."""
VIEWS_SPECIFICITY = 0.98
"""Share of the sheets with one film that must not be said to hold several."""
LEAST_ORIGINALS = 5
"""Strangers cut from fewer pictures or patients than this get no interval: there is nothing to resample."""
SUBGROUPS = {
    "elbow films": ("site", "elbow"),
    "films with casts": ("cast_seen", "1"),
    "films with metal": ("hardware", "1"),
    "sheets with several films": ("multiscan", "1"),
}


def novelty_limit(scores: Scores, chosen: Mask) -> float:
    """Return the novelty up to which films are assessed, so that the gate refuses ``REFUSED`` of those chosen."""
    glanced = float(scores.glance[chosen].mean())
    passed = scores.novelty[chosen & ~scores.glance]
    left = max(0.0, REFUSED - glanced) / (1 - glanced)
    return float(np.quantile(passed, 1 - left, method="higher"))


def views_limit(views: Array, several: Mask, chosen: Mask) -> float | None:
    """Return the least certainty of several views that is spoken of; ``None`` where there is none to learn from."""
    single = views[chosen & ~several]
    if not (chosen & several).any() or not np.isfinite(single).all():
        return None
    return float(np.nextafter(np.quantile(single, VIEWS_SPECIFICITY, method="higher"), 1.0))


def evaluate_gate(dataset: Dataset, scores: Scores, about: dict[str, Any]) -> dict[str, Any]:
    """Return every figure as plain JSON; ``about`` says how novelty is measured and is passed on.

    Each fold's limits are chosen on the films of the other folds before its own are judged. A stranger is judged by
    every fold's network with that fold's limit, and counts with the mean.

    Raises
    ------
    DataError
        A film of the scores is not in the set.
    """
    place = {film.id: row for row, film in enumerate(dataset.films)}
    missing = sorted(set(scores.films.tolist()) - set(place))
    if missing:
        raise DataError(dataset.source, f"film {missing[0]!r} of the gate's scores is not in this set")
    films = [dataset.films[place[name]] for name in scores.films.tolist()]
    several = np.array([film.attributes.get("multiscan") == "1" for film in films])
    if len(scores.networks) < 2:
        raise DataError(dataset.source, "the gate is judged on at least two folds; train another one")
    limits = {int(fold): novelty_limit(scores, scores.fold != fold) for fold in scores.networks}
    ratio = scores.novelty / _of_fold(limits, scores.fold)
    refused = scores.glance | (ratio > 1)
    groups = np.array([film.group for film in films])
    everything = np.ones(len(films), dtype=bool)
    subgroups = {"fractured films": np.array([film.fractured for film in films])} | {
        name: np.array([film.attributes.get(key) == value for film in films])
        for name, (key, value) in SUBGROUPS.items()
    }
    return {
        **about,
        "frozen": {
            "novelty_limit": novelty_limit(scores, everything),
            "several_views_limit": views_limit(scores.views, several, everything),
        },
        "target_refused": REFUSED,
        "films": {
            name: _share(refused[chosen], groups[chosen])
            for name, chosen in {"all films": everything, **subgroups}.items()
            if chosen.any()
        },
        "films_by_glance": int(scores.glance.sum()),
        "altered": _altered(scores, limits, {film.id: film.group for film in films}),
        "strangers": _strangers(scores, limits, ratio, groups),
        "several_views": _several_views(scores, several, groups),
        "histogram": _histogram(scores, limits, ratio),
    }


def _of_fold(limits: dict[int, float], fold: npt.NDArray[np.int64]) -> Array:
    return np.array([limits[int(number)] for number in fold])


def _share(values: npt.NDArray[Any], groups: npt.NDArray[Any]) -> Estimate:
    bootstrap = GroupBootstrap(groups)
    return bootstrap.estimate(metrics.mean(values.astype(np.float64)), n=len(values))


def _altered(scores: Scores, limits: dict[int, float], group_of: dict[str, str]) -> dict[str, Estimate]:
    refused = scores.altered_glance | (scores.altered_novelty > _of_fold(limits, scores.altered_fold))
    groups = np.array([group_of[name] for name in scores.altered.tolist()])
    found = {"all of these": _share(refused, groups)}
    for name in sorted(set(scores.alterations.tolist())):
        chosen = scores.alterations == name
        found[name] = _share(refused[chosen], groups[chosen])
    return found


def _strangers(
    scores: Scores, limits: dict[int, float], films: Array, groups: npt.NDArray[Any]
) -> dict[str, dict[str, Any]]:
    ratios = scores.stranger_novelty / np.array([limits[int(number)] for number in scores.networks])
    mean_ratio, beyond = ratios.mean(axis=1), ratios > 1
    found = {}
    reporting = scores.halves == Half.REPORTING.value
    chosen = {"all kinds": reporting} | {
        kind: reporting & (scores.kinds == kind) for kind in sorted(set(scores.kinds[reporting].tolist()))
    }
    chosen["the choosing half, all kinds"] = ~reporting
    for name, part in chosen.items():
        if not part.any():
            continue
        originals = scores.originals[part]
        truth = np.repeat([False, True], [len(films), int(part.sum())])
        auroc = metrics.auroc(truth, np.concatenate([films, mean_ratio[part]]))
        together = GroupBootstrap(np.concatenate([np.char.add("film ", groups.astype(str)), originals]))
        known = len(set(originals.tolist())) >= LEAST_ORIGINALS
        found[name] = {
            "n": int(part.sum()),
            "originals": len(set(originals.tolist())),
            "sources": sorted(set(scores.sources[part].tolist())),
            "auroc": _without_interval(together.estimate(auroc), known),
            **{
                key: _without_interval(_share(values.mean(axis=1), originals), known)
                for key, values in {
                    "refused_by_novelty": beyond[part],
                    "refused_as_grey": beyond[part] | scores.grey_glance[part, np.newaxis],
                    "refused_as_sent": beyond[part] | scores.sent_glance[part, np.newaxis],
                }.items()
            },
        }
    return found


def _without_interval(estimate: Estimate, known: bool) -> Estimate:
    return estimate if known else {**estimate, "low": None, "high": None}


def _several_views(scores: Scores, several: Mask, groups: npt.NDArray[Any]) -> dict[str, Any]:
    if not several.any() or not np.isfinite(scores.views).all():
        return {}
    said = np.zeros(len(several), dtype=bool)
    for fold in scores.networks:
        limit = views_limit(scores.views, several, scores.fold != fold)
        if limit is None:
            return {}
        own = scores.fold == fold
        said[own] = scores.views[own] >= limit
    return {
        "n": len(several),
        "several": int(several.sum()),
        "auroc": GroupBootstrap(groups).estimate(metrics.auroc(several, scores.views)),
        "sensitivity": _share(said[several], groups[several]),
        "specificity": _share(~said[~several], groups[~several]),
    }


def _histogram(scores: Scores, limits: dict[int, float], films: Array) -> dict[str, Any]:
    """Return counts over logarithmic bins of novelty as a multiple of the limit."""
    edges = np.geomspace(0.2, 20, 49)
    ratios = (scores.stranger_novelty / np.array([limits[int(number)] for number in scores.networks])).mean(axis=1)
    altered = scores.altered_novelty / _of_fold(limits, scores.altered_fold)
    reporting = scores.halves == Half.REPORTING.value
    parts = {"films": films, "altered films": altered} | {
        kind: ratios[reporting & (scores.kinds == kind)] for kind in sorted(set(scores.kinds[reporting].tolist()))
    }
    counts = {name: np.histogram(np.clip(values, 0.2, 20), edges)[0].tolist() for name, values in parts.items()}
    return {"edges": edges.round(4).tolist(), "counts": counts}


def lines(found: dict[str, Any]) -> list[str]:
    """Return a section of ``docs/results.md``."""
    films, strangers, views = found["films"], found["strangers"], found["several_views"]
    whole = strangers["all kinds"]
    text = [
        "## When it says it cannot assess",
        "",
        (
            "A glance refuses what is blank, a strip, in colour, without greys or a negative. What remains is measured "
            f"against the training films: {found['method']['words']}. The limit was set to refuse "
            f"{found['target_refused']:.0%} of the films; out of fold the gate refuses {_estimate(films['all films'])} "
            f"of {films['all films']['n']:,} ({found['films_by_glance']} by a glance), the limit being chosen on the "
            "other folds."
        ),
        "",
        (
            f"Against {whole['n']:,} images that are no films of limbs, cut from {whole['originals']:,} pictures, "
            f"volumes or drawings, none of them used to choose the method: AUROC {_estimate(whole['auroc'])} by "
            f"novelty alone; refused {_estimate(whole['refused_by_novelty'])} by novelty alone, "
            f"{_estimate(whole['refused_as_grey'])} by the whole gate once their colours are taken away, "
            f"{_estimate(whole['refused_as_sent'])} as they are."
        ),
        "",
        *table(
            ("images", "n", "of", "AUROC of novelty", "refused by novelty", "by the gate, grey", "by the gate"),
            ((name, f"{kind['n']:,}", f"{kind['originals']:,}", *_cells(kind)) for name, kind in strangers.items()),
        ),
    ]
    sources = sorted({source for kind in strangers.values() for source in kind["sources"]})
    few = [name for name, kind in strangers.items() if kind["originals"] < LEAST_ORIGINALS]
    text += [
        "",
        (
            f"“Of” counts the pictures, patients or drawings that the images were cut from; with fewer than "
            f"{LEAST_ORIGINALS} there is no interval, and the figure says little ({', '.join(few)}). Simulated films "
            "are integrals through one CT each, not radiographs. Ultrasound and mammograms were not at hand. "
            f"Sources: {', '.join(sources)} (packages that `python -m training gate` fetches; none is shipped)."
        ),
        "",
        "![Novelty of films and of other images](images/results/novelty.png)",
        "",
        (
            "A film may look strange because another machine made it. Films of held-out patients, altered, are "
            f"refused in {_estimate(found['altered']['all of these'])} of "
            f"{found['altered']['all of these']['n']:,} cases: "
            + ", ".join(f"{name} {_estimate(v)}" for name, v in found["altered"].items() if name != "all of these")
            + ". Films from other hospitals may still be refused more often than these."
        ),
        "",
        "Films as they are, by subgroup: "
        + ", ".join(f"{name} {_estimate(v)} of {v['n']:,}" for name, v in films.items() if name != "all films")
        + ".",
        "",
        *_choice(found),
    ]
    if views:
        text += [
            "",
            (
                f"**Several films on one sheet** are remarked on, not refused. Against FracAtlas's own flag "
                f"({views['several']:,} of {views['n']:,} films, which also means both limbs on one film), out of "
                f"fold: AUROC {_estimate(views['auroc'])}, sensitivity {_estimate(views['sensitivity'])} at "
                f"specificity {_estimate(views['specificity'])}."
            ),
        ]
    return [*text, ""]


def _choice(found: dict[str, Any]) -> list[str]:
    return [
        (
            "How the method was chosen: on the other half of the strangers, by the mean of the AUROCs against held-out "
            "films and against altered ones (means over the folds); only Mahalanobis distances can be served inside "
            "the graph."
        ),
        "",
        *table(
            ("method, features, size", "AUROC", "against altered films", "strangers refused", "altered films refused"),
            (
                (
                    name,
                    *(f"{method[key]:.4f}" for key in ("auroc", "auroc_altered")),
                    *(percent(method[key]) for key in ("strangers_refused", "altered_refused")),
                )
                for name, method in found["methods"].items()
            ),
        ),
    ]


def _cells(kind: dict[str, Any]) -> list[str]:
    return [_estimate(kind[key]) for key in ("auroc", "refused_by_novelty", "refused_as_grey", "refused_as_sent")]


def _estimate(value: dict[str, Any]) -> str:
    """Format ``.912 [.893, .930]``, or ``.912`` where there is no interval."""
    return number(value["value"]) if value["low"] is None else estimate(value)
