"""What the function imports is paid for at every cold start."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

BUDGET = 740
"""Modules; 696 when this was written."""
UNWANTED = (
    *("tensorflow", "keras", "matplotlib", "scipy", "sklearn", "PIL.ImageTk", "tkinter"),
    *("aws_xray_sdk", "boto3", "pydicom", "uvicorn", "typer", "rich", "httpx", "moto", "pytest"),
)


@pytest.fixture(scope="module")
def imported(root: Path, tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """Return the modules that are there once the function has initialised."""
    code = "import json, sys, lambda_fn.handler; json.dump(sorted(sys.modules), sys.stdout)"
    ours = {name: value for name, value in os.environ.items() if not name.startswith("FRACTURELENS_")}
    environment = {**ours, "FRACTURELENS_STORE": str(tmp_path_factory.mktemp("store"))}
    done = subprocess.run([sys.executable, "-c", code], cwd=root, env=environment, capture_output=True, check=True)
    assert not done.stderr, "starting says nothing"
    return set(json.loads(done.stdout))


def test_the_number_of_modules_stays_within_its_budget(imported: set[str]) -> None:
    assert len(imported) <= BUDGET


@pytest.mark.parametrize("unwanted", UNWANTED)
def test_what_no_reading_needs_is_not_imported(imported: set[str], unwanted: str) -> None:
    assert not {name for name in imported if name == unwanted or name.startswith(f"{unwanted}.")}
