"""Cross-validation one fold at a time: every film is read by a network that has not seen its patient."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from training.datasets import Dataset
from training.fit import fit, predict
from training.progress import Progress
from training.recipe import Recipe

OUTPUT = "out-of-fold.npz"

Follow = Callable[[Recipe, int], Progress]
"""Makes what follows the training of so many networks."""


def folds(dataset: Dataset) -> list[int]:
    """Return the folds of the set, in order."""
    return sorted({film.fold for film in dataset.films if film.fold is not None})


def crossval(
    dataset: Dataset,
    recipe: Recipe,
    start: str,
    runs: Path,
    cache: Path,
    *,
    only: list[int] | None = None,
    follow: Follow = Progress,
) -> None:
    """Train and predict fold by fold under ``runs/fold-K``; what is finished is not done again."""
    films = list(dataset.films)
    place = np.array([-1 if film.fold is None else film.fold for film in films])
    wanted = only or folds(dataset)
    with follow(recipe, len(wanted)) as progress:
        for fold in wanted:
            folder = runs / f"fold-{fold}"
            progress.network(f"Fold {fold}")
            if (folder / OUTPUT).is_file():
                progress.skip(len(recipe.stages))
                continue
            training, held_out = np.flatnonzero(place != fold), np.flatnonzero(place == fold)
            seeded = replace(recipe, seed=recipe.seed * 100 + fold)
            model = fit(dataset, training, seeded, start, folder, cache, progress)
            save(folder / OUTPUT, [films[i].id for i in held_out], predict(model, films, held_out, recipe))


def train_all(
    dataset: Dataset, recipe: Recipe, start: str, runs: Path, cache: Path, *, follow: Follow = Progress
) -> None:
    """Train the network to ship on every film, under ``runs/all``."""
    with follow(recipe, 1) as progress:
        progress.network("Network to ship")
        fit(dataset, np.arange(len(dataset)), recipe, start, runs / "all", cache, progress)


def save(path: Path, ids: list[str], outputs: dict[str, npt.NDArray[np.float32]]) -> None:
    """Write predictions; maps and features at half precision, which is far finer than they are sure."""
    half = {name: values.astype(np.float16) for name, values in outputs.items() if name != "logits"}
    partial = path.with_suffix(".partial.npz")
    np.savez_compressed(partial, ids=np.array(ids), logits=outputs["logits"], **half)  # type: ignore[arg-type]
    partial.rename(path)
