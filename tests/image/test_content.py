"""The image holds the app, its model and what they import: small, without training, without a trace of its builder."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from pip._internal.models.index import PyPI

from fracturelens import bundle
from tests.image import containers
from tests.image.conftest import Image
from tests.image.packages import Source

pytestmark = [pytest.mark.containers, pytest.mark.slow]

MOST_BYTES = 150_000_000
"""What the image may add to its base."""
TASK = Path("var/task")


@pytest.fixture(scope="module")
def content(image: Image) -> Iterator[Path]:
    """Return a folder that shows what is in the image."""
    with containers.mounted(image.name) as folder:
        yield folder


def name_of(requirement: str) -> str:
    """Return a package's name in the form that all its spellings share."""
    return re.sub(r"[-_.]+", "-", re.split(r"[=\s]", requirement)[0]).lower()


def test_it_adds_its_own_folder_to_the_base_and_no_more(image: Image) -> None:
    added = containers.differences(image.name, image.base)

    assert {path for path in added if not path.startswith("/var/task")} <= {"/var"}


def test_it_adds_less_than_150_megabytes(content: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sizes = [path.lstat().st_size for path in (content / TASK).rglob("*") if not path.is_dir()]

    with capsys.disabled():
        print(f" image content: {sum(sizes) / 1e6:.1f} MB ", end="")
    assert 0 < sum(sizes) < MOST_BYTES


def test_every_package_in_it_is_locked(content: Path, root: Path) -> None:
    locked = {name_of(line) for line in (root / "requirements" / "lambda.txt").read_text().splitlines() if "==" in line}
    installed = {name_of(path.stem.rpartition("-")[0]) for path in (content / TASK).glob("*.dist-info")}

    assert {"ai-edge-litert", "awslambdaric", "botocore", "fastapi", "mangum"} <= installed <= locked


def test_nothing_of_training_testing_or_the_command_line_is_in_it(content: Path) -> None:
    there = {path.name for path in (content / TASK).iterdir()}

    assert not there & {
        *("tensorflow", "keras", "jax", "torch", "sklearn", "matplotlib", "scipy", "training", "runs"),
        *("pytest", "_pytest", "moto", "hypothesis", "tests", "benchmarks", "infra", "web", ".git", ".venv"),
        *("uvicorn", "typer", "bin"),
    }


def test_its_model_is_the_one_that_is_shipped(content: Path) -> None:
    assert bundle.load(content / TASK / "fracturelens" / "bundles" / "elbow") == _as_at(content, bundle.open_bundle())


def _as_at(content: Path, shipped: bundle.Bundle) -> bundle.Bundle:
    location = content / TASK / Path(shipped.location).relative_to(Path(bundle.__file__).parent.parent)
    return bundle.Bundle(shipped.manifest, shipped.graph, str(location))


def test_every_module_is_compiled_and_never_compared_with_its_source(content: Path) -> None:
    sources = [path for path in (content / TASK).rglob("*.py") if "-" not in path.parent.name]
    compiled = {path: next((path.parent / "__pycache__").glob(f"{path.stem}.cpython-*.pyc"), None) for path in sources}
    missing = [path for path, found in compiled.items() if found is None]
    # PEP 552: bit 0 says that the file is told from its source by a hash, bit 1 that this is checked.
    flags = {found.read_bytes()[4] for found in compiled.values() if found}

    assert missing == []
    assert flags == {0b01}


def test_everyone_may_read_it_and_nobody_but_root_change_it(content: Path) -> None:
    # Lambda runs a container as a user of its own choice.
    entries = [(path, path.lstat().st_mode) for path in (content / TASK).rglob("*")]

    assert [path for path, mode in entries if not mode & 0o004 or mode & 0o022] == []


def test_it_says_what_it_is_and_what_it_is_not_for(image: Image) -> None:
    labels = containers.inspect(image.name)["Labels"]

    described = {name.removeprefix("org.opencontainers.image."): value for name, value in labels.items()}
    assert described["title"] == "Fracturelens"
    assert described["licenses"] == "Apache-2.0"
    assert described["description"].endswith("Research use only, not for diagnosis.")


def test_it_runs_as_nobody_in_particular(image: Image) -> None:
    user = containers.inspect(image.name)["Config"]["User"]

    # A number, so that whoever runs it can tell that it is not root's without looking inside.
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", user)


def test_it_knows_nothing_of_where_it_was_built(image: Image, content: Path) -> None:
    source = Source.of_this_machine()
    words = {word for value in source.values.values() for word in value.split()} | {
        str(path) for path in source.folders
    }
    # A system's usual place for certificates is known everywhere, and so is the index that pip asks if told of none.
    traces = {word for word in words if not word.startswith("/etc/ssl/") and PyPI.netloc not in word}
    said = str(containers.inspect(image.name))

    assert [word for word in traces if word in said] == []
    for word in traces:
        found = subprocess.run(
            ["grep", "-rlF", "--", word, content / TASK], capture_output=True, text=True, check=False
        )
        assert found.stdout == "", word


def test_it_brings_no_key_and_no_certificate_but_those_of_its_packages(content: Path) -> None:
    certificates = {
        str(path.relative_to(content / TASK))
        for pattern in ("*.pem", "*.crt", "*.key", "*.p12", "pip.conf", ".env*", ".aws", ".netrc")
        for path in (content / TASK).rglob(pattern)
    }

    assert certificates <= {"botocore/cacert.pem"}
