"""Help that teaches, starts quickly, and agrees with the documentation."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from fracturelens import DISCLAIMER, __version__, errors
from fracturelens.assess import open_assessor
from fracturelens.cli import app
from tests.cli.conftest import COMMAND, Cli, Program

HEAVY = {"ai_edge_litert", "fastapi", "numpy", "PIL", "pydantic", "pydicom", "rich", "uvicorn", "tensorflow"}


def commands() -> Iterator[tuple[str, Any]]:
    """Yield each command with its full name."""

    def below(name: str, command: Any) -> Iterator[tuple[str, Any]]:
        yield name, command
        for child_name, child in getattr(command, "commands", {}).items():
            yield from below(f"{name} {child_name}", child)

    yield from below("fracturelens", typer.main.get_command(app))


def test_help_shows_every_command_with_examples_and_the_disclaimer(cli: Cli) -> None:
    result = cli("--help")

    assert result.exit_code == 0
    assert {"serve", "assess", "model", "doctor"} <= set(result.stdout.split())
    assert "fracturelens assess --json films/ > all.jsonl" in result.stdout
    assert DISCLAIMER in result.stdout


def test_the_version_is_printed(cli: Cli) -> None:
    assert cli("--version").stdout == f"fracturelens {__version__}\n"


@pytest.mark.parametrize("arguments", [(), ("model",), ("assess",), ("nonsense",), ("serve", "--port", "x")])
def test_wrong_usage_ends_with_2_and_a_hint(arguments: tuple[str, ...], cli: Cli) -> None:
    result = cli(*arguments)

    assert result.exit_code == 2
    assert "Usage: fracturelens" in result.output


def test_help_loads_nothing_heavy() -> None:
    code = "import sys; from fracturelens.cli import app; app(['--help'], standalone_mode=False); print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert HEAVY.isdisjoint(run.stdout.splitlines()[-1].split())


def test_the_shell_completes_commands() -> None:
    environment = {"_FRACTURELENS_COMPLETE": "complete_bash", "COMP_WORDS": "fracturelens do", "COMP_CWORD": "1"}
    run = subprocess.run(COMMAND, env=os.environ | environment, capture_output=True, text=True, check=False)

    assert run.stdout.split() == ["doctor"]


def test_every_command_and_option_is_documented(root: Path) -> None:
    text = (root / "docs" / "cli.md").read_text()
    named = {
        word
        for name, command in commands()
        for word in (name, *(option for parameter in command.params for option in parameter.opts))
        if word.startswith(("fracturelens", "--"))
    }

    assert {word for word in named if word not in text} == set()


def test_the_documentation_shows_the_model_that_is_shipped(root: Path) -> None:
    model = open_assessor().model
    name = f"{model.name} {model.version} ({model.digest[:12]})"

    assert (root / "docs" / "cli.md").read_text().count(name) == 2, "run the examples of docs/cli.md again"


def test_every_error_of_the_command_line_is_documented(root: Path) -> None:
    text = (root / "docs" / "cli.md").read_text()

    for error in (errors.FileUnreadable, errors.NoFilms, errors.AddressUnavailable, errors.InvalidSetting):
        assert f"| `{error.code}` |" in text


def test_an_invalid_setting_is_one_line_that_names_the_variable(program: Program) -> None:
    run = program("doctor", env=os.environ | {"FRACTURELENS_PORT": "lots"})

    assert run.returncode == 2
    (line,) = run.stderr.decode().splitlines()
    assert line.startswith("error [invalid_setting]: ")
    assert "FRACTURELENS_PORT" in line
    assert "lots" not in line
