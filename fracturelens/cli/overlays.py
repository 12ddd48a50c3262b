"""Overlay files: one PNG per film in one folder, never over another file."""

from __future__ import annotations

import tempfile
from collections import Counter
from pathlib import Path, PurePath
from typing import BinaryIO

from fracturelens import errors
from fracturelens.cli.films import OVERLAY_SUFFIX, STDIN
from fracturelens.cli.reader import Outcome

MAX_STEM_BYTES = 200
"""A name may have 255 bytes on common file systems; the suffix and a number need room."""


class OverlayFolder:
    """Writes overlays beside each other: ``elbow.png`` becomes ``elbow.overlay.png``.

    A name that is taken, by a film of the same name elsewhere or by an earlier run, gets the next free number
    (``elbow-2.overlay.png``): nothing is ever overwritten, and no overlay can end up under another film's name.

    Raises
    ------
    StoreError
        The folder cannot be made or written to.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._used: Counter[str] = Counter()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder):  # Better told now than after the first film was read.
                pass
        except OSError as error:
            raise _unwritable(error) from error

    def keep(self, outcome: Outcome) -> Outcome:
        """Write an outcome's overlay and return the outcome with its file; failing to write makes it an error."""
        if outcome.overlay is None:
            return outcome
        try:
            return Outcome(outcome.name, outcome.assessment, overlay_file=self._write(outcome.name, outcome.overlay))
        except OSError as error:
            return Outcome(outcome.name, error=_unwritable(error))

    def _write(self, film: str, png: bytes) -> Path:
        path, file = self._first_free(_stem(film))
        try:
            with file:
                file.write(png)
        except OSError:
            path.unlink(missing_ok=True)  # half a picture is worse than none
            raise
        return path

    def _first_free(self, stem: str) -> tuple[Path, BinaryIO]:
        while True:
            self._used[stem] += 1
            number = self._used[stem]
            path = self._folder / f"{stem}{f'-{number}' if number > 1 else ''}{OVERLAY_SUFFIX}"
            try:
                return path, path.open("xb")  # "x" fails on anything that is there, a dangling link included
            except FileExistsError:
                continue


def _stem(film: str) -> str:
    """Return the film's own name without folders and suffix, whatever a file name cannot safely hold replaced."""
    name = "stdin" if film == STDIN else PurePath(film).stem
    safe = "".join(c if c.isprintable() and c not in "/\\" else "_" for c in name)
    return safe.encode()[:MAX_STEM_BYTES].decode(errors="ignore") or "film"


def _unwritable(error: OSError) -> errors.StoreError:
    return errors.StoreError(f"The overlay cannot be written: {error.strerror}. Choose another folder with --overlay.")
