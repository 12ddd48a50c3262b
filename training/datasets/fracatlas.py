"""FracAtlas (Abedeen et al., 2023) as prepared for Fracturelens: ``manifest.csv``, COCO polygons, images."""

from __future__ import annotations

import csv
import json
from collections import defaultdict
from pathlib import Path

import numpy as np

from training.datasets.film import SEVERITIES, DataError, Dataset, Film, Polygon, polygon

LABEL_ORIGIN = (
    "fractured / not fractured and polygons: radiologists and an orthopaedist (FracAtlas); "
    "severity, elbow site and cast: readings by vision models following a written protocol, not by clinicians "
    "(two independent readings, kappa .73)"
)


def read(root: Path) -> Dataset:
    """Read the set under ``root``.

    Raises
    ------
    DataError
        Naming file and line.
    """
    manifest = root / "manifest.csv"
    if not manifest.is_file():
        raise DataError(manifest, "the manifest is missing; FRACTURELENS_DATA or --data names the folder that holds it")
    outlines = _outlines(root / "annotations.json")
    films = []
    with manifest.open(newline="") as lines:
        for number, row in enumerate(csv.DictReader(lines), start=2):
            try:
                films.append(_film(root, row, outlines))
            except (KeyError, ValueError) as error:
                raise DataError(manifest, f"{error!s} is missing or not valid", number) from error
    return Dataset("fracatlas", tuple(films), LABEL_ORIGIN, manifest)


def _film(root: Path, row: dict[str, str], outlines: dict[str, list[Polygon]]) -> Film:
    severity = row["severity"]
    if severity not in SEVERITIES:
        raise ValueError(f"severity {severity!r}")
    found = tuple(outlines.get(Path(row["file"]).name, ()))
    return Film(
        id=row["image_id"],
        path=root / row["file"],
        classes=SEVERITIES[severity],
        group=row["group"],
        fold=int(row["fold"]),
        polygons=found if found or severity == "normal" else None,
        attributes=row,
    )


def _outlines(path: Path) -> dict[str, list[Polygon]]:
    if not path.is_file():
        raise DataError(path, "the annotations are missing")
    content = json.loads(path.read_text())
    images = {image["id"]: image for image in content["images"]}
    outlines: defaultdict[str, list[Polygon]] = defaultdict(list)
    for annotation in content["annotations"]:
        image = images[annotation["image_id"]]
        for ring in annotation["segmentation"]:
            points = np.asarray(ring, dtype=np.float64).reshape(-1, 2)
            name = Path(image["file_name"]).name
            outlines[name].append(polygon(path, points, image["width"], image["height"]))
    return dict(outlines)
