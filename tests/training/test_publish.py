"""One call writes all that readers see, and every picture that a page shows is there."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from training.datasets import ADAPTERS
from training.evaluate import evaluate
from training.readings import OutOfFold
from training.recipe import Recipe
from training.report.publish import publish


@pytest.mark.training
def test_every_picture_of_the_pages_is_written(small_fracatlas: Path, tmp_path: Path) -> None:
    dataset = ADAPTERS["fracatlas"](small_fracatlas)
    random = np.random.default_rng(0)
    logits = random.normal(size=(len(dataset), 3)) + np.stack([film.target() for film in dataset.films])
    ids = [film.id for film in dataset.films]
    predicted = OutOfFold(ids, logits, ids, random.normal(size=(len(ids), 6, 6, 3)).astype(np.float16))
    recipe = Recipe.of({"stages": [{"input_size": 96, "epochs": 1, "rate": 0.001}]})
    (tmp_path / "history-fold-0.csv").write_text(
        "epoch,input_size,loss,logits_loss,cell_logits_loss\n0,96,2,1,1\n1,96,1,.5,.5\n"
    )
    docs = tmp_path / "docs"
    (docs / "images").mkdir(parents=True)

    publish(evaluate(dataset, predicted, recipe), dataset, predicted, tmp_path, docs)

    shown = [
        target
        for page in ("results.md", "examples.md")
        for target in re.findall(r"!\[[^]]*\]\(([^)]+)\)", (docs / page).read_text())
    ]
    assert any("examples/" in target for target in shown)
    assert [target for target in shown if not (docs / target).is_file()] == []
