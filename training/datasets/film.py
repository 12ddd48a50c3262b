"""A labelled film and a set of them, checked before training starts."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from fracturelens.bundle import CLASSES

Polygon = npt.NDArray[np.float64]

FRACTURED: tuple[str, ...] = ("hairline", "displaced")
UNGRADED = "ungraded"
SEVERITIES: dict[str, tuple[str, ...]] = {
    "normal": ("normal",),
    "hairline": ("hairline",),
    "displaced": ("displaced",),
    "unclear": FRACTURED,
    UNGRADED: (),
}
"""What each severity label allows: ``unclear`` is fractured with the severity open, ``ungraded`` no label at all."""


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
        The classes that the label allows: one, both fracture classes if the severity is open, none if ungraded.
    group
        Stands for the patient: films of one group never fall on both sides of a split.
    polygons
        Fracture outlines, each (n, 2), x and y as shares of width and height in [0, 1]; ``None`` if not annotated.
    attributes
        Anything else that the source says (site, view, cast, ...), for subgroup figures.
    listed
        File and line that list the film, if there is a list.
    """

    id: str
    path: Path
    classes: tuple[str, ...]
    group: str
    fold: int | None = None
    polygons: tuple[Polygon, ...] | None = None
    attributes: Mapping[str, str] = field(default_factory=dict)
    listed: tuple[Path, int] | None = None

    @property
    def fractured(self) -> bool:
        return bool(self.classes) and "normal" not in self.classes

    @property
    def severity(self) -> str:
        match self.classes:
            case ():
                return UNGRADED
            case (name,):
                return name
            case _:
                return "unclear"

    def target(self) -> npt.NDArray[np.float32]:
        """Return the allowed classes as a multi-hot vector, shape (3,)."""
        return np.array([name in self.classes for name in CLASSES], dtype=np.float32)

    def error(self, message: str) -> DataError:
        """Return what is wrong with this film: at the line that lists it, else at the file itself."""
        if self.listed is None:
            return DataError(self.path, message)
        table, line = self.listed
        beside = self.path.is_relative_to(table.parent)
        name = self.path.relative_to(table.parent) if beside else self.path
        return DataError(table, f"{name}: {message}", line)


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
            For a missing film, a film listed twice or without a label, a class with too few groups, a group in two
            folds, or a fold without which no normal or no fractured film is left.
        """
        first: dict[str, Film] = {}
        groups: defaultdict[str, set[str]] = defaultdict(set)
        for film in self.films:
            if first.setdefault(film.id, film) is not film:
                raise film.error(f"film {film.id!r} is listed twice")
            if not film.path.is_file():
                raise film.error("the film is missing")
            if film.severity == UNGRADED:
                raise film.error("the film has no label; grade it, or leave it out")
            groups[film.severity].add(film.group)
        for name in CLASSES:
            if len(groups[name]) < least_groups:
                raise DataError(
                    self.source,
                    f"class {name!r} has {len(groups[name])} groups (patients); at least {least_groups} are needed",
                )
        if folds:
            self._check_that_no_group_is_split()
            self._check_every_fold_leaves_both()
        return self

    def labelled(self) -> Dataset:
        """Return the set without its ungraded films.

        Raises
        ------
        DataError
            If none is left.
        """
        films = tuple(film for film in self.films if film.severity != UNGRADED)
        if not films:
            raise DataError(self.source, "no film has a label; grade them first (python -m training grading-sheet)")
        return replace(self, films=films)

    def where(self, conditions: Iterable[str]) -> Dataset:
        """Return the films that meet conditions such as ``site=elbow``; of several on one attribute, one must hold.

        Raises
        ------
        DataError
            For a condition without ``=``, an attribute that no film has, or if no film is left.
        """
        wanted: defaultdict[str, set[str]] = defaultdict(set)
        for condition in conditions:
            name, equals, value = condition.partition("=")
            if not equals:
                raise DataError(self.source, f"{condition!r} is no condition; write ATTRIBUTE=VALUE")
            wanted[name.strip()].add(value.strip())
        known = sorted({name for film in self.films for name in film.attributes})
        for name in wanted:
            if name not in known:
                raise DataError(self.source, f"no film has an attribute {name!r}; there are: {', '.join(known)}")
        films = tuple(
            film
            for film in self.films
            if all(film.attributes.get(name, "") in values for name, values in wanted.items())
        )
        if not films:
            said = " and ".join(f"{name}={' or '.join(sorted(values))}" for name, values in wanted.items())
            raise DataError(self.source, f"no film has {said}")
        return replace(self, films=films)

    def _check_that_no_group_is_split(self) -> None:
        first: dict[str, Film] = {}
        for film in self.films:
            other = first.setdefault(film.group, film)
            if film.fold != other.fold:
                raise film.error(
                    f"group {film.group!r} lies in two folds, {other.fold} ({other.id}) and {film.fold} ({film.id}); "
                    "a patient may be in one only"
                )

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


def polygon(points: npt.NDArray[np.float64], width: int, height: int) -> Polygon:
    """Return an outline given in pixels (n, 2) as shares of the film.

    Raises
    ------
    ValueError
        If it has fewer than three points, or leaves the film by more than a pixel.
    """
    if len(points) < 3:
        raise ValueError(f"an outline needs at least three points, not {len(points)}")
    size = np.array([width, height], dtype=np.float64)
    if not ((points >= -1) & (points <= size + 1)).all():  # not a number is beyond the film, too
        raise ValueError(f"an outline leaves the film of {width} x {height} pixels")
    return np.clip(points / size, 0.0, 1.0)
