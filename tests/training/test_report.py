"""Generated pages agree with the results they are generated from."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from fracturelens import DISCLAIMER, __version__
from fracturelens.bundle import default_bundle_path, load
from training import report


@pytest.fixture(scope="module")
def results() -> dict[str, Any]:
    path = Path(__file__).parents[2] / "training" / "results" / "elbow" / "results.json"
    content: dict[str, Any] = json.loads(path.read_text())
    return content


def test_the_committed_page_says_what_the_committed_results_say(root: Path, results: dict[str, Any]) -> None:
    assert (root / "docs" / "results.md").read_text() == report.results_page(results)


def test_the_model_card_says_what_the_committed_results_say(results: dict[str, Any]) -> None:
    manifest = load(default_bundle_path()).manifest
    card = (default_bundle_path() / "MODEL_CARD.md").read_text()

    assert card == report.model_card(results, manifest.name, manifest.version)


def test_the_shipped_bundle_has_the_frozen_calibration_and_points(results: dict[str, Any]) -> None:
    manifest = load(default_bundle_path()).manifest

    assert manifest.calibration.model_dump(mode="json") == results["frozen"]["calibration"]
    assert manifest.operating_points.model_dump() == results["frozen"]["operating_points"]
    assert manifest.training["data"]["digest"] == results["data"]["digest"]
    assert manifest.version == __version__


def test_every_page_carries_disclaimer_and_origin_of_the_severity_labels(results: dict[str, Any]) -> None:
    for page in (report.results_page(results), report.model_card(results, "elbow", "0")):
        assert DISCLAIMER in page
        assert report.ORIGIN_NOTE in page


def test_an_estimate_reads_as_in_the_literature() -> None:
    assert report.estimate({"value": 0.912, "low": 0.8931, "high": 1.0}) == ".912 [.893, 1.000]"
    assert report.estimate(None) == "–"


@pytest.mark.data
def test_evaluating_the_committed_predictions_again_gives_the_committed_figures(
    fracatlas: Path, results: dict[str, Any]
) -> None:
    from training.datasets import ADAPTERS
    from training.evaluate import OutOfFold, evaluate
    from training.recipe import Recipe

    predictions = Path(__file__).parents[2] / "training" / "results" / "elbow" / "out-of-fold.npz"
    again = evaluate(ADAPTERS["fracatlas"](fracatlas), OutOfFold.read(predictions), Recipe.of(results["recipe"]))

    assert json.loads(json.dumps(again)) == results
