"""Grades as readers saved them from a grading sheet, checked line by line."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from training.datasets.film import DataError, Film
from training.datasets.rows import Row, rows

GRADES: tuple[str, ...] = ("normal", "hairline", "displaced", "unclear")
"""What a reader may call a film; ``unclear`` is fractured, hairline or displaced not to be told."""
SKIPPED = "skipped"
"""A film that the reader looked at and could not judge: kept for its comment, no grade."""
COLUMNS = ("image_id", "reader", "severity")


@dataclass(frozen=True, slots=True)
class Grade:
    """What one reader called one film, once.

    Attributes
    ----------
    image_id
        The film's id in its data set, or its ``sheet_key``.
    showing
        1, or 2 if the sheet showed the film a second time to see whether the reader agrees with themselves.
    graded_at
        When; ``None`` if the file does not say.
    """

    image_id: str
    reader: str
    severity: str
    showing: int
    graded_at: datetime | None
    path: Path
    line: int

    def error(self, message: str) -> DataError:
        return DataError(self.path, message, self.line)


def sheet_key(film: Film) -> str:
    """Return the name that a film has on grading sheets.

    It follows from the file's bytes alone: ids and paths would give the label away (``displaced/p3.png``), and grades
    still fit when files are renamed. It starts with letters, so that no spreadsheet takes it for a number.
    """
    return "film-" + hashlib.sha256(film.path.read_bytes()).hexdigest()[:16]


def read(paths: Iterable[Path]) -> list[Grade]:
    """Read grades, without skipped films: one for each reader, film and showing, the latest if there are several.

    Raises
    ------
    DataError
        Naming file and line: for an empty film or reader, an unknown grade, a showing that is not 1 or 2, a time that
        is none, or two grades of which none is the latest.
    """
    return settled(
        [_grade(path, line, row) for path in paths for line, row in rows(path, COLUMNS) if row["severity"] != SKIPPED]
    )


def settled(grades: Sequence[Grade]) -> list[Grade]:
    """Return one grade for each reader, film and showing: of several the latest, as a reader may change their mind.

    Raises
    ------
    DataError
        If several differ and none is the latest.
    """
    latest: dict[tuple[str, str, int], Grade] = {}
    for grade in grades:
        place = (grade.reader, grade.image_id, grade.showing)
        other = latest.setdefault(place, grade)
        if other.severity != grade.severity and other.graded_at == grade.graded_at:
            raise grade.error(
                f"reader {grade.reader!r} calls {grade.image_id!r} {grade.severity} here and {other.severity} in "
                f"{other.path}:{other.line}, and the times do not say which came last"
            )
        if _moment(grade) > _moment(other):
            latest[place] = grade
    return list(latest.values())


def _grade(path: Path, line: int, row: Row) -> Grade:
    for name in ("image_id", "reader"):
        if not row[name]:
            raise DataError(path, f"the {name} is empty", line)
    if row["severity"] not in GRADES:
        raise DataError(path, f"unknown class {row['severity']!r}; classes are {', '.join(GRADES)}", line)
    if row.get("showing", "") not in {"", "1", "2"}:
        raise DataError(path, f"showing {row['showing']!r} is neither 1 nor 2", line)
    return Grade(
        image_id=row["image_id"],
        reader=row["reader"],
        severity=row["severity"],
        showing=int(row.get("showing") or 1),
        graded_at=_time(path, line, row.get("graded_at", "")),
        path=path,
        line=line,
    )


def _time(path: Path, line: int, text: str) -> datetime | None:
    """Return a time of ISO 8601, taken as UTC if it names no zone."""
    if not text:
        return None
    try:
        time = datetime.fromisoformat(text)
    except ValueError as error:
        message = f"graded_at {text!r} is no time like 2026-03-01T14:05:00Z; use the file as the sheet saved it"
        raise DataError(path, message, line) from error
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def _moment(grade: Grade) -> datetime:
    return grade.graded_at or datetime.min.replace(tzinfo=UTC)
