"""A builder is sent what an image copies, and nothing else: no films, no results, no history."""

from __future__ import annotations

from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parent.parent.parent / "container"
DOCKERFILES = sorted(path for path in FOLDER.glob("*Dockerfile"))


def lines(path: Path) -> list[str]:
    return path.read_text().splitlines()


@pytest.mark.parametrize("dockerfile", DOCKERFILES, ids=lambda path: path.name)
def test_what_is_sent_is_what_is_copied(dockerfile: Path) -> None:
    copied = {
        source
        for line in lines(dockerfile)
        if line.startswith("COPY ") and not line.startswith("COPY --from=")
        for source in line.split()[1:-1]
    }
    rules = [line for line in lines(dockerfile.with_name(f"{dockerfile.name}.dockerignore")) if line[:1] != "#"]

    assert rules[0] == "*", "what is not named stays at home"
    assert {rule.removeprefix("!") for rule in rules if rule.startswith("!")} == copied
    assert "**/__pycache__" in rules
