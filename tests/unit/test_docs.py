"""The documentation is complete: every route, setting, error code and option stands where a user looks for it."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from pydantic.fields import FieldInfo

from fracturelens import errors
from fracturelens.api.contract import Api
from fracturelens.cli import app as cli
from fracturelens.settings import PREFIX, Settings

UNSERVED = {
    *("file_unreadable", "no_films", "invalid_setting", "address_unavailable"),
    *("registry_unavailable", "unknown_version", "version_exists", "not_compared"),
}
"""Codes of errors that happen before or without a server, so that no HTTP status is promised for them."""


def known_errors() -> Iterator[type[errors.FracturelensError]]:
    for _, kind in inspect.getmembers(errors, inspect.isclass):
        if issubclass(kind, errors.FracturelensError):
            yield kind


def routes() -> Iterator[tuple[str, str]]:
    for path, methods in Api().openapi()["paths"].items():
        for method in methods:
            yield method.upper(), path


def options() -> Iterator[tuple[str, str]]:
    """Yield each command's name and one of its options."""
    root = typer.main.get_command(cli)
    commands = [root]
    for command in commands:  # grows while it is walked
        commands += getattr(command, "commands", {}).values()
        for parameter in command.params:
            for option in (*parameter.opts, *parameter.secondary_opts):
                if option.startswith("--"):
                    yield command.name or "", option


def rows(page: Path) -> dict[str, list[str]]:
    """Return the rows of a page's tables: the cells by the code word of the first cell."""
    found: dict[str, list[str]] = {}
    for line in page.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("| ").split(" | ")]
        if line.startswith("|") and (name := re.fullmatch(r"`([^`]+)`", cells[0])):
            found[name[1]] = cells[1:]
    return found


@pytest.mark.parametrize(("method", "path"), list(routes()))
def test_every_route_is_documented(root: Path, method: str, path: str) -> None:
    assert f"`{method} {path}`" in (root / "docs" / "api.md").read_text(encoding="utf-8")


def test_no_route_is_documented_that_does_not_exist(root: Path) -> None:
    documented = {tuple(name.split()) for name in rows(root / "docs" / "api.md")}

    assert documented == set(routes())


@pytest.mark.parametrize(("name", "field"), list(Settings.model_fields.items()))
def test_every_setting_is_documented_with_its_default(root: Path, name: str, field: FieldInfo) -> None:
    default, _ = rows(root / "docs" / "settings.md")[PREFIX + name.upper()]

    assert field.description
    if isinstance(field.default, tuple) and field.default:
        assert default == f"`{','.join(field.default)}`"
    elif isinstance(field.default, str | int | float):
        assert default == f"`{field.default}`"


def test_no_setting_is_documented_that_does_not_exist(root: Path) -> None:
    assert set(rows(root / "docs" / "settings.md")) == {PREFIX + name.upper() for name in Settings.model_fields}


@pytest.mark.parametrize("kind", list(known_errors()), ids=lambda kind: kind.code)
def test_every_error_is_documented_with_its_status(root: Path, kind: type[errors.FracturelensError]) -> None:
    known = {listed.code for listed in known_errors()}
    documented = rows(root / "docs" / "errors.md")

    status, when, remedy = documented[kind.code]
    assert status == ("–" if kind.code in UNSERVED else str(kind.status))
    assert when
    assert remedy
    assert set(documented) == known


def test_every_code_means_one_thing() -> None:
    codes = [kind.code for kind in known_errors()]

    assert len(codes) == len(set(codes))


@pytest.mark.parametrize(("command", "option"), sorted(set(options())))
def test_every_option_is_documented(root: Path, command: str, option: str) -> None:
    page = (root / "docs" / "cli.md").read_text(encoding="utf-8")

    assert re.search(rf"{option}\b", page), f"{command} {option}"


@pytest.mark.parametrize("page", ["api.md", "errors.md", "settings.md"])
def test_links_between_pages_lead_somewhere(root: Path, page: str) -> None:
    docs = root / "docs"
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", (docs / page).read_text(encoding="utf-8")):
        assert (docs / target).exists(), target
