"""What the serving path may load, and what no tracked file may hold.

Every module that a reading imports is paid for at each cold start, so the budget is in modules: that counts the same
on every machine. Times are measured by ``benchmarks/``.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from pip._internal.models.index import PyPI

from fracturelens import bundle
from tests import graphs

HEAVY = {
    *("tensorflow", "keras", "torch", "jax", "sklearn"),
    *("scipy", "matplotlib", "skimage", "cv2", "pandas"),
    *("boto3", "botocore", "mangum", "aws_cdk"),
    *("pydicom", "highdicom"),
    *("httpx", "requests", "pytest"),
}
"""Packages that a reading of a picture must not load: training, plotting, AWS, DICOM before the first DICOM film."""

WATCHED = """
import atexit, json, sys
before = set(sys.modules)
atexit.register(lambda: print(json.dumps(sorted(set(sys.modules) - before)), file=sys.stderr))
"""

LOCKS = (
    *("build", "emulator", "infra", "lambda", "local", "lock", "serve", "test"),
    *("training", "training-gpu", "training-host"),
)
ADDRESSES = re.compile(r"://\S+\.(?:whl|tgz|tar\.gz)\b|(?:index-url|registry)[\s=:\"']*(?!s3:)\w+://")
"""Where a package or a registry of packages lies: that is the environment's business, which may use a mirror."""
HOMES = re.compile(r"(?<![\w.:-])/(?:home|Users|root|work)/\w")


def loaded_by(root: Path, code: str, *arguments: str | Path) -> set[str]:
    """Run code in a fresh interpreter and return the names of the modules that it loaded."""
    command = [sys.executable, "-c", WATCHED + code, *arguments]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stderr.splitlines()[-1]))


def packages(modules: set[str]) -> set[str]:
    return {name.partition(".")[0] for name in modules}


@pytest.fixture(scope="module")
def project(root: Path) -> dict[str, Any]:
    with (root / "pyproject.toml").open("rb") as file:
        project: dict[str, Any] = tomllib.load(file)["project"]
    return project


@pytest.fixture(scope="module")
def tracked(root: Path) -> list[Path]:
    """Return the files that git tracks."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=root, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("this is not a git checkout")
    paths = [root / name for name in listed.stdout.split("\0") if name]
    return [path for path in paths if path.is_file()]


@pytest.mark.parametrize(
    ("statement", "budget"),
    [
        ("import fracturelens", 60),
        ("import fracturelens.cli", 220),
        ("import fracturelens.assess", 420),
        ("import fracturelens.api", 700),
    ],
)
def test_importing_the_serving_path_stays_light(root: Path, statement: str, budget: int) -> None:
    modules = loaded_by(root, statement)

    assert not packages(modules) & HEAVY
    assert len(modules) <= budget


def test_reading_a_picture_on_the_command_line_loads_nothing_heavy(root: Path, film: bytes, tmp_path: Path) -> None:
    graph = graphs.brightness_graph()
    bundle.write(tmp_path / "bundle", graphs.manifest_of(graph), graph, "# Brightness")
    (tmp_path / "film.png").write_bytes(film)

    modules = loaded_by(
        root,
        "from fracturelens.cli import main; main()",
        *("assess", "--json", "--heatmaps", "all", "--model", tmp_path / "bundle", tmp_path / "film.png"),
    )

    assert "fracturelens.classifier" in modules, "nothing was read"
    assert not packages(modules) & HEAVY
    assert not packages(modules) & {"fastapi", "starlette", "uvicorn"}, "the command line needs no server to read"


@pytest.mark.parametrize("name", LOCKS)
def test_every_package_of_a_lock_file_is_pinned_hashed_and_without_address(root: Path, name: str) -> None:
    text = (root / "requirements" / f"{name}.txt").read_text(encoding="utf-8")
    entries = text.replace("\\\n", " ").splitlines()

    assert entries
    for entry in entries:
        assert re.match(r"[a-z0-9-]+==\S+ ", entry), f"not pinned: {entry}"
        assert "--hash=sha256:" in entry, f"not hashed: {entry}"
    assert "://" not in text
    assert " @ " not in text


@pytest.mark.parametrize(
    ("name", "extra"), [("serve", None), *((name, name) for name in ("infra", "lambda", "local", "training", "test"))]
)
def test_a_lock_file_holds_every_package_that_the_project_asks_for(
    root: Path, project: dict[str, Any], name: str, extra: str | None
) -> None:
    wanted = project["dependencies"] + (project["optional-dependencies"][extra] if extra else [])
    names = {re.split(r"[\[<>=]", requirement)[0] for requirement in wanted} - {"fracturelens"}

    assert names <= pins(root, name).keys(), "make lock"


@pytest.mark.parametrize("name", ["infra", "lambda", "local", "serve", "training", "training-host"])
def test_what_is_installed_to_run_is_what_was_tested(root: Path, name: str) -> None:
    assert pins(root, name).items() <= pins(root, "test").items()


def test_serving_installs_nothing_of_training_tests_or_infrastructure(root: Path) -> None:
    assert not pins(root, "serve").keys() & {
        *("tensorflow", "keras", "scikit-learn", "matplotlib", "scipy"),
        *("boto3", "mangum", "aws-cdk-lib", "pytest", "moto", "playwright", "httpx", "mypy"),
    }


def test_no_tracked_file_names_a_registry_or_a_place_on_somebodys_machine(root: Path, tracked: list[Path]) -> None:
    found = []
    for path in tracked:
        content = path.read_bytes()
        if b"\0" in content:
            continue
        text = content.decode("utf-8")
        if str(root) in text or PyPI.netloc in text or ADDRESSES.search(text) or HOMES.search(text):
            found.append(str(path.relative_to(root)))

    assert not found


def pins(root: Path, name: str) -> dict[str, str]:
    """Return the versions that a lock file pins, by package."""
    text = (root / "requirements" / f"{name}.txt").read_text(encoding="utf-8")
    return dict(re.findall(r"^([a-z0-9-]+)==(\S+)", text, flags=re.MULTILINE))
