"""A labelled film and a set of them, checked before training starts."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from fracturelens.bundle import CLASSES

Polygon = npt.NDArray[np.float64]

FRACTURED: tuple[str, ...] = ("hairline", "displaced")
SEVERITIES: dict[str, tuple[str, ...]] = {
    "normal": ("normal",),
    "hairline": ("hairline",),
    "displaced": ("displaced",),
    "unclear": FRACTURED,
}
"""What each severity label allows: ``unclear`` is fractured with the severity open."""


class DataError(Exception):
    """The data cannot be trained on; the message names the file and, where there is one, the line."""

    def __init__(self, path: Path, message: str, line: int | None = None) -> None:
        place = f"{path}:{line}" if line else str(path)
        super().__init__(f"{place}: {message}")


@dataclass(frozen=True, slots=True)
class Film:
    """One film.

    Attributes
    ----------
    classes
        The classes that the label allows: one, or both fracture classes if the severity is open.
    group
        Stands for the patient: films of one group never fall on both sides of a split.
    polygons
        Fracture outlines, each (n, 2), x and y as shares of width and height in [0, 1]; ``None`` if not annotated.
    attributes
        Anything else that the source says (site, view, cast, ...), for subgroup figures.
    """

    id: str
    path: Path
    classes: tuple[str, ...]
    group: str
    fold: int | None = None
    polygons: tuple[Polygon, ...] | None = None
    attributes: Mapping[str, str] = field(default_factory=dict)

    @property
    def fractured(self) -> bool:
        return "normal" not in self.classes

    @property
    def severity(self) -> str:
        return self.classes[0] if len(self.classes) == 1 else "unclear"

    def target(self) -> npt.NDArray[np.float32]:
        """Return the allowed classes as a multi-hot vector, shape (3,)."""
        return np.array([name in self.classes for name in CLASSES], dtype=np.float32)


@dataclass(frozen=True, slots=True)
class Dataset:
    """Films of one source, and where their labels come from."""

    name: str
    films: tuple[Film, ...]
    label_origin: str
    source: Path

    def __len__(self) -> int:
        return len(self.films)

    def check(self, *, folds: bool = False, least_groups: int = 5) -> Dataset:
        """Return the set itself if it can be trained on.

        Raises
        ------
        DataError
            For a missing film, a film listed twice, a class with too few groups, a group in two folds, or a
            fold without which no normal or no fractured film is left.
        """
        for name, count in Counter(film.id for film in self.films).items():
            if count > 1:
                raise DataError(self.source, f"film {name!r} is listed {count} times")
        for film in self.films:
            if not film.path.is_file():
                raise DataError(film.path, "the film is missing")
        groups: defaultdict[str, set[str]] = defaultdict(set)
        places: defaultdict[str, set[int | None]] = defaultdict(set)
        for film in self.films:
            groups[film.severity].add(film.group)
            places[film.group].add(film.fold)
        for name in CLASSES:
            if len(groups[name]) < least_groups:
                raise DataError(
                    self.source,
                    f"class {name!r} has {len(groups[name])} groups (patients); at least {least_groups} are needed",
                )
        split = sorted(group for group, found in places.items() if len(found) > 1)
        if folds and split:
            raise DataError(self.source, f"group {split[0]!r} lies in two folds; a patient may be in one only")
        if folds:
            self._check_every_fold_leaves_both()
        return self

    def _check_every_fold_leaves_both(self) -> None:
        for fold in {film.fold for film in self.films}:
            left = {film.fractured for film in self.films if film.fold != fold}
            if left != {True, False}:
                lacking = "normal" if left == {True} else "fractured"
                raise DataError(self.source, f"without fold {fold} no {lacking} film is left to train on")

    def digest(self) -> str:
        """Return the SHA-256 over every film's bytes, label, group and fold: what a model was trained on."""
        total = hashlib.sha256()
        for film in sorted(self.films, key=lambda film: film.id):
            content = hashlib.sha256(film.path.read_bytes()).hexdigest()
            outlines = hashlib.sha256(b"".join(p.tobytes() for p in film.polygons or ())).hexdigest()
            line = "\t".join([film.id, content, ",".join(film.classes), film.group, str(film.fold), outlines])
            total.update(line.encode() + b"\n")
        return total.hexdigest()


def polygon(path: Path, points: npt.NDArray[np.float64], width: int, height: int) -> Polygon:
    """Return an outline given in pixels (n, 2) as shares of the film.

    Raises
    ------
    DataError
        If it has fewer than three points or leaves the film by more than a pixel.
    """
    if points.ndim != 2 or points.shape[1] != 2 or len(points) < 3:
        raise DataError(path, f"an outline needs at least three points, not {len(points)}")
    size = np.array([width, height], dtype=np.float64)
    if (points < -1).any() or (points > size + 1).any():
        raise DataError(path, f"an outline leaves the film of {width} x {height} pixels")
    return np.clip(points / size, 0.0, 1.0)
