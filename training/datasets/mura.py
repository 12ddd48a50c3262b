"""MURA v1.1 (Rajpurkar et al., 2018) as Stanford hands it out: ``train/XR_ELBOW/patient00011/study1_negative/*.png``.

MURA says *abnormal* or normal, study by study, and abnormal is not fractured: it is also metal, degeneration,
a lesion. Nothing in MURA tells these apart, so films of abnormal studies come ``ungraded``, to be graded by readers
(``python -m training grading-sheet``); training leaves ungraded films out. Who wants them as fractured of unclear
severity all the same asks for it by the layout ``mura-abnormal``, and every report says so.

``--data`` names MURA's folder or any folder inside it (``train``, ``train/XR_ELBOW``). Attributes: ``split``
(``train`` or ``valid``), ``region`` (``elbow``, ``wrist``, ...), ``site`` (``elbow`` or empty), ``hand`` (``1``: MURA
is arms only), ``study``. The group is the patient.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from training.datasets.film import SEVERITIES, UNGRADED, DataError, Dataset, Film

ORIGIN = "MURA: normal or abnormal (radiologist, study level); abnormal is not the same as fractured"
LEFT_OPEN = f"{ORIGIN}, so films of abnormal studies carry no label of their own"
TAKEN_AS_FRACTURED = f"{ORIGIN}, yet films of abnormal studies were taken as fractured, severity unclear"

_FILM = re.compile(
    r"(?:^|(?<=/))(?:(?P<split>train|valid)/)?XR_(?P<region>[A-Z]+)/(?P<patient>patient\d+)/"
    r"(?P<study>study\d+)_(?P<label>positive|negative)/[^/]+$"
)
_LIKE = "train/XR_ELBOW/patient00011/study1_negative/image1.png"


def read(root: Path, *, abnormal: str = UNGRADED) -> Dataset:
    """Read the set under ``root``; films of abnormal studies get the label ``abnormal``.

    Raises
    ------
    DataError
        Naming the path that does not fit MURA's layout, or the line of MURA's lists that names a missing film or
        another label than the study's folder.
    """
    if not root.is_dir():
        raise DataError(root, "the folder is missing")
    films = [_film(path, abnormal) for path in sorted(root.rglob("*.png")) if not path.name.startswith(".")]
    if not films:
        raise DataError(root, f"no film found; MURA's lie like {_LIKE}")
    found = {film.id for film in films}
    for table in sorted(root.glob("*_image_paths.csv")):
        _check_films(table, found)
    for table in sorted(root.glob("*_labeled_studies.csv")):
        _check_labels(table)
    return Dataset("mura", tuple(films), LEFT_OPEN if abnormal == UNGRADED else TAKEN_AS_FRACTURED, root)


def read_abnormal_as_fractured(root: Path) -> Dataset:
    """Read the set with films of abnormal studies as fractured, severity unclear: a stand-in, asked for by name."""
    return read(root, abnormal="unclear")


def _film(path: Path, abnormal: str) -> Film:
    place = _FILM.search(path.absolute().as_posix())
    if place is None:
        raise DataError(path, f"the film does not lie in MURA's layout, like {_LIKE}")
    region = place["region"].lower()
    return Film(
        id=place[0],
        path=path,
        classes=SEVERITIES["normal" if place["label"] == "negative" else abnormal],
        group=place["patient"],
        attributes={
            "split": place["split"] or "",
            "region": region,
            "site": region if region == "elbow" else "",
            "hand": "1",
            "study": place["study"],
        },
    )


def _check_films(table: Path, found: set[str]) -> None:
    """Refuse a list that names a film which is not there; regions that were not unpacked at all are left out."""
    for line, listed in _listed(table):
        place = _FILM.search(listed)
        if place is None:
            raise DataError(table, f"{listed!r} is no film in MURA's layout, like {_LIKE}", line)
        if place[0] not in found and (table.parent / place[0]).parents[2].is_dir():
            raise DataError(table, f"{place[0]}: the film is missing", line)


def _check_labels(table: Path) -> None:
    for line, listed in _listed(table):
        study, comma, label = listed.rpartition(",")
        said = {"1": "positive", "0": "negative"}.get(label)
        if not comma or said is None:
            raise DataError(table, f"{listed!r} is not a study and 0 or 1", line)
        if not study.rstrip("/").endswith(f"_{said}"):
            raise DataError(table, f"the study's folder says otherwise than its label {label}", line)


def _listed(table: Path) -> Iterator[tuple[int, str]]:
    """Yield the lines of one of MURA's lists, which have no head."""
    for line, text in enumerate(table.read_text(encoding="utf-8").splitlines(), start=1):
        if text.strip():
            yield line, text.strip()
