"""What the guides show works as shown."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from typer.main import get_command

from training.__main__ import app as training_app

LINK = re.compile(r"\]\(([^)#:\s]+)(?:#[\w-]+)?\)")


def test_the_python_of_the_developers_guide_runs(root: Path) -> None:
    page = (root / "docs" / "developer.md").read_text()
    blocks = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    assert blocks

    for block in blocks:
        done = subprocess.run([sys.executable, "-c", block], cwd=root, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
        assert "unsupported_format" in done.stdout


def test_every_relative_link_leads_somewhere(root: Path) -> None:
    pages = [*root.glob("*.md"), *(root / "docs").rglob("*.md"), *(root / "web").rglob("*.md")]
    assert pages

    dead = [
        f"{page.relative_to(root)}: {target}"
        for page in pages
        for target in LINK.findall(page.read_text())
        if not (page.parent / target).exists()
    ]

    assert not dead


@pytest.mark.training
def test_every_option_of_training_is_documented(root: Path) -> None:
    page = (root / "docs" / "training.md").read_text()
    command = get_command(training_app)

    for name, step in command.commands.items():  # type: ignore[attr-defined]
        assert f"`python -m training {name}" in page or f"| {name}" in page, name
        for option in step.params:
            for flag in option.opts:
                assert f"`{flag}`" in page or not flag.startswith("--"), f"{name} {flag}"
