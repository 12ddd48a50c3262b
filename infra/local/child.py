"""A program started here: it says when it is ready, what it prints is passed on or dropped, it is stopped by its id."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Sequence
from types import TracebackType
from typing import IO, Final, Self

PATIENCE_SECONDS: Final = 60
"""How long a program may take until it says that it is ready."""
GRACE_SECONDS: Final = 5
"""How long it may take to end once it was told to."""


class NotReady(Exception):
    """A program ended, or said nothing, before it was ready; the message says which and what it printed."""


class Child:
    """A running program, in a process group of its own: Ctrl-C in the terminal is for us, who stop it in good order.

    Parameters
    ----------
    name : str
        What a reader calls it.
    command : sequence of str
    loud : bool
        Whether what it writes to standard error is passed on.
    """

    def __init__(self, name: str, command: Sequence[str], *, loud: bool = False) -> None:
        self.name = name
        self._loud = loud
        self._said: list[str] = []
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,  # it ends with us, however we end
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self._passing_on = threading.Thread(target=self._pass_on, args=(self._process.stderr,), daemon=True)
        self._passing_on.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._process.terminate()
        try:
            self._process.wait(GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._passing_on.join(GRACE_SECONDS)
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            if pipe is not None:
                pipe.close()

    @property
    def status(self) -> int | None:
        """The status with which it ended, or ``None`` while it runs."""
        return self._process.poll()

    def first_line(self) -> str:
        """Wait for the line with which it says that it is ready.

        Raises
        ------
        NotReady
        """
        line: list[str] = []
        reader = threading.Thread(target=lambda: line.append(self._read_line()), daemon=True)
        reader.start()
        reader.join(PATIENCE_SECONDS)
        if not line or not line[0]:
            raise NotReady(f"{self.name} did not start:\n{''.join(self._said[-20:])}")
        return line[0].strip()

    def _read_line(self) -> str:
        assert self._process.stdout  # noqa: S101 - it is a pipe
        return self._process.stdout.readline()

    def _pass_on(self, lines: IO[str]) -> None:
        for line in lines:
            self._said = [*self._said[-20:], line]
            if self._loud:
                sys.stderr.write(f"{self.name} | {line}")
