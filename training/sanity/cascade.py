"""Does a map depend on what was learnt? A fold's network, randomised from the top down, reads the fold's own films."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from fracturelens.explanation import grad_cam
from fracturelens.letterbox import letterbox
from training import network
from training.datasets import DataError, Film
from training.fit import WEIGHTS
from training.metrics import Array
from training.packing import read_film
from training.pointing import Pointing, Target
from training.recipe import Recipe
from training.sanity.randomise import layer_groups, redraw, settle
from training.sanity.similarity import Grid, Mask, cells_on_film, spearman

FOUND = "sanity.npz"
"""Name of the findings in a fold's folder."""
DIFFERENT = 0.05
"""Logits further apart than this were not made by the same network: it is hundreds of times what rounding does."""


@dataclass(frozen=True, slots=True)
class Likeness:
    """One randomised map against the trained network's, of the same class and film: Spearman's correlation, signed.

    Attributes
    ----------
    shown
        Of the Grad-CAMs on the film: what the product shows. Not a number where either is empty.
    signed
        Of the class maps before they are rectified, on the film.
    square
        Of the Grad-CAMs over the whole input, with the letterbox's black bars.
    """

    shown: float
    signed: float
    square: float


@dataclass(frozen=True, slots=True)
class Found:
    """What one fold's films showed.

    Attributes
    ----------
    groups : shape (steps,)
        Layer groups in the order in which they were randomised.
    followed : shape (m,)
        Which of the n films were followed step by step.
    trained : shape (n, p)
        The fields of ``Pointing`` for the trained network's map of every film.
    random : shape (draws, n, p)
        Likewise for networks that are randomised altogether.
    cascade : shape (draws, steps, m, 3 + p)
        The fields of ``Likeness`` and ``Pointing`` with all groups from the top to this one randomised, of these films.
    alone : shape (1, steps, m, 3 + p)
        Likewise, this group alone randomised.
    unrelated : shape (n,)
        Correlation of the trained network's Grad-CAM with that of another film: what no relation at all looks like
        between maps this smooth.
    """

    groups: npt.NDArray[np.str_]
    followed: npt.NDArray[np.int64]
    trained: Array
    random: Array
    cascade: Array
    alone: Array
    unrelated: Array


Rows = npt.NDArray[np.int64]
LIKENESS = tuple(field.name for field in fields(Likeness))
POINTING = tuple(field.name for field in fields(Pointing))
COLUMNS = LIKENESS + POINTING


def column(values: Array, name: str) -> Array:
    """Return one of the last axis's figures by its name."""
    names = POINTING if values.shape[-1] == len(POINTING) else COLUMNS
    return np.asarray(values[..., names.index(name)])


class HeldOut:
    """A fold's fractured, outlined films, and what its network sees in them.

    Parameters
    ----------
    shown : int array, shape (n,)
        The class that the product explains: the more probable fracture class after calibration.
    logits : array, shape (n, 3)
        What the network is known to answer.

    Raises
    ------
    DataError
        If the weights are missing, or answer otherwise.
    """

    def __init__(
        self, films: list[Film], shown: npt.NDArray[np.int64], logits: Array, recipe: Recipe, folder: Path
    ) -> None:
        self.weights = folder / WEIGHTS
        if not self.weights.is_file():
            raise DataError(self.weights, "this fold is not trained yet; run `python -m training crossval`")
        self.films, self.shown, self.recipe = films, shown, recipe
        self.model = network.build(recipe)
        self.model.load_weights(self.weights)
        self.reader = network.explained(self.model)
        self.trained = self.model.get_weights()
        self.groups = layer_groups(self.model)
        self.everything = np.arange(len(films))
        framed = [letterbox(read_film(film), recipe.input_size) for film in films]
        self.inputs = np.stack([canvas for canvas, _ in framed])[..., np.newaxis]
        self.on_film: list[Mask] = [cells_on_film(place, recipe) for _, place in framed]
        self.targets = [Target.of(film, recipe) for film in films]
        answers, maps = self.read(self.everything)
        if np.abs(answers - logits).max() > DIFFERENT:
            raise DataError(self.weights, "these weights did not make the predictions beside them; train the fold anew")
        self.maps = _of_class(maps, shown)

    def read(self, rows: Rows) -> tuple[Grid, Grid]:
        """Return the logits (m, 3) and class maps (m, h, w, 3) of some films by the network as it is now."""
        batches = (rows[i : i + self.recipe.batch_size] for i in range(0, len(rows), self.recipe.batch_size))
        parts = [self.reader.predict_on_batch(self.inputs[batch]) for batch in batches]
        logits, maps = (np.concatenate([np.asarray(part[name]) for part in parts]) for name in ("logits", "class_maps"))
        return logits, maps

    def cascade(self, seed: int, rows: Rows) -> Iterator[Array]:
        """Randomise group after group from the top, and compare some films' maps at each step, (m, 3 + p)."""
        self.model.set_weights(self.trained)
        for number, group in enumerate(self.groups, start=1):
            redraw(self.model, [group], seed)
            settle(self.reader, self.model, self.groups[:number], self.inputs)
            yield self.measured(rows)

    def alone(self, seed: int, rows: Rows) -> Iterator[Array]:
        """Likewise, but each group alone."""
        for group in self.groups:
            self.model.set_weights(self.trained)
            redraw(self.model, [group], seed)
            settle(self.reader, self.model, [group], self.inputs)
            yield self.measured(rows)

    def random(self, seed: int) -> Array:
        """Judge every film's map by a network that is randomised altogether, shape (n, p)."""
        redraw(self.model, self.groups, seed)
        settle(self.reader, self.model, self.groups, self.inputs)
        return self.measured(self.everything)[:, len(LIKENESS) :]

    def measured(self, rows: Rows) -> Array:
        """Compare the network as it is now with the trained one on some films, shape (m, 3 + p).

        Likeness is that of the class explained by the trained network; pointing is judged as the product would show
        it, by the class that the network as it is now finds more probable.
        """
        logits, maps = self.read(rows)
        same = _of_class(maps, self.shown[rows])
        own = _of_class(maps, np.where(logits[:, 1] > logits[:, 2], 1, 2))
        return np.array(
            [
                (
                    *_values(_likeness(self.maps[row], after, self.on_film[row])),
                    *_values(self.targets[row].point(shown)),
                )
                for row, after, shown in zip(rows, same, own, strict=True)
            ]
        )

    def pointed(self) -> Array:
        """Judge the trained network's maps, shape (n, p)."""
        return np.array([_values(target.point(shown)) for target, shown in zip(self.targets, self.maps, strict=True)])

    def unrelated(self) -> Array:
        """Correlate each film's Grad-CAM with that of a film of another group, shape (n,)."""
        count = len(self.films)
        found = np.full(count, np.nan)
        for i, film in enumerate(self.films):
            others = (j % count for j in range(i + count // 2, i + count // 2 + count))
            other = next((j for j in others if self.films[j].group != film.group), i)
            both = self.on_film[i] & self.on_film[other]
            if other != i and both.any():
                found[i] = spearman(grad_cam(self.maps[i])[both], grad_cam(self.maps[other])[both])
        return found


def examine(
    films: list[Film],
    shown: npt.NDArray[np.int64],
    logits: Array,
    recipe: Recipe,
    folder: Path,
    *,
    most: int,
    draws: int,
    seed: int,
) -> Found:
    """Randomise one fold's network (see ``HeldOut``), or give what ``folder`` has kept from having done so.

    ``most`` films, spread evenly, are followed step by step; ``draws`` networks are made with seeds from ``seed`` on.
    """
    weights = folder / WEIGHTS
    made_from = json.dumps(
        {
            "weights": hashlib.sha256(weights.read_bytes()).hexdigest() if weights.is_file() else "",
            "recipe": recipe.to_json(),
            "films": [film.id for film in films],
            "shown": shown.tolist(),
            "most": most,
            "draws": draws,
            "seed": seed,
        },
        sort_keys=True,
    )
    if (folder / FOUND).is_file():
        content = np.load(folder / FOUND)
        if str(content["made_from"]) == made_from:
            return Found(**{field.name: content[field.name] for field in fields(Found)})
    held_out = HeldOut(films, shown, logits, recipe, folder)
    rows = held_out.everything
    if len(rows) > most:
        rows = rows[np.linspace(0, len(rows) - 1, most).astype(int)]
    cascade, alone, random = [], [], []
    steps = (draws + 1) * len(held_out.groups) + draws
    with tqdm(total=steps, desc=f"Randomising {folder.name}", unit="step") as progress:
        for number in range(draws):
            cascade.append(list(_counted(held_out.cascade(seed + number, rows), progress)))
            random.append(held_out.random(seed + number))
            progress.update()
        alone.append(list(_counted(held_out.alone(seed, rows), progress)))
    found = Found(
        groups=np.array(held_out.groups),
        followed=rows,
        trained=held_out.pointed(),
        random=np.array(random),
        cascade=np.array(cascade),
        alone=np.array(alone),
        unrelated=held_out.unrelated(),
    )
    partial = (folder / FOUND).with_suffix(".partial.npz")
    np.savez_compressed(partial, made_from=np.array(made_from), **asdict(found))
    partial.rename(folder / FOUND)
    return found


def _likeness(before: Grid, after: Grid, on_film: Mask) -> Likeness:
    return Likeness(
        shown=spearman(grad_cam(before)[on_film], grad_cam(after)[on_film]),
        signed=spearman(before[on_film], after[on_film]),
        square=spearman(grad_cam(before).ravel(), grad_cam(after).ravel()),
    )


def _of_class(maps: Grid, chosen: npt.NDArray[np.int64]) -> Grid:
    """Return each film's map of one class, (n, h, w)."""
    return np.asarray(np.take_along_axis(maps, chosen[:, np.newaxis, np.newaxis, np.newaxis], axis=-1)[..., 0])


def _values(record: Likeness | Pointing) -> tuple[float, ...]:
    return tuple(float(getattr(record, field.name)) for field in fields(record))


def _counted(steps: Iterable[Array], progress: tqdm[Any]) -> Iterator[Array]:
    for step in steps:
        progress.update()
        yield step
