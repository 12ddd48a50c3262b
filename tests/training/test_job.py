"""A job that is stopped goes on where it was, whatever happened to its last checkpoint, and ends as a new version."""

from __future__ import annotations

import fnmatch
import json
import signal
from pathlib import Path

import pytest

from fracturelens.assess import Assessor
from fracturelens.bundle import load
from fracturelens.registry import open_registry
from tests.buckets import Bucket
from tests.training.jobs import TINY, Child, environment, epochs, upload

pytestmark = [pytest.mark.training, pytest.mark.slow, pytest.mark.aws]


def objects(bucket: Bucket, pattern: str) -> dict[str, bytes]:
    """Return the objects whose key looks like this."""
    return {key: bucket.read(key) for key in fnmatch.filter(bucket.keys(), pattern)}


def test_a_stopped_job_goes_on_from_its_last_whole_checkpoint_and_ends_as_a_version(
    root: Path, small_fracatlas: Path, bucket: Bucket, tmp_path: Path
) -> None:
    upload(bucket, small_fracatlas, "films of 2026/größte Menge")
    recipe = tmp_path / "recipe.json"
    recipe.write_text(json.dumps(TINY))
    given: list[str | Path] = [
        *("--data", f"s3://{bucket.name}/films of 2026/größte Menge", "--registry", f"s3://{bucket.name}"),
        *("--recipe", recipe, "--start", "none", "--version", "0.2.0-try"),
    ]

    def start(work: str) -> Child:
        words = [*given, "--work", tmp_path / work]
        return Child(root, tmp_path / f"{work}.log", *words, environment=environment(bucket))

    # Stopped as soon as two epochs are kept ...
    first = start("first")
    first.await_line(lambda line: line.get("network") == "Fold 0" and line.get("epoch") == 2)
    first.process.send_signal(signal.SIGTERM)
    assert first.status() == 75
    assert first.lines()[-1]["message"] == "stopped: SIGTERM; start again to go on"
    done = epochs(first.lines())
    assert ("Network to ship", 1) not in done

    # ... and with the newest checkpoint damaged, it goes on from the one before, on a machine that has nothing.
    newest, before = sorted(objects(bucket, "jobs/*/checkpoints/*"), reverse=True)[:2]
    bucket.write(newest, bucket.read(newest).replace(b'"bytes"', b'"Bytes"', 1))
    second = start("second")
    assert second.status() == 0, (tmp_path / "second.log").read_text()[-3000:]
    (warning,) = (line for line in second.lines() if line["level"] == "warning")
    (resumed,) = (line for line in second.lines() if line["message"].startswith("resumed"))
    assert f"/{warning['checkpoint']:06d}-" in newest
    assert f"/{resumed['checkpoint']:06d}-" in before
    again = epochs(second.lines())
    assert ("Fold 0", 1) not in again, "training started anew instead of going on"
    assert set(done + again) == {(name, n) for name in ("Fold 0", "Fold 1", "Network to ship") for n in (1, 2)}

    # The version is whole, reads a film, and is not promoted.
    place = tmp_path / "bundle"
    version = "versions/0.2.0-try/"
    for key, content in objects(bucket, f"{version}*").items():
        path = place / key.removeprefix(version)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    bundle = load(place)
    film = next((small_fracatlas / "images").iterdir()).read_bytes()
    assert Assessor(bundle).assess(film).operating_points.suspected == bundle.manifest.operating_points.suspected
    results = json.loads((place / "results" / "results.json").read_text())
    assert results["data"]["digest"] == bundle.manifest.training["data"]["digest"]
    assert results["data"]["films"] == 48
    assert (place / "results" / "out-of-fold.npz").is_file()
    assert "0.2.0-try" in (place / "MODEL_CARD.md").read_text()
    assert not objects(bucket, "promoted.json")

    # Started once more it finds that all is done.
    written = objects(bucket, "versions/*")
    third = start("third")
    assert third.status() == 0
    assert epochs(third.lines()) == []
    assert objects(bucket, "versions/*") == written


def test_a_version_that_is_another_job_s_is_refused_before_training(
    root: Path, small_fracatlas: Path, tmp_path: Path
) -> None:
    open_registry(tmp_path / "registry").put("0.2.0", root / "fracturelens" / "bundles" / "elbow")

    job = Child(
        root, tmp_path / "log", "--data", small_fracatlas, "--registry", tmp_path / "registry",
        "--work", tmp_path / "work", "--start", "none", "--version", "0.2.0",
    )  # fmt: skip

    assert job.status() == 1
    assert job.lines()[-1]["code"] == "version_exists"
    assert "Traceback" not in (tmp_path / "log").read_text()
    assert not list(tmp_path.rglob("*.h5"))
