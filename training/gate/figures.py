"""One figure: how novel films, altered films and strangers are, with the limit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("Agg")  # files only; no window system needed

import matplotlib.pyplot as plt
import numpy as np

from training.report.figures import ACCENT, INK, SECOND, SOFT


def draw(found: dict[str, Any], folder: Path) -> None:
    """Write the histograms of ``evaluate_gate`` as ``novelty.png``, one row a kind, on a logarithmic scale."""
    folder.mkdir(parents=True, exist_ok=True)
    edges, counts = np.array(found["histogram"]["edges"]), found["histogram"]["counts"]
    figure, rows = plt.subplots(
        len(counts), sharex=True, figsize=(6.4, 0.46 * len(counts) + 0.9), dpi=110, layout="constrained"
    )
    for axes, (name, heights) in zip(np.atleast_1d(rows), counts.items(), strict=True):
        share = np.array(heights) / max(1, sum(heights))
        colour = {"films": SECOND, "altered films": SOFT}.get(name, INK)
        axes.stairs(share, edges, fill=True, color=colour)
        axes.axvline(1, color=ACCENT, lw=1)
        axes.set(xscale="log", yticks=[], xlim=(edges[0], edges[-1]))
        axes.spines[["top", "right", "left"]].set_visible(False)
        axes.set_ylabel(f"{name} ({sum(heights):,})", rotation=0, ha="right", va="center", fontsize=8)
    bottom = np.atleast_1d(rows)[-1]
    bottom.set_xticks([0.2, 0.5, 1, 2, 5, 10, 20], ["0.2", "0.5", "1", "2", "5", "10", "20"])
    bottom.set_xlabel("novelty, as a multiple of the limit (line: refused to the right of it)", fontsize=9)
    # Without its version in the header, the same figure is the same file.
    figure.savefig(folder / "novelty.png", metadata={"Software": None})
    plt.close(figure)
