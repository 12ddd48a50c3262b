"""Pictures of examples show the outline and the heat where they are, and carry disclaimer and credit."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.training.conftest import NOTCH
from training.datasets import ADAPTERS, Dataset
from training.readings import OutOfFold
from training.recipe import Recipe
from training.report.examples import HEIGHT, OUTLINE, draw, side_by_side

RECIPE = Recipe.of({"stages": [{"input_size": 96, "epochs": 1, "rate": 0.001}]})
LEFT, TOP, RIGHT, BOTTOM = (value / side for value, side in zip(NOTCH, (144, 192, 144, 192), strict=True))


@pytest.fixture
def dataset(small_fracatlas: Path) -> Dataset:
    return ADAPTERS["fracatlas"](small_fracatlas)


def pointing_map() -> np.ndarray:
    """Return a map of 6 x 6 cells, one of them hot: the one that sees the drawn fracture."""
    # The film of 144 x 192 pixels stands 72 pixels wide in the middle of the 96; cell i sees pixel 16 i + 15.
    x, y = 12 + (LEFT + RIGHT) / 2 * 72, (TOP + BOTTOM) / 2 * 96
    class_map = np.full((6, 6), -1.0, dtype=np.float32)
    class_map[round((y - 15) / 16), round((x - 15) / 16)] = 1.0
    return class_map


def results(film: str) -> dict[str, Any]:
    example = {"region": "elbow", "kind": "found", "film": film, "shown": "displaced"}
    return {"recipe": RECIPE.to_json(), "examples": [example]}


def test_outline_and_heat_lie_on_the_fracture(dataset: Dataset) -> None:
    film = next(film for film in dataset.films if film.severity == "displaced")

    pair = np.asarray(side_by_side(film, pointing_map(), RECIPE)).astype(int)

    width = (pair.shape[1] - 4) // 2
    plain, heated = pair[:, :width], pair[:, width + 4 :]
    rows, columns = np.nonzero((np.abs(plain - OUTLINE) < 12).all(axis=2))
    box = (columns.min() / width, rows.min() / HEIGHT, columns.max() / width, rows.max() / HEIGHT)
    assert box == pytest.approx((LEFT, TOP, RIGHT, BOTTOM), abs=0.02)
    coloured = np.ptp(heated, axis=2)
    hot = np.unravel_index(coloured.argmax(), coloured.shape)
    assert TOP - 0.1 < hot[0] / HEIGHT < BOTTOM + 0.1
    assert LEFT - 0.12 < hot[1] / width < RIGHT + 0.12
    assert np.ptp(heated[: HEIGHT // 4], axis=2).max() < 10  # no veil far away


def test_a_film_without_outlines_gets_none(dataset: Dataset) -> None:
    film = next(film for film in dataset.films if film.severity == "normal")

    pair = np.asarray(side_by_side(film, np.zeros((6, 6), dtype=np.float32), RECIPE))

    assert np.ptp(pair.astype(int), axis=2).max() < 4  # grey throughout: no outline, no heat


def test_pictures_carry_a_caption_and_old_ones_go(dataset: Dataset, tmp_path: Path) -> None:
    film = next(film for film in dataset.films if film.severity == "displaced")
    maps = np.repeat(pointing_map()[None, ..., None], 3, axis=3).astype(np.float16)
    predicted = OutOfFold([film.id], np.zeros((1, 3)), [film.id], maps)
    pictures = tmp_path / "pictures"
    draw(dataset, predicted, results(film.id), pictures)
    (pictures / "left-over.jpg").write_bytes(b"old")

    draw(dataset, predicted, results(film.id), pictures)

    assert [path.name for path in pictures.iterdir()] == ["elbow-found.jpg"]
    with Image.open(pictures / "elbow-found.jpg") as picture:
        caption = np.asarray(picture.convert("L"))[HEIGHT:]
    lines = caption.max(axis=1) > 120
    assert caption.shape[0] > 30
    assert np.diff(lines.astype(int)).tolist().count(1) >= 2, "two lines of text: disclaimer and credit"
    assert not (caption[:, :2] > 120).any(), "the text is cut off"


def test_films_that_nobody_may_show_are_not_drawn(dataset: Dataset, tmp_path: Path) -> None:
    film = dataset.films[2]
    maps = np.zeros((1, 6, 6, 3), dtype=np.float16)
    mine = replace(dataset, name="mine")

    draw(mine, OutOfFold([film.id], np.zeros((1, 3)), [film.id], maps), results(film.id), tmp_path / "pictures")

    assert not list((tmp_path / "pictures").iterdir())
