"""Plots of results, for where one would rather look than read."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("Agg")  # files only; no window system needed

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

from fracturelens.bundle import CLASSES

INK, ACCENT, SECOND, SOFT = "#1f2933", "#c2410c", "#0f766e", "#cbd2d9"


def draw(results: dict[str, Any], histories: list[Path], folder: Path) -> None:
    """Write every figure as PNG into ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    _figure(folder / "roc.png", lambda axes: _roc(axes, results))
    _figure(folder / "reliability.png", lambda axes: _reliability(axes, results["calibration"]))
    _figure(folder / "confusion.png", lambda axes: _confusion(axes, results["three_classes"]["confusion"]))
    if histories:
        _figure(folder / "learning.png", lambda axes: _learning(axes, histories))


def _figure(path: Path, paint: Any) -> None:
    figure, axes = plt.subplots(figsize=(5, 4.2), dpi=110, layout="constrained")
    axes.spines[["top", "right"]].set_visible(False)
    paint(axes)
    # Without the date and version in its header, the same figure is the same file.
    figure.savefig(path, metadata={"Software": None})
    plt.close(figure)


def _roc(axes: Axes, results: dict[str, Any]) -> None:
    curve, found = results["roc"], results["any_fracture"]["all films"]["auroc"]
    axes.plot([0, 1], [0, 1], color=SOFT, lw=1)
    axes.plot(curve["false_positive_rate"], curve["true_positive_rate"], color=INK, lw=2)
    for (name, point), colour in zip(results["operating_points"].items(), (ACCENT, SECOND), strict=True):
        sensitivity, specificity = point["sensitivity"]["value"], point["specificity"]["value"]
        axes.plot(1 - specificity, sensitivity, "o", color=colour, ms=8, label=f"fracture {name}")
    axes.set(
        xlabel="1 - specificity",
        ylabel="sensitivity",
        title=f"Any fracture, all films: AUROC {found['value']:.3f} [{found['low']:.3f}, {found['high']:.3f}]",
    )
    axes.title.set_fontsize(10)
    axes.legend(loc="lower right", frameon=False)


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
    axes.legend(loc="upper left", frameon=False)


def _confusion(axes: Axes, matrix: list[list[int]]) -> None:
    counts = np.array(matrix)
    shares = counts / counts.sum(axis=1, keepdims=True)
    axes.imshow(shares, cmap="Greys", vmin=0, vmax=1.2)
    for row in range(len(counts)):
        for column in range(len(counts)):
            colour = "white" if shares[row, column] > 0.6 else INK
            text = f"{counts[row, column]:,}\n{shares[row, column]:.0%}"
            axes.text(column, row, text, ha="center", va="center", color=colour)
    axes.set_xticks(range(3), CLASSES)
    axes.set_yticks(range(3), CLASSES)
    axes.set(xlabel="reading (most probable class)", ylabel="label", title="Three classes, out of fold")


def _learning(axes: Axes, histories: list[Path]) -> None:
    for path in histories:
        with path.open(newline="") as lines:
            rows = list(csv.DictReader(lines))
        epochs = [int(row["epoch"]) + 1 for row in rows]
        for column, colour, label in (("logits_loss", ACCENT, "film loss"), ("cell_logits_loss", SECOND, "map loss")):
            shown = label if path == histories[0] else None
            axes.plot(epochs, [float(row[column]) for row in rows], color=colour, lw=1, alpha=0.8, label=shown)
    axes.set(xlabel="epoch", ylabel="training loss", title="Learning curves, one line a network")
    axes.legend(frameon=False)
