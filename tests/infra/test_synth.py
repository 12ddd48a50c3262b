"""``cdk synth`` as users run it: without an account, without Docker, without a network."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

NOWHERE = "http://127.0.0.1:9"  # The discard port: whoever asks the network for something is refused at once.


@pytest.fixture(scope="module")
def assembly(root: Path, tmp_path_factory: pytest.TempPathFactory, need_program: Callable[..., Path]) -> Path:
    """Return the folder that ``cdk synth`` wrote."""
    need_program("npx")
    if not (root / "node_modules" / ".bin" / "cdk").exists():
        pytest.skip("the CDK's command line is not installed: make synth does")
    folder = tmp_path_factory.mktemp("cdk.out")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    environment |= {"HOME": str(folder.parent), "HTTP_PROXY": NOWHERE, "HTTPS_PROXY": NOWHERE, "CDK_DOCKER": "false"}

    done = subprocess.run(
        ["npx", "--no-install", "cdk", "synth", "--quiet", "--output", str(folder)],
        cwd=root,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    return folder


def test_every_stack_is_written(assembly: Path) -> None:
    assert {path.name.removesuffix(".template.json") for path in assembly.glob("*.template.json")} == {
        "Fracturelens-dev",
        "Fracturelens-dev-data",
        "Fracturelens-dev-edge",
    }


def test_the_page_is_deployed_after_what_it_needs(assembly: Path) -> None:
    artifacts = json.loads((assembly / "manifest.json").read_text(encoding="utf-8"))["artifacts"]

    assert {"Fracturelens-dev-data", "Fracturelens-dev-edge"} <= set(artifacts["Fracturelens-dev"]["dependencies"])


def test_the_image_is_built_from_the_product_and_the_function_alone(assembly: Path) -> None:
    (context,) = (path.parent.parent for path in assembly.glob("asset.*/lambda_fn/Dockerfile"))

    parts = {path.relative_to(context).parts[0] for path in context.rglob("*") if path.is_file()}

    assert parts <= {".dockerignore", "LICENSE", "NOTICE", "fracturelens", "lambda_fn", "requirements"}
    assert (context / "fracturelens" / "bundles" / "elbow" / "model.tflite").is_file()


def test_the_page_is_published_as_it_is_in_the_repository(assembly: Path, root: Path) -> None:
    (page,) = (path.parent for path in assembly.glob("asset.*/index.html"))

    published = {path.relative_to(page): path.read_bytes() for path in page.rglob("*") if path.is_file()}

    assert published == {
        path.relative_to(root / "web"): path.read_bytes() for path in (root / "web").rglob("*") if path.is_file()
    }
