"""What is published about the model is what the committed results say: pages, card, figures and pictures."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from fracturelens import DISCLAIMER, __version__
from fracturelens.bundle import default_bundle_path, load
from training.recipe import Recipe
from training.report import figures, gallery
from training.report import pages as report
from training.report.labels import origin_note


@pytest.fixture(scope="module")
def folder(root: Path) -> Path:
    return root / "training" / "results" / "elbow"


@pytest.fixture(scope="module")
def results(folder: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((folder / "results.json").read_text())
    return content


def test_the_page_of_results_says_what_the_results_say(root: Path, results: dict[str, Any]) -> None:
    assert (root / "docs" / "results.md").read_text() == report.results_page(results)


def test_the_page_of_examples_says_what_the_results_say(root: Path, results: dict[str, Any]) -> None:
    assert (root / "docs" / "examples.md").read_text() == report.examples_page(results)


def test_the_model_card_says_what_the_results_say(results: dict[str, Any]) -> None:
    manifest = load(default_bundle_path()).manifest
    card = (default_bundle_path() / "MODEL_CARD.md").read_text()

    assert card == report.model_card(results, manifest.name, manifest.version)


def test_the_shipped_bundle_has_the_calibration_and_the_points_of_the_results(results: dict[str, Any]) -> None:
    manifest = load(default_bundle_path()).manifest

    assert manifest.calibration.model_dump(mode="json") == results["frozen"]["calibration"]
    assert manifest.operating_points.model_dump() == results["frozen"]["operating_points"]
    assert manifest.training["data"]["digest"] == results["data"]["digest"]
    assert Recipe.of(manifest.training["recipe"]) == Recipe.of(results["recipe"])
    assert manifest.version == __version__


def test_every_figure_was_drawn_from_the_results(root: Path, folder: Path, results: dict[str, Any]) -> None:
    drawn = figures.sources(results, sorted(folder.glob("history-*.csv")))
    assert set(drawn) == {"roc.png", "reliability.png", "confusion.png", "regions.png", "learning.png"}

    for name, digest in drawn.items():
        with Image.open(root / "docs" / "images" / "results" / name) as figure:
            assert figure.info[figures.SOURCE] == digest, f"{name} was drawn from other results"


def test_every_example_has_its_picture_and_no_picture_is_left_over(root: Path, results: dict[str, Any]) -> None:
    pictures = root / "docs" / "images" / "results" / "examples"
    expected = {gallery.picture(example): figures.digest(example) for example in results["examples"]}

    found = {}
    for path in pictures.iterdir():
        with Image.open(path) as picture:
            found[path.name] = picture.info["comment"].decode()
            assert path.stat().st_size < 60_000

    assert found == expected


def test_every_surface_says_what_it_is_not_for_and_what_its_labels_are_worth(results: dict[str, Any]) -> None:
    pages = (report.results_page(results), report.model_card(results, "elbow", "0"))
    for page in (*pages, report.examples_page(results)):
        assert DISCLAIMER in page
    for page in pages:
        assert origin_note(results["data"]["label_origin"]) in page
        assert "no clinician has confirmed" in page


def test_pointers_of_the_model_card_lead_to_pages_and_sections(root: Path, results: dict[str, Any]) -> None:
    card = report.model_card(results, "elbow", "0")
    own = headings(card)
    checked = 0
    for row in card.splitlines():
        if not re.match(r"\| \d", row):
            continue
        for part in row.strip("| ").split(" | ")[-1].split(";"):
            page = own  # a section named after a page is of that page, any other of the card
            for path, section in re.findall(r"`([^`]+)`|\*([^*]+)\*", part):
                if path:
                    assert (root / path).exists(), f"{path} of {row}"
                    page = headings((root / path).read_text()) if path.endswith(".md") else own
                else:
                    assert section in page, f"*{section}* of {row}"
                    checked += 1
    assert checked > 50


def headings(page: str) -> set[str]:
    return set(re.findall(r"^#+ (.+)$", page, re.MULTILINE))


@pytest.mark.data
@pytest.mark.training
@pytest.mark.slow
def test_committed_predictions_give_the_committed_figures_and_pictures_again(
    root: Path, folder: Path, fracatlas: Path, results: dict[str, Any], tmp_path: Path
) -> None:
    from training.datasets import ADAPTERS
    from training.evaluate import OutOfFold, evaluate, joined
    from training.report import examples

    dataset = ADAPTERS["fracatlas"](fracatlas)
    predicted = OutOfFold.read(folder / "out-of-fold.npz")

    again = evaluate(dataset, predicted, Recipe.of(results["recipe"]))
    examples.draw(dataset, predicted, again, tmp_path)

    # Settings that came later have defaults, with which the committed results were made.
    assert joined(again, folder) == {**results, "recipe": json.loads(json.dumps(again["recipe"]))}
    assert Recipe.of(again["recipe"]) == Recipe.of(results["recipe"])
    for path in sorted(tmp_path.iterdir()):
        committed = root / "docs" / "images" / "results" / "examples" / path.name
        with Image.open(path) as drawn, Image.open(committed) as shown:
            difference = np.abs(np.asarray(drawn, dtype=float) - np.asarray(shown, dtype=float))
        assert difference.mean() < 2, path.name  # JPEG decoders differ by a grey value or two
