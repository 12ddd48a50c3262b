"""Folds for data that comes without: balanced in severity, no group in two."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from sklearn.model_selection import StratifiedGroupKFold

from training.datasets.film import DataError, Dataset

FOLDS = 5


def with_folds(dataset: Dataset, folds: int = FOLDS, seed: int = 0) -> Dataset:
    """Return the set itself if every film has a fold, or with folds made from groups and severity.

    Raises
    ------
    DataError
        If some films have a fold and others not, or there are fewer groups than folds.
    """
    given = sum(film.fold is not None for film in dataset.films)
    if given == len(dataset):
        return dataset
    if given:
        raise DataError(dataset.source, f"{given} of {len(dataset)} films have a fold; give all of them one, or none")
    groups = [film.group for film in dataset.films]
    if len(set(groups)) < folds:
        raise DataError(dataset.source, f"{len(set(groups))} groups (patients) cannot be split into {folds} folds")
    splitter = StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
    fold_of = np.zeros(len(dataset), dtype=int)
    severity = [film.severity for film in dataset.films]
    for fold, (_, held_out) in enumerate(splitter.split(np.zeros(len(dataset)), severity, groups)):
        fold_of[held_out] = fold
    films = tuple(replace(film, fold=int(fold)) for film, fold in zip(dataset.films, fold_of, strict=True))
    return replace(dataset, films=films)
