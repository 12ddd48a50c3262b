"""The whole way as a user goes it: films to folds, figures and a bundle that reads a film."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from fracturelens.assess import Assessor
from fracturelens.bundle import load

pytestmark = [pytest.mark.training, pytest.mark.slow]

TINY = {
    "stages": [
        {"input_size": 64, "epochs": 1, "rate": 1e-3, "head_only": True, "averaging": 0.0},
        {"input_size": 64, "epochs": 3, "rate": 3e-4},
        {"input_size": 64, "epochs": 1, "rate": 2e-4, "zoom": [0.8, 1.4], "quarter_turns": True},
        {"input_size": 96, "epochs": 0, "rate": 0.0, "local_contrast": True},
    ],
    "alpha": 0.35,
    "batch_size": 8,
    "epoch_films": 16,
    "seed": 5,
}


def command(root: Path, *words: str | Path) -> list[str]:
    return [sys.executable, "-m", "training", *map(str, words)]


def training(root: Path, *words: str | Path) -> str:
    done = subprocess.run(command(root, *words), cwd=root, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def test_films_become_a_bundle_that_reads(root: Path, small_fracatlas: Path, tmp_path: Path) -> None:
    recipe, runs, results, docs, out = (tmp_path / name for name in ("r.json", "runs", "results", "docs", "bundle"))
    recipe.write_text(json.dumps(TINY))
    (docs / "images").mkdir(parents=True)
    given: list[str | Path] = ["--data", small_fracatlas, "--recipe", recipe]

    # Killed as soon as an epoch of the second stage is saved ...
    interrupted = subprocess.Popen(
        command(root, "crossval", *given, "--runs", runs, "--start", "none"),
        cwd=root, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    begun, saved = (runs / "fold-0" / name for name in ("stage-0.weights.h5", "checkpoint/training_metadata.json"))
    deadline = time.monotonic() + 300
    while not (begun.is_file() and saved.is_file()) and interrupted.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)
    assert interrupted.poll() is None, "training ended before it could be interrupted"
    os.kill(interrupted.pid, signal.SIGKILL)
    interrupted.wait()
    assert saved.is_file()
    assert not (runs / "fold-0" / "out-of-fold.npz").exists()

    # ... it goes on from there.
    training(root, "crossval", *given, "--runs", runs, "--start", "none")
    with (runs / "fold-0" / "history.csv").open(newline="") as lines:
        epochs = [int(row["epoch"]) for row in csv.DictReader(lines)]
    assert epochs[-1] == 4
    assert len(epochs) <= 6, f"training started anew instead of going on: epochs {epochs}"

    training(root, "train", *given, "--runs", runs, "--start", "none")
    training(root, "evaluate", *given, "--runs", runs, "--results", results, "--docs", docs)
    first = (results / "results.json").read_text()
    training(root, "evaluate", *given, "--results", results, "--docs", docs)
    assert (results / "results.json").read_text() == first
    assert (docs / "images" / "results" / "roc.png").read_bytes().startswith(b"\x89PNG")

    training(
        root,
        "export",
        "--runs",
        runs,
        "--recipe",
        recipe,
        "--results",
        results,
        "--out",
        out,
        "--weights",
        tmp_path / "network.weights.h5",
    )
    bundle = load(out)
    assert bundle.manifest.input_size == 96
    assert bundle.manifest.training["data"]["digest"] == json.loads(first)["data"]["digest"]
    film = next((small_fracatlas / "images").iterdir()).read_bytes()
    reading = Assessor(bundle).assess(film)
    assert reading.operating_points.suspected == bundle.manifest.operating_points.suspected


def test_bad_data_ends_in_one_line_before_training(root: Path, small_fracatlas: Path, tmp_path: Path) -> None:
    (small_fracatlas / "images" / "IMG0000003.png").unlink()

    done = subprocess.run(
        command(root, "crossval", "--data", small_fracatlas, "--runs", tmp_path / "runs", "--start", "none"),
        cwd=root, capture_output=True, text=True, timeout=120,
    )  # fmt: skip

    assert done.returncode == 1
    assert done.stderr.strip().splitlines()[-1].startswith("error [bad_data]: ")
    assert "IMG0000003.png: the film is missing" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "runs").exists()
