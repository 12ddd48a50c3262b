"""Figures of the sanity checks to words: a section of ``docs/results.md``, generated and never typed."""

from __future__ import annotations

from typing import Any

from training.report.tables import DASH, estimate, number, percent, table

FIGURE = "cascade.png"
"""Name of the figure beside the others of results.md."""


def lines(found: dict[str, Any]) -> list[str]:
    """Return the section of ``docs/results.md`` from the content of ``sanity.json``."""
    return [
        "## Is the explanation true?",
        "",
        (
            "A heatmap may look right and yet show the film rather than what the network has learnt. So it is checked "
            f"on {found['films']:,} fractured, outlined films of {found['groups']:,} groups; each of the "
            f"{found['folds']} networks reads only films of its own fold, which it has not seen. "
            "(`python -m training sanity`; figures in `training/results/elbow/sanity.json`.)"
        ),
        "",
        "### Against chance, and against networks that have learnt nothing",
        "",
        *_pointing(found),
        "",
        "### Against the same network, randomised layer by layer",
        "",
        *_cascade(found),
        "",
        f"![Likeness of the heatmap as layers are randomised](images/results/{FIGURE})",
        "",
        "### Against a second training",
        "",
        *_repeatability(found["repeatability"]),
    ]


def _pointing(found: dict[str, Any]) -> list[str]:
    pointing = found["pointing"]
    trained, random, difference, chance = (pointing[name] for name in ("trained", "random", "difference", "baselines"))
    names = {
        "one_cell": "peak inside the outline, or within one map cell of it",
        "strict": "peak strictly inside the outline",
        "heat_inside": "share of the heat within one map cell of the outline",
        "empty": "maps that show nothing (they hit nothing)",
    }
    draws = ", ".join(number(value) for value in pointing["each_draw"]["one_cell"])
    return [
        *table(
            ("", "trained", "random weights", "difference"),
            ((words, *(estimate(of[key]) for of in (trained, random, difference))) for key, words in names.items()),
        ),
        "",
        (
            f"Random weights: the same architecture drawn anew, {_counted(found['draws'], 'network')} for each fold "
            f"(peak within one cell, draw by draw: {draws}). Without any network, within one cell: the film's "
            f"centre hits {estimate(chance['centre'])}, the centre of brightness (bone) {estimate(chance['bone'])}, a "
            f"place anywhere on the film {estimate(chance['even_heat'])}, which is also the share of evenly spread "
            f"heat; of heat that follows brightness, {estimate(chance['bone_heat'])} would lie there."
        ),
    ]


def _cascade(found: dict[str, Any]) -> list[str]:
    rows = [
        (
            f"`{step['layer']}`",
            *(estimate(step[name]) for name in ("shown", "signed", "square")),
            DASH if step["networks"] is None else " to ".join(number(value) for value in step["networks"]),
            percent(step["undefined"]),
            estimate(step["one_cell"]),
            estimate(alone["shown"]),
            percent(alone["undefined"]),
        )
        for step, alone in zip(found["cascade"], found["alone"], strict=True)
    ]
    header = (
        *("randomised down to", "shown map", "signed map", "with the bars", "networks", "undefined"),
        *("peak within one cell", "this layer alone", "undefined"),
    )
    return [
        (
            "Cascading randomisation (Adebayo et al., 2018): weights are drawn anew from the top layer down, "
            f"{_counted(found['draws'], 'time')} for each network, and the heatmap of the class that was explained is "
            "compared with the one before by Spearman's rank correlation, sign aside. Medians over "
            f"{found['followed']['films']:,} of the films, spread evenly; all should fall below "
            f"{number(found['limit'])}."
        ),
        "",
        _verdict(found),
        "",
        *table(header, rows),
        "",
        (
            "_Shown map_: the Grad-CAM (negative cells cut to zero; ties share their rank) over the cells on the film, "
            "as the product shows it. _Signed map_: before cutting. _With the bars_: the Grad-CAM over the whole input "
            "with the letterbox's black bars. _Networks_: lowest and highest median of one randomised network, since "
            "films of one network share its draw, which the brackets cannot show. _Undefined_: an empty map on either "
            "side has no ranks; such films are counted here and nowhere else, never as unlike. The peak is that of the "
            "class which the randomised network itself finds more probable. _This layer alone_: shown map with the "
            "other layers as trained."
        ),
        "",
        (
            "Convolutions are drawn normally with variance 2 / fan-in, batch normalisation gets scale 1 and shift 0, "
            f"and its statistics are fitted anew to {found['settling_films']} films of the fold, so that activations "
            "do not vanish."
        ),
    ]


def _verdict(found: dict[str, Any]) -> str:
    """Say where the limit is kept, in words that follow the figures."""
    parts = []
    for name, words in (("shown", "shown map"), ("signed", "signed map")):
        medians = [step[name]["value"] for step in found["cascade"]]
        over = [number for number, value in enumerate(medians) if value is None or value >= found["limit"]]
        layers = [step["layer"] for step in found["cascade"]]
        if not over:
            parts.append(f"The {words} is below the limit from the first step on (`{layers[0]}`, the class maps).")
        elif over[-1] + 1 < len(layers):
            above = ", ".join(f"`{layers[number]}`" for number in over)
            after = f"`{layers[over[-1] + 1]}`"
            parts.append(f"The {words} is **not** below the limit at {above}; it is and stays below from {after} on.")
        else:
            parts.append(
                f"The {words} does **not** stay below the limit: with every layer randomised it is not under it."
            )
    return (
        f"{' '.join(parts)} By chance, the maps of two *different* films by a trained network reach "
        f"{estimate(found['unrelated'])}, since neighbouring cells are alike. The peak hits within one cell on "
        f"{estimate(found['followed']['one_cell'])} of these films "
        f"before, and on {estimate(found['cascade'][0]['one_cell'])} once the class maps alone are randomised."
    )


def _repeatability(found: dict[str, Any] | None) -> list[str]:
    if not found:
        return ["Not measured for these networks: no second training is at hand."]
    recipe = {
        True: "with the same recipe and another seed",
        False: "with **other settings** (not only another seed)",
        None: "(their recipes were not kept)",
    }[found["same_recipe"]]
    shared = (
        f" **They have {found['common_epochs']} of their {found['epochs']} epochs in common**: the second went on from "
        "the first's weights, and only what followed was trained anew. Two trainings from the start may agree less."
        if found["common_epochs"]
        else ""
    )
    folds, maps, auroc = ", ".join(map(str, found["folds"])), found["maps"], found["auroc"]
    rows = (
        ("fracture probability, correlation (Pearson)", found["pearson"]),
        ("fracture probability, rank correlation (Spearman)", found["spearman"]),
        ("same outcome of the three (none seen, suspected, likely)", found["same_outcome"]),
        ("the same, beyond chance (Cohen's kappa)", found["kappa"]),
        ('same side of "suspected"', found["same_suspicion"]),
        ("AUROC of the first", auroc["old"]),
        ("AUROC of the second", auroc["new"]),
        ("difference in AUROC (paired)", auroc["difference"]),
        ("heatmaps of fractured films, rank correlation (median)", maps["spearman"]),
        ("distance of their peaks, cells (median)", maps["peak_distance"]),
        ("peaks in the same cell or in neighbours", maps["peaks_within_one_cell"]),
        ("same fracture class explained", maps["same_class"]),
    )
    return [
        (
            f"Two networks trained {recipe} read the {found['films']:,} held-out films of fold {folds} "
            f"({found['fractured']:,} fractured); calibration and operating points are the first's, fitted on its "
            f"other folds.{shared}"
        ),
        "",
        *table(("", ""), ((words, estimate(value)) for words, value in rows)),
        "",
        (
            f"Heatmaps: of the class that each network finds more probable, as the product shows them, on "
            f"{maps['films']:,} fractured films; {maps['empty']:,} have an empty map on either side, which counts as "
            "not near and takes no part in the medians."
        ),
    ]


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
