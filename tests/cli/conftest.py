"""The command line in this process and as a process of its own, shielded from the user's own settings."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from fracturelens.cli import app

Cli = Callable[..., Result]
Program = Callable[..., subprocess.CompletedProcess[bytes]]
COMMAND = (sys.executable, "-m", "fracturelens")
PATIENCE_S = 120


@pytest.fixture(autouse=True)
def _own_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Forget the settings of whoever runs the tests, and keep their data folder out of it."""
    for name in [name for name in os.environ if name.startswith("FRACTURELENS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "xdg"))


@pytest.fixture
def cli() -> Cli:
    """Return a function that runs ``fracturelens`` with arguments in this process."""

    def run(*arguments: str | Path, **options: Any) -> Result:
        result = CliRunner().invoke(app, [str(argument) for argument in arguments], **options)
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return run


@pytest.fixture
def program(root: Path) -> Program:
    """Return a function that runs ``fracturelens`` with arguments as a process and waits for its end."""

    def run(*arguments: str | bytes | Path, **options: Any) -> subprocess.CompletedProcess[bytes]:
        done: subprocess.CompletedProcess[bytes] = subprocess.run(
            [*COMMAND, *arguments], capture_output=True, cwd=root, timeout=PATIENCE_S, check=False, **options
        )
        return done

    return run


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return an empty folder for films."""
    place = tmp_path / "films"
    place.mkdir()
    return place
