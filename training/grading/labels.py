"""A data set whose severities are what its readers said."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from training.datasets.film import SEVERITIES, UNGRADED, DataError, Dataset, Film
from training.grading.agreement import agreement
from training.grading.grades import Grade, read, settled, sheet_key
from training.metrics import Estimate
from training.report.tables import estimate


def with_grades(dataset: Dataset, paths: Sequence[Path]) -> Dataset:
    """Return the set with the label of every graded film replaced by what most of its readers said.

    Grades name films by their id or by the key that a sheet gave them. Films that nobody graded keep their label.

    Raises
    ------
    DataError
        Naming the grade's file and line, for what ``grades.read`` refuses and for a film that the set does not have.
    """
    grades = _of_films(dataset, read(paths))
    if not grades:
        raise DataError(paths[0], "no film was graded")
    votes: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for grade in sorted(grades, key=lambda grade: grade.showing, reverse=True):
        votes[grade.image_id][grade.reader] = grade.severity  # a first look counts before a second one
    outlined = any(film.polygons for film in dataset.films)
    films = tuple(
        _graded(film, majority(votes[film.id].values()), outlined=outlined) if film.id in votes else film
        for film in dataset.films
    )
    return replace(dataset, films=films, label_origin=_origin(dataset, grades, films, votes))


def majority(votes: Iterable[str]) -> str:
    """Return what most readers said: first whether there is a fracture, then how severe it is.

    A tie about severity gives ``unclear``. A tie about whether there is a fracture gives ``ungraded``: such a film
    is known to be neither.
    """
    counts = Counter(votes)
    fractured = counts.total() - counts["normal"]
    if counts["normal"] == fractured:
        return UNGRADED
    if counts["normal"] > fractured:
        return "normal"
    del counts["normal"]
    (first, most), *others = counts.most_common()
    return "unclear" if others and others[0][1] == most else first


def _of_films(dataset: Dataset, grades: list[Grade]) -> list[Grade]:
    """Return the grades under the ids of the set's films."""
    known = {film.id for film in dataset.films}
    by_key: defaultdict[str, list[str]] = defaultdict(list)
    if any(grade.image_id not in known for grade in grades):
        for film in dataset.films:
            by_key[sheet_key(film)].append(film.id)
    found = []
    for grade in grades:
        ids = [grade.image_id] if grade.image_id in known else by_key.get(grade.image_id, [])
        if not ids:
            raise grade.error(f"no film of {dataset.name} has the id {grade.image_id!r}")
        found += [replace(grade, image_id=name) for name in ids]  # copies of a file are one film to a reader
    return settled(found)


def _graded(film: Film, severity: str, *, outlined: bool) -> Film:
    """Return a film with a new label; ``outlined``: fractures of this set come with outlines."""
    polygons = film.polygons
    if severity == "normal":
        polygons = () if outlined else None
    elif not film.fractured:
        polygons = None  # nobody has outlined this fracture
    return replace(film, classes=SEVERITIES[severity], polygons=polygons)


def _origin(dataset: Dataset, grades: list[Grade], films: Sequence[Film], votes: Mapping[str, object]) -> str:
    found = agreement(grades)
    count = len(found["readers"])
    agreed = _said("Krippendorff's alpha", found["all"])
    if count == 1:
        agreed = "one reader, so how far readers agree is not known"
    elif count == 2:
        agreed = _said("Cohen's kappa", found["pairs"][0]["kappa"])
    tied = sum(film.severity == UNGRADED for film in films if film.id in votes)
    return (
        f"{len(votes):,} of {len(dataset):,} films graded by {count} reader{'s' * (count > 1)} on grading sheets, "
        f"majority taken, {tied:,} left out for a tie about fractured or not ({agreed}); "
        f"the others: {dataset.label_origin}"
    )


def _said(name: str, value: Estimate) -> str:
    if value["value"] is None:
        return f"{name} cannot be computed from {value['n']} films graded by more than one"
    return f"{name} {estimate(value)} on {value['n']:,} films"
