"""A CSV of films: columns ``file`` and ``label``, optionally ``group``, ``fold`` and any others (kept as attributes).

Paths are relative to the CSV. Labels are ``normal``, ``hairline``, ``displaced``, ``unclear`` (fractured, severity
not known) or ``ungraded``. Without ``group`` each film is its own patient.
"""

from __future__ import annotations

from pathlib import Path

from training.datasets.film import SEVERITIES, DataError, Dataset, Film
from training.datasets.rows import Row, rows


def read(path: Path) -> Dataset:
    """Read the table at ``path``.

    Raises
    ------
    DataError
        Naming the line.
    """
    films = [_film(path, row, line) for line, row in rows(path, ("file", "label"))]
    if not films:
        raise DataError(path, "the table lists no film")
    return Dataset(path.stem, tuple(films), f"column 'label' of {path.name}", path)


def _film(table: Path, row: Row, line: int) -> Film:
    label, file, fold = row["label"], row["file"], row.get("fold", "")
    if label not in SEVERITIES:
        raise DataError(table, f"unknown label {label!r}; labels are {', '.join(SEVERITIES)}", line)
    if not file:
        raise DataError(table, "no file is named", line)
    if fold and not fold.isdecimal():
        raise DataError(table, f"fold {fold!r} is not a whole number", line)
    film = Film(
        id=file,
        path=table.parent / file,
        classes=SEVERITIES[label],
        group=row.get("group") or file,
        fold=int(fold) if fold else None,
        attributes=row,
        listed=(table, line),
    )
    if not film.path.is_file():
        raise film.error("the film is missing")
    return film
