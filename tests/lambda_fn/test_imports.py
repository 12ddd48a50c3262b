"""What the function imports is paid for at every cold start."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

BUDGET = 680
"""Modules; 632 when this was written."""
UNWANTED = (
    *("tensorflow", "keras", "matplotlib", "scipy", "sklearn", "PIL.ImageTk", "tkinter"),
    *("aws_xray_sdk", "boto3", "pydicom", "uvicorn", "typer", "rich", "httpx", "moto", "pytest"),
)


LOOK = """
import gc, json, sys
before = set(sys.modules)
import lambda_fn.handler
imported = sorted(set(sys.modules) - before)
json.dump({"modules": imported, "frozen": gc.get_freeze_count(), "collecting": gc.isenabled()}, sys.stdout)
"""


@pytest.fixture(scope="module")
def initialised(root: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Return what there is once the function has initialised."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("FRACTURELENS_")}
    environment = {**ours, "FRACTURELENS_STORE": str(tmp_path_factory.mktemp("store"))}
    done = subprocess.run([sys.executable, "-c", LOOK], cwd=root, env=environment, capture_output=True, check=True)
    assert not done.stderr, "starting says nothing"
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_the_number_of_modules_stays_within_its_budget(initialised: dict[str, Any]) -> None:
    assert len(initialised["modules"]) <= BUDGET


@pytest.mark.parametrize("unwanted", UNWANTED)
def test_what_no_reading_needs_is_not_imported(initialised: dict[str, Any], unwanted: str) -> None:
    assert not [name for name in initialised["modules"] if f"{name}.".startswith(f"{unwanted}.")]


def test_the_collector_leaves_alone_what_stays_and_looks_at_what_comes(initialised: dict[str, Any]) -> None:
    assert initialised["frozen"] > 50_000
    assert initialised["collecting"]
