"""The gate's scores of films, altered films and strangers: everything that its figures are made from, in one file."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from fracturelens import gate
from fracturelens.bundle import Gate
from fracturelens.radiograph import Grey, Radiograph, decode
from training.datasets import DataError, Dataset
from training.gate.material import Material, altered_film
from training.gate.novelty import Array, Measure
from training.gate.strangers import Stranger

FILE = "gate.npz"
"""Name of the scores in a results folder."""

Names = npt.NDArray[np.str_]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Scores:
    """What the gate sees.

    Attributes
    ----------
    films : ids, shape (n,)
    fold : shape (n,)
        The network that had not seen the film, which gave ``novelty`` and ``views`` (not a number if unlearnt).
    glance : bool, shape (n,)
        Whether a glance at the pixels refuses the film.
    altered, alterations, altered_fold, altered_novelty, altered_glance
        Likewise for altered films.
    kinds, sources, originals, halves : shape (m,)
        Of the strangers.
    stranger_novelty : shape (m, networks)
        In the order of ``networks``, the folds.
    sent_glance, grey_glance : bool, shape (m,)
        Whether a glance refuses the stranger as it is, and once its colours are taken away.
    """

    films: Names
    fold: npt.NDArray[np.int64]
    novelty: Array
    views: Array
    glance: Mask
    altered: Names
    alterations: Names
    altered_fold: npt.NDArray[np.int64]
    altered_novelty: Array
    altered_glance: Mask
    kinds: Names
    sources: Names
    originals: Names
    halves: Names
    networks: npt.NDArray[np.int64]
    stranger_novelty: Array
    sent_glance: Mask
    grey_glance: Mask

    def write(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        content: dict[str, Any] = {field.name: getattr(self, field.name) for field in fields(self)}
        np.savez_compressed(
            path, **{name: v.astype(np.float32) if v.dtype == np.float64 else v for name, v in content.items()}
        )

    @classmethod
    def read(cls, path: Path) -> Scores:
        if not path.is_file():
            raise DataError(path, "the gate's scores are missing; run `python -m training gate`")
        with np.load(path) as content:
            arrays: dict[str, Any] = {field.name: content[field.name] for field in fields(cls)}
        return cls(**{name: v.astype(np.float64) if v.dtype == np.float32 else v for name, v in arrays.items()})


def gather(dataset: Dataset, strangers: list[Stranger], measured: dict[int, tuple[Measure, Material]]) -> Scores:
    """Score everything with the networks of ``measured``, by fold."""
    folds = sorted(measured)
    films, novelty, views, fold, beyond = [], [], [], [], []
    changed, alterations, altered_novelty, altered_fold = [], [], [], []
    for number in folds:
        measure, material = measured[number]
        films += material.films.tolist()
        novelty.append(measure.novelty(material.features["films"]))
        views.append(measure.several_views(material.features["films"]))
        fold += [number] * len(material.films)
        beyond.append(measure.novelty(material.features["strangers"]))
        changed += material.altered.tolist()
        alterations += material.alterations.tolist()
        altered_novelty.append(measure.novelty(material.features["altered"]))
        altered_fold += [number] * len(material.altered)
    pairs = list(zip(changed, alterations, strict=True))
    return Scores(
        films=np.array([dataset.films[i].id for i in films]),
        fold=np.array(fold),
        novelty=np.concatenate(novelty),
        views=np.concatenate(views),
        glance=np.array([_refused(decode(dataset.films[i].path.read_bytes())) for i in tqdm(films, desc="Glancing")]),
        altered=np.array([dataset.films[i].id for i in changed]),
        alterations=np.array(alterations),
        altered_fold=np.array(altered_fold),
        altered_novelty=np.concatenate(altered_novelty),
        altered_glance=np.array([_refused(_grey(altered_film(dataset, i, name))) for i, name in pairs]),
        kinds=np.array([one.kind for one in strangers]),
        sources=np.array([one.source for one in strangers]),
        originals=np.array([f"{one.source}/{one.original}" for one in strangers]),
        halves=np.array([one.half.value for one in strangers]),
        networks=np.array(folds),
        stranger_novelty=np.stack(beyond, axis=1),
        sent_glance=np.array([_refused(one.film) for one in strangers], dtype=bool),
        grey_glance=np.array([_refused(_grey(one.film.pixels)) for one in strangers], dtype=bool),
    )


def _grey(pixels: Grey) -> Radiograph:
    height, width = pixels.shape
    return Radiograph(pixels, width, height, "png")


def _refused(film: Radiograph) -> bool:
    return bool(gate.examine(film, Gate()))
