"""A CSV of films: columns ``file`` and ``label``, optionally ``group``, ``fold`` and any others (kept as attributes).

Paths are relative to the CSV. Labels are ``normal``, ``hairline``, ``displaced`` or ``unclear`` (fractured, severity
not known). Without ``group`` each film is its own patient.
"""

from __future__ import annotations

import csv
from pathlib import Path

from training.datasets.film import SEVERITIES, DataError, Dataset, Film


def read(path: Path) -> Dataset:
    """Read the table at ``path``.

    Raises
    ------
    DataError
        Naming the line.
    """
    if not path.is_file():
        raise DataError(path, "the table is missing")
    films = []
    with path.open(newline="", encoding="utf-8-sig") as lines:
        reader = csv.DictReader(lines)
        missing = {"file", "label"} - set(reader.fieldnames or ())
        if missing:
            raise DataError(path, f"column {min(missing)!r} is missing", 1)
        for number, row in enumerate(reader, start=2):
            films.append(_film(path, row, number))
    return Dataset(path.stem, tuple(films), f"column 'label' of {path.name}", path)


def _film(table: Path, row: dict[str, str], number: int) -> Film:
    label = (row["label"] or "").strip()
    if label not in SEVERITIES:
        raise DataError(table, f"unknown label {label!r}; labels are {', '.join(SEVERITIES)}", number)
    path = table.parent / (row["file"] or "")
    if not path.is_file():
        raise DataError(table, f"the film {row['file']!r} is missing", number)
    fold = (row.get("fold") or "").strip()
    if fold and not fold.isdigit():
        raise DataError(table, f"fold {fold!r} is not a whole number", number)
    return Film(
        id=row["file"],
        path=path,
        classes=SEVERITIES[label],
        group=(row.get("group") or "").strip() or row["file"],
        fold=int(fold) if fold else None,
        attributes={key: value or "" for key, value in row.items() if key},
    )
