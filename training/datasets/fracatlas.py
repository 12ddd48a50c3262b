"""FracAtlas (Abedeen et al., 2023) as prepared for Fracturelens: ``manifest.csv``, COCO polygons, images."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np

from training.datasets.film import SEVERITIES, DataError, Dataset, Film, Polygon, polygon
from training.datasets.rows import Row, rows

LABEL_ORIGIN = (
    "fractured / not fractured and polygons: radiologists and an orthopaedist (FracAtlas); "
    "severity, elbow site and cast: readings by vision models following a written protocol, not by clinicians "
    "(two independent readings, kappa .73)"
)
COLUMNS = ("image_id", "file", "severity", "group", "fold", "width", "height")


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
    films = tuple(_film(manifest, row, line, outlines) for line, row in rows(manifest, COLUMNS))
    return Dataset("fracatlas", films, LABEL_ORIGIN, manifest)


def _film(manifest: Path, row: Row, line: int, outlines: dict[str, list[Polygon]]) -> Film:
    severity = row["severity"]
    if severity not in SEVERITIES:
        raise DataError(manifest, f"unknown severity {severity!r}; severities are {', '.join(SEVERITIES)}", line)
    for name in ("fold", "width", "height"):
        if not row[name].isdecimal():
            raise DataError(manifest, f"{name} {row[name]!r} is not a whole number", line)
    found = tuple(outlines.get(Path(row["file"]).name, ()))
    return Film(
        id=row["image_id"],
        path=manifest.parent / row["file"],
        classes=SEVERITIES[severity],
        group=row["group"],
        fold=int(row["fold"]),
        polygons=found if found or severity == "normal" else None,
        attributes=row,
        listed=(manifest, line),
    )


def _outlines(path: Path) -> dict[str, list[Polygon]]:
    """Return the outlines of each film by the name of its file."""
    if not path.is_file():
        raise DataError(path, "the annotations are missing")
    text = path.read_text(encoding="utf-8")
    try:
        content = json.loads(text)
    except json.JSONDecodeError as error:
        raise DataError(path, f"this is no JSON: {error.msg}", error.lineno) from error
    outlines: defaultdict[str, list[Polygon]] = defaultdict(list)
    try:
        images = {image["id"]: image for image in content["images"]}
        annotations = list(content["annotations"])
    except (KeyError, TypeError) as error:
        raise DataError(path, f"these are no COCO annotations: {error} is missing or not valid") from error
    for number, annotation in enumerate(annotations):
        try:
            image = images[annotation["image_id"]]
            name = Path(image["file_name"]).name
            outlines[name] += _rings(annotation, image)
        except (KeyError, TypeError, ValueError) as error:
            reason = str(error) if isinstance(error, ValueError) else f"{error} is missing or not valid"
            message = f"annotation {_named(annotation)}: {reason}"
            raise DataError(path, message, _line_of_annotation(text, number)) from error
    return dict(outlines)


def _rings(annotation: Any, image: Any) -> list[Polygon]:
    """Return the outlines of one annotation as shares of its film."""
    if not isinstance(annotation["segmentation"], list):
        raise ValueError("the segmentation is no list of polygons (run-length masks are not read)")
    return [
        polygon(np.asarray(ring, dtype=np.float64).reshape(-1, 2), image["width"], image["height"])
        for ring in annotation["segmentation"]
    ]


def _named(annotation: Any) -> str:
    """Return an annotation's id and its film's, as far as it gives them."""
    known = annotation if isinstance(annotation, dict) else {}
    return f"{known.get('id', 'without id')} of image {known.get('image_id', 'unknown')}"


def _line_of_annotation(text: str, number: int) -> int | None:
    """Return the line that the outlines of the annotation with this number start on."""
    places = [found.start() for found in re.finditer(r'"segmentation"\s*:', text)]
    return text.count("\n", 0, places[number]) + 1 if number < len(places) else None
