"""Dockerfiles follow the rules of their trade, and a builder is sent no more than an image is made of."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
DOCKERFILES = sorted(
    path.relative_to(ROOT)
    for folder in ("lambda_fn", "container")
    for path in (ROOT / folder).rglob("*Dockerfile*")
    if path.suffix != ".dockerignore"
)


@pytest.mark.parametrize("dockerfile", DOCKERFILES, ids=str)
def test_hadolint_finds_nothing(dockerfile: Path, root: Path) -> None:
    hadolint = Path(sys.executable).with_name("hadolint")

    found = subprocess.run([hadolint, root / dockerfile], capture_output=True, text=True, check=False)

    assert (found.returncode, found.stdout + found.stderr) == (0, "")


@pytest.mark.parametrize("dockerfile", DOCKERFILES, ids=str)
def test_whoever_builds_chooses_the_base(dockerfile: Path, root: Path) -> None:
    lines = (root / dockerfile).read_text().splitlines()
    (default,) = (line for line in lines if line.startswith("ARG BASE_IMAGE="))
    bases = {line.split()[1] for line in lines if line.startswith("FROM ")}

    assert bases == {"${BASE_IMAGE}"}
    assert "/" not in default, "no registry is named"
