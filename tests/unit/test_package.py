"""What an installation carries: the product, its page and its model, and nothing else."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from email import message_from_bytes
from pathlib import Path

import pytest

from fracturelens import __version__


@pytest.fixture(scope="module")
def wheel(root: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Build the wheel and return its files by name."""
    folder = tmp_path_factory.mktemp("wheel")
    command: list[str | Path] = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", folder]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    (built,) = folder.glob("*.whl")
    with zipfile.ZipFile(built) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_an_installation_carries_page_and_model(root: Path, wheel: dict[str, bytes]) -> None:
    package, page = root / "fracturelens", root / "web"
    bundle = sorted((package / "bundles" / "elbow").iterdir())
    shipped = {str(path.relative_to(package)): path for path in (package / "py.typed", *bundle)}
    shipped |= {f"web/{path.relative_to(page)}": path for path in page.rglob("*") if path.is_file()}

    assert {"web/index.html", "bundles/elbow/model.tflite", "bundles/elbow/MODEL_CARD.md"} <= shipped.keys()
    assert {name: wheel.get(f"fracturelens/{name}") for name in shipped} == {
        name: path.read_bytes() for name, path in shipped.items()
    }


def test_an_installation_carries_nothing_else(wheel: dict[str, bytes]) -> None:
    assert {name.partition("/")[0] for name in wheel} == {"fracturelens", f"fracturelens-{__version__}.dist-info"}


def test_an_installation_says_what_it_is(wheel: dict[str, bytes]) -> None:
    info = f"fracturelens-{__version__}.dist-info"
    metadata = message_from_bytes(wheel[f"{info}/METADATA"])

    assert metadata["Version"] == __version__
    assert metadata["License-Expression"] == "Apache-2.0"
    assert metadata["Requires-Python"] == "<3.14,>=3.11"
    assert "not for diagnosis" in metadata["Summary"]
    assert "fracturelens = fracturelens.cli:main" in wheel[f"{info}/entry_points.txt"].decode()
    assert "FracAtlas" in wheel[f"{info}/licenses/NOTICE"].decode()
