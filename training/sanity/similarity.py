"""How alike are two heatmaps? Rank correlation over the cells on the film, and how far their peaks are apart."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from scipy.stats import rankdata

from fracturelens.letterbox import Letterbox
from training.batches import cell_offset
from training.metrics import Array, Metric
from training.recipe import Recipe

Grid = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]


def cells_on_film(place: Letterbox, recipe: Recipe) -> Mask:
    """Return which cells (h, w) have their centre on the film, not on the letterbox's black bars.

    The product shows no other: the bars, which every network tells from a film, would make any two maps alike.
    """
    centres = np.arange(recipe.input_size // recipe.output_stride) * recipe.output_stride
    centres += cell_offset(recipe.output_stride)
    rows = (centres >= place.top) & (centres < place.top + place.height)
    columns = (centres >= place.left) & (centres < place.left + place.width)
    return np.asarray(rows[:, np.newaxis] & columns)


def spearman(one: Grid, other: Grid) -> float:
    """Return Spearman's rank correlation of two sets of cells, range [-1, 1]; ties get their mean rank.

    Not a number where all cells of either are equal, as in an empty map: it is neither like nor unlike another.
    """
    ranks = [rankdata(values) - (values.size + 1) / 2 for values in (one, other)]
    scale = math.sqrt(float(ranks[0] @ ranks[0]) * float(ranks[1] @ ranks[1]))
    return float(ranks[0] @ ranks[1]) / scale if scale > 0 else math.nan


def peak_distance(one: Grid, other: Grid, on_film: Mask) -> tuple[float, bool]:
    """Return the distance between two maps' peaks on the film, in cells, and whether they are the same or neighbours.

    Not a number, and no, where either map is empty there.
    """
    if not (one[on_film].max() > 0 and other[on_film].max() > 0):
        return math.nan, False
    places = [
        np.array(np.unravel_index(np.where(on_film, cells, -np.inf).argmax(), cells.shape)) for cells in (one, other)
    ]
    apart = np.abs(places[0] - places[1])
    return float(np.hypot(*apart)), bool(apart.max() <= 1)


def median(values: Array) -> Metric:
    """Return the weighted median of a figure of every film, (n,) or several rows of it (k, n); nan is left out."""
    rows = np.atleast_2d(values)
    flat = rows.ravel()
    order = np.argsort(flat)
    known = np.isfinite(flat[order])

    def metric(weights: Array) -> Array:
        # Each row's values weigh as their films do.
        ordered = np.tile(weights, len(rows))[..., order] * known
        total = ordered.sum(-1, keepdims=True)
        middle = (ordered.cumsum(-1) >= total / 2).argmax(-1)
        return np.where(total[..., 0] > 0, flat[order][middle], np.nan)

    return metric


def pearson(one: Array, other: Array) -> Metric:
    """Return the weighted correlation of two figures of every film, (n,) each; of ranks it is Spearman's."""

    def metric(weights: Array) -> Array:
        share = weights / weights.sum(-1, keepdims=True)
        mean_one, mean_other = share @ one, share @ other
        spread = (share @ one**2 - mean_one**2) * (share @ other**2 - mean_other**2)
        both = share @ (one * other) - mean_one * mean_other
        return np.where(spread > 0, both / np.sqrt(np.maximum(spread, 1e-30)), np.nan)

    return metric
