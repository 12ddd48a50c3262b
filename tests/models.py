"""Small models for a registry: each another network, which measures brightness (see ``tests.graphs``)."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from fracturelens.bundle import write
from tests import graphs


def graph(number: int = 1) -> bytes:
    """Return a network; another number, another network."""
    return graphs.brightness_graph(bias=(2.0, -2.0, -1.0 - number / 10))


def digest(number: int = 1) -> str:
    """Return the SHA-256 of a network."""
    return hashlib.sha256(graph(number)).hexdigest()


def bundle_folder(place: Path, number: int = 1) -> Path:
    """Write a bundle folder, with results."""
    content = graph(number)
    write(place, graphs.manifest_of(content, version=f"{number}.0"), content, f"# Model {number}\n")
    (place / "results").mkdir(exist_ok=True)
    (place / "results" / "results.json").write_text(f'{{"model": {number}}}')
    return place


def comparison(verdict: str = "better", **changes: Any) -> dict[str, Any]:
    """Return what ``python -m training compare --json`` prints."""
    estimate = {"value": 0.9, "low": 0.88, "high": 0.92}
    change = {"old": estimate, "new": estimate, "difference": {"value": 0.01, "low": 0.001, "high": 0.02}}
    figures = {"auroc": change, "specificity_at_sensitivity_93": change}
    return {"films": 600, "fractured": 200, **figures, "verdict": verdict, **changes}
