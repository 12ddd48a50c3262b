"""Does the map point at the fracture? Peaks and heat of out-of-fold maps against the radiologists' outlines."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.ndimage import center_of_mass, distance_transform_edt

from fracturelens.explanation import film_heat, grad_cam
from fracturelens.letterbox import Letterbox, letterbox
from training.augment import mask
from training.batches import cell_offset
from training.datasets import Film
from training.packing import outlines, read_film
from training.recipe import Recipe


@dataclass(frozen=True, slots=True)
class Pointing:
    """One fractured film.

    Whether the peak hits the outline strictly, or within one map cell; the share of heat within one cell; and whether
    two baselines, the film's centre and the centre of brightness (bone), would hit within one cell.
    """

    strict: bool
    one_cell: bool
    heat_inside: float
    centre: bool
    bone: bool


def point(film: Film, class_map: npt.NDArray[np.float32], recipe: Recipe) -> Pointing:
    """Compare the Grad-CAM of one class, from its map (h, w) without bias, with the film's outlines."""
    size, stride = recipe.input_size, recipe.output_stride
    fracture = np.asarray(mask(outlines(film, size), size)) > 0
    distance = distance_transform_edt(~fracture)
    row, column = np.unravel_index(int(class_map.argmax()), class_map.shape)
    peak = (
        min(int(row) * stride + cell_offset(stride), size - 1),
        min(int(column) * stride + cell_offset(stride), size - 1),
    )
    whole = Letterbox(size, 0, 0, size, size)
    heat = film_heat(grad_cam(class_map.astype(np.float32)), whole, stride, cell_offset(stride), size, size)
    grey, _ = letterbox(read_film(film), size)
    bone = tuple(int(value) for value in center_of_mass(grey**2))
    return Pointing(
        strict=bool(distance[peak] == 0),
        one_cell=bool(distance[peak] <= stride),
        heat_inside=float(heat[distance <= stride].sum() / max(float(heat.sum()), 1e-9)),
        centre=bool(distance[size // 2, size // 2] <= stride),
        bone=bool(distance[bone] <= stride),
    )
