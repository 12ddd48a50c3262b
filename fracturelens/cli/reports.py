"""How ``assess`` writes what it read: JSON lines for programs, a table for people."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from fracturelens import DISCLAIMER
from fracturelens.assessment import Assessment, ModelInfo
from fracturelens.assessment import Outcome as Finding
from fracturelens.cli.reader import Outcome
from fracturelens.cli.terminal import error_line, percent, shown


class JsonLines:
    """One JSON object a line: ``{"file": …, **assessment}`` or ``{"file": …, "error": {"code": …, "message": …}}``.

    ASCII only, so that a file name of any bytes survives. ``overlay`` names the PNG, if one was written.
    """

    def header(self) -> Sequence[str]:
        return ()

    def lines(self, outcome: Outcome) -> Sequence[str]:
        line: dict[str, Any] = {"file": outcome.name}
        if outcome.assessment:
            line |= outcome.assessment.model_dump(mode="json")
        if outcome.error:
            line["error"] = {"code": outcome.error.code, "message": outcome.error.message}
        if outcome.overlay_file:
            line["overlay"] = str(outcome.overlay_file)
        return (json.dumps(line, allow_nan=False),)

    def footer(self, read: int, failed: int) -> Sequence[str]:
        return ()


class Table:
    """Aligned columns, the disclaimer above them and the count below; notes and errors stand under their film."""

    WIDEST_NAME = 48
    COLUMNS = ("OUTCOME            ", "FRACTURE", "NORMAL", "HAIRLINE", "DISPLACED", "SEVERITY")

    def __init__(self, model: ModelInfo, names: Sequence[str]) -> None:
        self._model = model
        self._width = min(self.WIDEST_NAME, max(len(shown(name)) for name in names))

    def header(self) -> Sequence[str]:
        model = shown(f"{self._model.name} {self._model.version}")
        return (f"{DISCLAIMER} Model {model} ({self._model.digest[:12]}).", self._row("FILM", *self.COLUMNS))

    def lines(self, outcome: Outcome) -> Sequence[str]:
        if outcome.assessment:
            lines = [self._reading(outcome.name, outcome.assessment)]
            lines += [f"  {shown(reason.message)}" for reason in outcome.assessment.reasons]
        else:
            lines = [self._row(outcome.name, "not read")]
        if outcome.error:
            lines.append(f"  {error_line(outcome.error)}")
        if outcome.overlay_file:
            lines.append(f"  overlay: {shown(str(outcome.overlay_file))}")
        return lines

    def footer(self, read: int, failed: int) -> Sequence[str]:
        return (f"{read} read, {failed} not read." if failed else f"{read} read.",)

    def _reading(self, name: str, assessment: Assessment) -> str:
        words = assessment.outcome.replace("_", " ")
        if assessment.outcome is Finding.CANNOT_ASSESS:
            # The network answers anything with numbers; about a film that was refused they mean nothing.
            return self._row(name, words)
        classes = assessment.probabilities
        numbers = (assessment.fracture_probability, classes.normal, classes.hairline, classes.displaced)
        return self._row(name, words, *map(percent, numbers), assessment.severity or "")

    def _row(self, name: str, *cells: str) -> str:
        """Lay out one row, numbers to the right; of a long name the end is kept."""
        film = shown(name)
        film = film if len(film) <= self._width else f"…{film[1 - self._width :]}"
        columns = (
            cell.rjust(len(column)) if cell.endswith("%") else cell.ljust(len(column))
            for cell, column in zip(cells, self.COLUMNS, strict=False)  # a film that was not read has no numbers
        )
        return "  ".join([film.ljust(self._width), *columns]).rstrip()
