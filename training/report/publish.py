"""Everything that readers see of the results: pages, figures and pictures, written in one go."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

from training.datasets import Dataset
from training.readings import OutOfFold
from training.report import examples, figures
from training.report import pages as report

PARTS_DRAWN = {"sanity": "training.sanity.figures", "gate": "training.gate.figures"}
"""Parts of the results that have a figure, and the modules whose ``draw`` writes it into a folder."""


def publish(results: dict[str, Any], dataset: Dataset, predicted: OutOfFold, folder: Path, docs: Path) -> None:
    """Write ``results.md``, ``examples.md`` and their pictures into ``docs``; ``folder`` holds the histories."""
    pictures = docs / "images" / "results"
    (docs / "results.md").write_text(report.results_page(results))
    (docs / "examples.md").write_text(report.examples_page(results))
    figures.draw(results, sorted(folder.glob("history-*.csv")), pictures)
    for part, module in PARTS_DRAWN.items():
        if part in results:
            import_module(module).draw(results[part], pictures)
    examples.draw(dataset, predicted, results, pictures / "examples")
