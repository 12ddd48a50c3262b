"""A small data set in FracAtlas's layout, drawn from formulas: fractures are bright notches where the outlines say."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from tests import films

COLUMNS = ("image_id", "file", "severity", "site", "hand", "group", "fold", "width", "height")
NOTCH = (60, 130, 84, 154)
"""Left, top, right and bottom of the drawn fracture, pixels."""


@pytest.fixture
def small_fracatlas(tmp_path: Path) -> Path:
    """Return a folder with 48 films of 144 x 192 pixels, two folds, a quarter of each fracture class."""
    return draw_fracatlas(tmp_path / "films")


def draw_fracatlas(root: Path) -> Path:
    (root / "images").mkdir(parents=True)
    rows, images, annotations = [], [], []
    left, top, right, bottom = NOTCH
    for number in range(48):
        severity = ("normal", "normal", "hairline", "displaced")[number % 4]
        grey = films.bone(192, 144, seed=number)
        if severity != "normal":
            grey = np.array(grey)
            grey[top:bottom, left:right] = 1.0 if severity == "displaced" else 0.0
        name = f"IMG{number:07d}"
        (root / "images" / f"{name}.png").write_bytes(films.encoded(grey))
        rows.append((name, f"images/{name}.png", severity, "elbow", "1", number // 2, number // 4 % 2, 144, 192))
        images.append({"id": number, "file_name": f"images/{name}.png", "width": 144, "height": 192})
        if severity != "normal":
            ring = [left, top, right, top, right, bottom, left, bottom]
            annotations.append({"id": number, "image_id": number, "category_id": 1, "segmentation": [ring]})
    with (root / "manifest.csv").open("w", newline="") as lines:
        csv.writer(lines).writerows([COLUMNS, *rows])
    (root / "annotations.json").write_text(json.dumps({"images": images, "annotations": annotations}))
    return root
