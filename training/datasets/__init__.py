"""Films with labels from anywhere: one adapter per layout, all giving the same ``Dataset``."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from pathlib import Path

from training.datasets import folder, fracatlas, mura, table
from training.datasets.film import SEVERITIES, UNGRADED, DataError, Dataset, Film


class Layout(StrEnum):
    """Layouts of data sets that can be read."""

    FRACATLAS = "fracatlas"
    FOLDER = "folder"
    CSV = "csv"
    MURA = "mura"
    MURA_ABNORMAL = "mura-abnormal"


ADAPTERS: dict[str, Callable[[Path], Dataset]] = {
    Layout.FRACATLAS: fracatlas.read,
    Layout.FOLDER: folder.read,
    Layout.CSV: table.read,
    Layout.MURA: mura.read,
    Layout.MURA_ABNORMAL: mura.read_abnormal_as_fractured,
}

__all__ = ["ADAPTERS", "SEVERITIES", "UNGRADED", "DataError", "Dataset", "Film", "Layout"]
