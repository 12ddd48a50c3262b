"""How the command line speaks: one-line errors, text that is safe to show, quiet ends, a progress bar."""

from __future__ import annotations

import os
import shutil
import sys
import time
from types import TracebackType
from typing import Any, Self

import typer
from typer.core import TyperGroup

from fracturelens import errors

SOME_FAILED = 1
WRONG_USAGE = 2
PIPE_CLOSED = 141
"""What a shell reports for a program whose reader has gone (128 + SIGPIPE), as after ``| head``."""


class OneLineErrors(TyperGroup):
    """The group of all commands: an error of ours is one line on stderr, a reader that has gone ends quietly."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except errors.FracturelensError as error:
            typer.echo(error_line(error), err=True)
            raise typer.Exit(WRONG_USAGE if isinstance(error, errors.InvalidSetting) else SOME_FAILED) from error
        except BrokenPipeError as error:
            _give_up_stdout()
            raise typer.Exit(PIPE_CLOSED) from error


def _give_up_stdout() -> None:
    """Send what is still buffered nowhere: it cannot be written, and the interpreter would say so when it ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def error_line(error: errors.FracturelensError) -> str:
    """Return ``error [code]: message`` on one line."""
    return f"error [{error.code}]: {shown(error.message)}"


def shown(text: str) -> str:
    """Return text that cannot move the cursor, ring or break a line: whatever does not print is escaped.

    File names are any bytes but ``/`` and NUL; a terminal obeys some of them.
    """
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def percent(probability: float) -> str:
    """Return a probability in [0, 1] as a whole percentage."""
    return f"{100 * probability:.0f} %"


class Progress:
    """How far a run is and how long it may still take: one line on stderr, shown on a terminal only.

    Everything printed meanwhile goes through ``print``, so that the bar and the lines never mix.
    """

    WIDTH = 24
    INTERVAL_S = 0.1

    def __init__(self, total: int) -> None:
        self._total = total
        self._done = 0
        self._started = time.monotonic()
        self._drawn_at = 0.0
        self._shown = sys.stderr.isatty()
        self._shares_terminal = self._shown and sys.stdout.isatty()

    def __enter__(self) -> Self:
        self._draw()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._clear()

    def advance(self) -> None:
        self._done += 1
        if time.monotonic() - self._drawn_at >= self.INTERVAL_S:
            self._draw()

    def print(self, *lines: str) -> None:
        if self._shares_terminal:
            self._clear()
        # Flushed at once: who reads the other end of a pipe gets each film as soon as it is read.
        try:
            sys.stdout.write("".join(f"{line}\n" for line in lines))
            sys.stdout.flush()
        except BrokenPipeError:
            raise
        except OSError as error:
            _give_up_stdout()
            raise errors.StoreError(f"Standard output cannot be written: {error.strerror}.") from error
        if self._shares_terminal:
            self._draw()

    def _draw(self) -> None:
        if not self._shown:
            return
        self._drawn_at = time.monotonic()
        filled = self.WIDTH * self._done // max(self._total, 1)
        line = f"[{'#' * filled}{'.' * (self.WIDTH - filled)}] {self._done} of {self._total}{self._time_left()}"
        sys.stderr.write(f"\r\x1b[K{line[: shutil.get_terminal_size().columns - 1]}")
        sys.stderr.flush()

    def _time_left(self) -> str:
        if not 0 < self._done < self._total:
            return ""
        seconds = (self._drawn_at - self._started) / self._done * (self._total - self._done)
        minutes, seconds = divmod(round(seconds), 60)
        return f", {minutes}:{seconds:02d} left"

    def _clear(self) -> None:
        if self._shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
