"""A folder per class: ``ROOT/normal/*.png``, ``hairline``, ``displaced``, ``unclear``, and ``ungraded`` for later.

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
    for place in sorted(path for path in root.iterdir() if path.is_dir() and not path.name.startswith(".")):
        if place.name not in SEVERITIES:
            raise DataError(place, f"unknown class; folders are named {', '.join(SEVERITIES)}")
        for path in sorted(path for path in place.rglob("*") if _is_film(path)):
            below = path.relative_to(place)
            group = below.parts[0] if len(below.parts) > 1 else path.stem.split("_")[0]
            name = path.relative_to(root).as_posix()
            films.append(Film(id=name, path=path, classes=SEVERITIES[place.name], group=group))
    if not films:
        raise DataError(root, f"no film found; films end in {', '.join(sorted(SUFFIXES))}, or are DICOM without ending")
    return Dataset(root.name, tuple(films), "the folders of " + root.name, root)


def _is_film(path: Path) -> bool:
    """Tell films from what else lies in folders; archives often name DICOM files without an ending."""
    if path.name.startswith(".") or not path.is_file():
        return False
    return path.suffix.lower() in SUFFIXES or _is_dicom(path)  # DICOM UIDs have dots: "1.2.840" has no ending


def _is_dicom(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(132)[128:] == b"DICM"  # PS3.10, section 7.1
