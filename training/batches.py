"""Balanced, augmented batches of films with their film and map targets."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from training.augment import Mask, augment
from training.datasets import Film
from training.packing import outlines, packed_side
from training.recipe import Recipe, Stage

NOT_ANNOTATED = -1.0
"""Map target of a fractured film without outlines: its cells take no part in the map loss."""


def cell_offset(stride: int) -> int:
    """Return the input pixel at the centre of what the first cell sees.

    Keras pads its stride-2 layers at the bottom and right only, so each looks one pixel further on than a centred
    one: the offsets add up to ``stride - 1``, not ``(stride - 1) / 2``.
    """
    return stride - 1


def cell_target(where: Mask, stride: int) -> npt.NDArray[np.float32]:
    """Reduce a mask (size, size) to cells (size / stride, size / stride, 1): 1 where a cell's surroundings hold any."""
    shift = cell_offset(stride) - stride // 2
    moved = np.zeros_like(where)
    moved[: where.shape[0] - shift, : where.shape[1] - shift] = where[shift:, shift:]
    cells = where.shape[0] // stride
    found = moved.reshape(cells, stride, cells, stride).max(axis=(1, 3))
    return np.asarray(found, dtype=np.float32)[..., None]


class Batches(keras.utils.PyDataset):  # type: ignore[misc]
    """Random batches; the same seed, epoch and index give the same batch, so that a resumed run goes on alike."""

    def __init__(
        self,
        films: list[Film],
        packed: npt.NDArray[np.uint8],
        indices: npt.NDArray[np.int64],
        recipe: Recipe,
        stage: Stage,
    ) -> None:
        super().__init__(workers=2, max_queue_size=8)
        self.recipe = recipe
        self.stage = stage
        self.films = films
        self.packed = packed
        self.epoch = 0
        side = packed_side(stage.input_size)
        self.outlines = {int(i): outlines(films[i], side) for i in indices}
        self.pools = [self._pool(indices, fractured=False), self._pool(indices, fractured=True)]

    def _pool(self, indices: npt.NDArray[np.int64], *, fractured: bool) -> tuple[npt.NDArray[np.int64], Any]:
        chosen = np.array([i for i in indices if self.films[i].fractured == fractured])
        elbow = np.array([self.films[i].attributes.get("site") == "elbow" for i in chosen])
        weights = np.where(elbow, self.recipe.elbow_emphasis, 1.0)
        return chosen, weights / weights.sum()

    def __len__(self) -> int:
        return self.recipe.epoch_films // self.recipe.batch_size

    def __getitem__(self, index: int) -> tuple[npt.NDArray[np.float32], dict[str, npt.NDArray[np.float32]]]:
        random = np.random.default_rng([self.recipe.seed, self.epoch, index])
        size = self.recipe.batch_size
        fractured = round(size * self.recipe.fractured_share)
        picks = [
            random.choice(pool, count, replace=count > len(pool), p=weights)
            for (pool, weights), count in zip(self.pools, (size - fractured, fractured), strict=True)
        ]
        variants = [self._variant(int(i), random) for i in np.concatenate(picks)]
        inputs, classes, cells = (np.stack(parts) for parts in zip(*variants, strict=True))
        return inputs[..., None], {"logits": classes, "cell_logits": cells}

    def _variant(self, index: int, random: np.random.Generator) -> tuple[npt.NDArray[np.float32], ...]:
        film = self.films[index]
        grey, where = augment(self.packed[index], self.outlines[index], self.stage, random)
        cells = cell_target(where, self.recipe.output_stride)
        if film.polygons is None:
            cells = np.full_like(cells, NOT_ANNOTATED)
        return grey, film.target(), cells
