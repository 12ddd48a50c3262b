"""The training image trains as a host would run it: read-only, from S3 to S3, and once more after it was killed."""

from __future__ import annotations

import csv
import json
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from fracturelens.assess import Assessor
from fracturelens.bundle import load
from infra.local import resources
from tests.conftest import FILMS
from tests.image import containers
from tests.image.storage import Storage, storage
from tests.training.conftest import draw_fracatlas
from tests.training.jobs import Line, epochs, said
from training.datasets import ADAPTERS, Layout
from training.job.films import draw

pytestmark = [pytest.mark.aws, pytest.mark.containers, pytest.mark.slow, pytest.mark.training]

COUNT = 60
PATIENCE_SECONDS = 240
RECIPE = {
    "stages": [{"input_size": 64, "epochs": 1, "rate": 1e-3, "head_only": True}],
    "alpha": 0.35,
    "batch_size": 8,
    "epoch_films": 32,
}
TMP = ("--read-only-tmpfs=false", "--tmpfs", "/tmp:size=256m,mode=1777")  # noqa: S108 - in the container
MEMORY = ("--memory", "4g", "--memory-swap", "4g")


@pytest.fixture(scope="module")
def image(base: str, root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Build the training image from this checkout; return its name."""
    work = tmp_path_factory.mktemp("training")
    with containers.built("container/training.Dockerfile", base=base, context=root, work=work) as name:
        yield name


@pytest.fixture(scope="module")
def cloud() -> Iterator[Storage]:
    """Start S3, with an empty bucket for films and one for models."""
    with storage("films", "models") as started:
        yield started


@pytest.fixture(scope="module")
def films(cloud: Storage, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Put sixty films into S3, real ones where they are at hand; return where."""
    folder = tmp_path_factory.mktemp("films") / "set"
    if (FILMS / "manifest.csv").is_file():
        sixty(FILMS, folder)
    else:
        draw_fracatlas(folder)
    for path in folder.rglob("*"):
        if path.is_file():
            key = f"sixty films/{path.relative_to(folder).as_posix()}"
            cloud.s3.put_object(Bucket="films", Key=key, Body=path.read_bytes())
    return "s3://films/sixty films"


def sixty(fracatlas: Path, folder: Path) -> None:
    """Copy sixty films of FracAtlas, evenly of each severity, with what is known of them."""
    chosen = {film.id for film in draw(ADAPTERS[Layout.FRACATLAS](fracatlas).labelled(), COUNT, seed=0).films}
    folder.mkdir()
    with (fracatlas / "manifest.csv").open(newline="", encoding="utf-8") as lines:
        rows = [row for row in csv.DictReader(lines) if row["image_id"] in chosen]
    with (folder / "manifest.csv").open("w", newline="", encoding="utf-8") as lines:
        writer = csv.DictWriter(lines, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    (folder / "annotations.json").write_bytes((fracatlas / "annotations.json").read_bytes())
    for row in rows:
        film = folder / row["file"]
        film.parent.mkdir(parents=True, exist_ok=True)
        film.write_bytes((fracatlas / row["file"]).read_bytes())


@contextmanager
def job(image: str, cloud: Storage, films: str, recipe: Path) -> Iterator[str]:
    """Start the image's own command, with a new volume for what it works on; return the container's id."""
    volume = f"fracturelens-{secrets.token_hex(8)}"
    containers.podman("volume", "create", volume)
    told = {
        **resources.CREDENTIALS,
        "AWS_DEFAULT_REGION": resources.REGION,
        "AWS_ENDPOINT_URL_S3": cloud.address,
    }
    container = containers.podman(
        "run", "--detach", "--pull", "never", "--network", "host",
        *containers.LIMITS, *containers.GUARDED, *MEMORY, *TMP, "--volume", f"{volume}:/work",
        *(word for name, value in told.items() for word in ("--env", f"{name}={value}")),
        "--volume", f"{recipe}:/recipe.json:ro", image,
        "--data", films, "--registry", "s3://models", "--recipe", "/recipe.json", "--films", str(COUNT),
        "--folds", "2", "--epochs", "1", "--start", "none", "--version", "0.2.0-sixty",
    ).strip()  # fmt: skip
    try:
        yield container
    finally:
        containers.podman("rm", "--force", "--time", "0", container)
        containers.podman("volume", "rm", volume)


def await_line(container: str, wanted: Callable[[Line], bool]) -> None:
    """Wait until a job has said something."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not any(map(wanted, said(containers.logs(container)))):
        running = containers.podman("inspect", "--format", "{{.State.Running}}", container).strip()
        assert running == "true", containers.logs(container)[-3000:]
        assert time.monotonic() < deadline, containers.logs(container)[-3000:]
        time.sleep(0.2)


def test_a_job_that_is_killed_goes_on_in_another_container_and_its_bundle_reads(
    image: str, cloud: Storage, films: str, tmp_path: Path
) -> None:
    recipe = tmp_path / "recipe.json"
    recipe.write_text(json.dumps(RECIPE))
    recipe.chmod(0o644)

    with job(image, cloud, films, recipe) as killed:
        await_line(killed, lambda line: line.get("network") == "Fold 1")
        user = containers.execute(killed, "id", "-u").stdout.strip()
        refused = [
            place for place in ("/", "/app", "/etc") if containers.execute(killed, "touch", f"{place}/x").returncode
        ]
        containers.podman("kill", "--signal", "KILL", killed)
        assert containers.podman("wait", killed).strip() == "137"
    assert user == "10001"
    assert refused == ["/", "/app", "/etc"]
    assert not cloud.content("models", "versions/")

    with job(image, cloud, films, recipe) as again:
        status = containers.podman("wait", again).strip()
        log = containers.logs(again)
    assert status == "0", log[-3000:]
    assert any(line["message"].startswith("resumed from checkpoint") for line in said(log))
    trained = [name for name, _ in epochs(said(log))]
    assert "Fold 0" not in trained, "training started anew instead of going on"
    assert trained[-1] == "Network to ship"

    for name, content in cloud.content("models", "versions/0.2.0-sixty/").items():
        path = tmp_path / "bundle" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    bundle = load(tmp_path / "bundle")
    key = next(
        entry["Key"] for entry in cloud.s3.list_objects_v2(Bucket="films")["Contents"] if "/images/" in entry["Key"]
    )
    film = cloud.s3.get_object(Bucket="films", Key=key)["Body"].read()
    assert Assessor(bundle).assess(film).outcome
    assert bundle.manifest.training["data"]["films"] <= COUNT
    assert (tmp_path / "bundle" / "results" / "results.json").is_file()
