"""Dockerfiles follow the rules of their trade, and the CDK sends a builder what an image is made of, and no more."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
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


@pytest.fixture(scope="module")
def sent(root: Path, tmp_path_factory: pytest.TempPathFactory, need_program: Callable[..., Path]) -> Path:
    """Return the folder that the CDK would have the Lambda's image built from."""
    need_program("node")
    import aws_cdk as cdk
    from aws_cdk import aws_lambda

    app = cdk.App(outdir=str(tmp_path_factory.mktemp("cdk.out")))
    code = aws_lambda.DockerImageCode.from_image_asset(str(root), file="lambda_fn/Dockerfile")
    aws_lambda.DockerImageFunction(cdk.Stack(app, "Stack"), "Function", code=code)
    (asset,) = Path(app.synth().directory).glob("asset.*")
    return asset


@pytest.mark.slow
def test_the_builder_is_sent_all_that_the_dockerfile_copies(sent: Path) -> None:
    dockerfile = (sent / "lambda_fn" / "Dockerfile").read_text()
    copied = [
        source
        for line in dockerfile.splitlines()
        if line.startswith("COPY ") and not line.startswith("COPY --from=")
        for source in line.split()[1:-1]
    ]

    assert copied
    assert [source for source in copied if not list(sent.glob(source))] == []


@pytest.mark.slow
def test_the_builder_is_sent_nothing_else(sent: Path) -> None:
    files = {path.relative_to(sent) for path in sent.rglob("*") if path.is_file()}

    assert {path.parts[0] for path in files} == {
        *(".dockerignore", "LICENSE", "NOTICE"),
        *("fracturelens", "lambda_fn", "requirements"),
    }
    assert {path.name for path in files if path.parts[0] == "requirements"} == {"lambda.txt"}
    assert [path for path in files if "__pycache__" in path.parts or "cli" in path.parts] == []
