"""Films with labels from anywhere: one adapter per layout, all giving the same ``Dataset``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from training.datasets import folder, fracatlas, table
from training.datasets.film import DataError, Dataset, Film

ADAPTERS: dict[str, Callable[[Path], Dataset]] = {
    "fracatlas": fracatlas.read,
    "folder": folder.read,
    "csv": table.read,
}

__all__ = ["ADAPTERS", "DataError", "Dataset", "Film"]
