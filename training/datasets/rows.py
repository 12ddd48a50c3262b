"""Rows of a CSV file with their lines, so that whatever is wrong with one can be said where it stands."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from io import StringIO
from pathlib import Path

from training.datasets.film import DataError

Row = dict[str, str]


def rows(path: Path, columns: Sequence[str]) -> Iterator[tuple[int, Row]]:
    """Yield every row with the line that it ends on; values are stripped, and empty where the row is short.

    The file is UTF-8, with or without a byte order mark, and separated by commas, or by semicolons as spreadsheet
    programs of half the world save it.

    Raises
    ------
    DataError
        If the file is missing, no UTF-8 or no CSV, lacks one of ``columns``, or a row has more cells than the head.
    """
    if not path.is_file():
        raise DataError(path, "the file is missing")
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        line = path.read_bytes()[: error.start].count(b"\n") + 1
        raise DataError(path, "the text is not UTF-8; save the table as CSV (UTF-8)", line) from error
    head = text.partition("\n")[0]
    delimiter = ";" if ";" in head and "," not in head else ","
    reader = csv.DictReader(StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        names = reader.fieldnames or ()
        missing = [name for name in columns if name not in names]
        if missing:
            raise DataError(path, f"column {missing[0]!r} is missing", 1)
        for row in reader:
            if None in row:
                raise DataError(path, f"the row has more cells than the {len(names)} of the head", reader.line_num)
            yield reader.line_num, {name: (value or "").strip() for name, value in row.items()}
    except csv.Error as error:
        raise DataError(path, f"this is no CSV: {error}", reader.line_num) from error
