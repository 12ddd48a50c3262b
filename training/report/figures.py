"""Plots of results, for where one would rather look than read."""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("Agg")  # files only; no window system needed

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

from fracturelens.bundle import CLASSES

INK, ACCENT, SECOND, SOFT = "#1f2933", "#c2410c", "#0f766e", "#cbd2d9"
SOURCE = "Source"
"""PNG text chunk that holds the digest of what a figure was drawn from."""

Rows = list[dict[str, str]]


def draw(results: dict[str, Any], histories: list[Path], folder: Path) -> None:
    """Write every figure as PNG into ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content, paint, size in _figures(results, histories):
        figure, axes = plt.subplots(figsize=size, dpi=110, layout="constrained")
        axes.spines[["top", "right"]].set_visible(False)
        paint(axes, content)
        # Without the version in its header, the same figure is the same file.
        figure.savefig(folder / f"{name}.png", metadata={"Software": None, SOURCE: digest(content)})
        plt.close(figure)


def sources(results: dict[str, Any], histories: list[Path]) -> dict[str, str]:
    """Return the digest that each figure of these results carries, by file name: a stale figure carries another."""
    return {f"{name}.png": digest(content) for name, content, _, _ in _figures(results, histories)}


def digest(content: Any) -> str:
    """Return the SHA-256 of content that JSON can hold."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _figures(
    results: dict[str, Any], histories: list[Path]
) -> Iterator[tuple[str, Any, Callable[[Axes, Any], None], tuple[float, float]]]:
    """Yield each figure's name, what it is drawn from, how, and its size in inches."""
    standard = (5.0, 4.2)
    roc = {key: results[key] for key in ("roc", "any_fracture", "operating_points")}
    yield "roc", roc, _roc, standard
    yield "reliability", results["calibration"], _reliability, standard
    yield "confusion", results["three_classes"]["confusion"], _confusion, standard
    measured = {name: found for name, found in results["subgroups"].items() if "auroc" in found}
    drawn = {name: {key: found[key] for key in ("n", "fractured", "auroc")} for name, found in measured.items()}
    if drawn:
        yield "regions", drawn, _regions, (7.0, 1.2 + 0.3 * len(drawn))
    if histories:
        yield "learning", {path.stem: _history(path) for path in histories}, _learning, standard


def _roc(axes: Axes, results: dict[str, Any]) -> None:
    axes.plot([0, 1], [0, 1], color=SOFT, lw=1)
    for name, colour, width in (("all films", INK, 2.0), ("arm films", SECOND, 1.0), ("elbow films", ACCENT, 1.0)):
        curve, found = results["roc"][name], results["any_fracture"][name].get("auroc")
        if found:
            label = f"{name}: AUROC {found['value']:.3f} [{found['low']:.3f}, {found['high']:.3f}]"
            axes.plot(
                curve["false_positive_rate"], curve["true_positive_rate"], color=colour, lw=width, label=label, zorder=2
            )
    for (name, point), marker in zip(results["operating_points"].items(), "os", strict=True):
        sensitivity, specificity = point["sensitivity"]["value"], point["specificity"]["value"]
        label = f"all films, fracture {name}"
        axes.plot(1 - specificity, sensitivity, marker, color=INK, ms=7, label=label, zorder=3)
    axes.set(xlabel="1 - specificity", ylabel="sensitivity", title="Any fracture, out of fold")
    axes.legend(loc="lower right", frameon=False, fontsize=8)


def _reliability(axes: Axes, found: dict[str, Any]) -> None:
    axes.plot([0, 1], [0, 1], color=SOFT, lw=1)
    for name, colour in (("before", SOFT), ("after", ACCENT)):
        bins = found[name]["reliability"]
        predicted, observed = [b["predicted"] for b in bins], [b["observed"] for b in bins]
        sizes = 20 + 400 * np.sqrt([b["share"] for b in bins])
        axes.plot(predicted, observed, color=colour, lw=1)
        label = f"{name} calibration: ECE {found[name]['ece']['value']:.3f}"
        axes.scatter(predicted, observed, s=sizes, color=colour, alpha=0.8, label=label)
    axes.set(xlabel="fracture probability", ylabel="share fractured", title="Reliability (area: share of films)")
    legend = axes.legend(loc="upper left", frameon=False)
    for handle in legend.legend_handles:
        if handle is not None:
            handle.set_sizes([60])  # type: ignore[attr-defined]


def _confusion(axes: Axes, matrix: list[list[int]]) -> None:
    counts = np.array(matrix)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    axes.imshow(shares, cmap="Greys", vmin=0, vmax=1.2)
    for row in range(len(counts)):
        for column in range(len(counts)):
            colour = "white" if shares[row, column] > 0.6 else INK
            text = f"{counts[row, column]:,}\n{shares[row, column]:.0%}"
            axes.text(column, row, text, ha="center", va="center", color=colour)
    axes.set_xticks(range(3), CLASSES)
    axes.set_yticks(range(3), CLASSES)
    axes.set(xlabel="reading (most probable class)", ylabel="label", title="Three classes, out of fold")


def _regions(axes: Axes, groups: dict[str, Any]) -> None:
    places = np.arange(len(groups))[::-1]
    values = [found["auroc"]["value"] for found in groups.values()]
    below = [found["auroc"]["value"] - found["auroc"]["low"] for found in groups.values()]
    above = [found["auroc"]["high"] - found["auroc"]["value"] for found in groups.values()]
    colours = [INK if name == "all films" else ACCENT if name == "elbow films" else SECOND for name in groups]
    axes.barh(places, values, color=colours, height=0.62, alpha=0.85)
    axes.errorbar(values, places, xerr=[below, above], fmt="none", ecolor=INK, elinewidth=1.2, capsize=3)
    if "all films" in groups:
        axes.axvline(groups["all films"]["auroc"]["value"], color=INK, lw=0.8, ls=":")
    axes.set_yticks(places, [f"{name} ({found['fractured']:,} of {found['n']:,})" for name, found in groups.items()])
    axes.set_xlim(0.5, 1.0)  # chance to perfect
    axes.set(xlabel="AUROC of any fracture, 95 % interval", title="Subgroups (fractured of all films)")
    axes.title.set_fontsize(10)


def _history(path: Path) -> Rows:
    """Return a history's rows; where an epoch was repeated after an interruption, the last stands."""
    with path.open(newline="") as lines:
        return list({row["epoch"]: row for row in csv.DictReader(lines)}.values())


def _learning(axes: Axes, histories: dict[str, Rows]) -> None:
    for number, rows in enumerate(histories.values()):
        epochs = [int(row["epoch"]) + 1 for row in rows]
        for column, colour, label in (("logits_loss", ACCENT, "film loss"), ("cell_logits_loss", SECOND, "map loss")):
            shown = None if number else label
            axes.plot(epochs, [float(row[column]) for row in rows], color=colour, lw=1, alpha=0.8, label=shown)
    top = axes.get_ylim()[1]
    for epoch, size in _stages(next(iter(histories.values()))):
        axes.axvline(epoch - 0.5, color=SOFT, lw=1, zorder=0)
        axes.text(epoch - 0.4, top, f"{size} px", fontsize=8, va="top", color=INK)
    axes.set(xlabel="epoch", ylabel="training loss", title="Learning curves, one line a network")
    axes.legend(frameon=False)


def _stages(rows: Rows) -> list[tuple[int, str]]:
    """Return the epoch, counted from 1, that each input size starts with."""
    starts = []
    for before, row in zip([None, *rows], rows, strict=False):
        if before is None or row["input_size"] != before["input_size"]:
            starts.append((int(row["epoch"]) + 1, row["input_size"]))
    return starts
