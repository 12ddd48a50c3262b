"""The plot of the sanity checks: how fast the heatmap goes when what was learnt is taken away."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import pyplot as plt

from training.report.figures import ACCENT, INK, SECOND, SOFT
from training.sanity.report import FIGURE


def draw(found: dict[str, Any], folder: Path) -> None:
    """Write the cascade curve as PNG into ``folder``, from the content of ``sanity.json``."""
    layers = ["trained", *(step["layer"] for step in found["cascade"])]
    figure, axes = plt.subplots(figsize=(8, 4.4), dpi=110, layout="constrained")
    axes.spines[["top", "right"]].set_visible(False)
    axes.axhline(found["limit"], color=INK, lw=1, ls="--")
    axes.text(len(layers) - 1, found["limit"] + 0.01, f"limit {found['limit']:g}", ha="right", va="bottom", fontsize=8)
    if found["unrelated"]["value"] is not None:
        label = "maps of two different films (chance)"
        axes.axhline(found["unrelated"]["value"], color=SOFT, lw=1.5, label=label)
    curves = (
        ("cascade", "shown", ACCENT, "-", "heatmap as shown, all layers down to this one"),
        ("cascade", "signed", SECOND, "-", "signed map, all layers down to this one"),
        ("alone", "shown", ACCENT, ":", "heatmap as shown, this layer alone"),
    )
    for key, name, colour, style, label in curves:
        steps = [{"value": 1.0, "low": 1.0, "high": 1.0}, *(step[name] for step in found[key])]
        value, low, high = (np.array([step[part] for step in steps], dtype=float) for part in ("value", "low", "high"))
        places = np.arange(len(steps))
        axes.plot(places, value, style, color=colour, lw=1.8, marker=".", label=label)
        if style == "-":
            axes.fill_between(places, low, high, color=colour, alpha=0.15, lw=0)
    axes.set_xticks(range(len(layers)), layers, rotation=60, ha="right", fontsize=8)
    axes.set(ylim=(0, 1.02), ylabel="|Spearman| with the trained network's map", xlabel="randomised, from the top")
    axes.set_title("Does the heatmap depend on what was learnt? Medians, 95 % intervals", fontsize=10)
    axes.legend(frameon=False, fontsize=8)
    # Without the version in its header, the same figure is the same file.
    folder.mkdir(parents=True, exist_ok=True)
    figure.savefig(folder / FIGURE, metadata={"Software": None})
    plt.close(figure)
