"""A folder per class: ``ROOT/normal/*.png``, ``ROOT/hairline/...``, ``ROOT/displaced/...``, ``ROOT/unclear/...``.

A film's group (its patient) is the folder right under the class, if there is one, else the file's name up to the
first underscore: ``normal/patient7/ap.png`` and ``normal/patient7_ap.png`` both belong to ``patient7``.
"""

from __future__ import annotations

from pathlib import Path

from training.datasets.film import SEVERITIES, DataError, Dataset, Film

SUFFIXES = {".png", ".jpg", ".jpeg", ".tif", ".tiff", ".webp", ".dcm"}


def read(root: Path) -> Dataset:
    """Read the set under ``root``.

    Raises
    ------
    DataError
        If there is no such folder, it holds a folder that is no class, or no film.
    """
    if not root.is_dir():
        raise DataError(root, "the folder is missing")
    films = []
    for place in sorted(path for path in root.iterdir() if path.is_dir()):
        if place.name not in SEVERITIES:
            raise DataError(place, f"unknown class; folders are named {', '.join(SEVERITIES)}")
        for path in sorted(path for path in place.rglob("*") if path.suffix.lower() in SUFFIXES):
            below = path.relative_to(place)
            group = below.parts[0] if len(below.parts) > 1 else path.stem.split("_")[0]
            films.append(Film(id=str(path.relative_to(root)), path=path, classes=SEVERITIES[place.name], group=group))
    if not films:
        raise DataError(root, f"no film found; films end in {', '.join(sorted(SUFFIXES))}")
    return Dataset(root.name, tuple(films), "the folders of " + root.name, root)
