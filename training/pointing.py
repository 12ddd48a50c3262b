"""Does the map point at the fracture? Peaks and heat of held-out maps against the radiologists' outlines."""

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

Grid = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Pointing:
    """One fractured film and one map, as the product lays it over the film.

    Attributes
    ----------
    strict, one_cell
        Whether the map's peak hits the outline: strictly, or within one map cell of it.
    heat_inside
        Share of the heat within one cell of the outline; 0 for an empty map.
    empty
        Whether the map shows nothing at all; such a map hits nothing.
    centre, bone
        Baselines: whether the film's centre, or its centre of brightness (bone), would hit within one cell.
    bone_heat, even_heat
        Baselines: ``heat_inside`` of heat that follows brightness, and of heat spread evenly over the film. The
        latter is also how often a peak anywhere on the film would hit within one cell.
    """

    strict: bool
    one_cell: bool
    heat_inside: float
    empty: bool
    centre: bool
    bone: bool
    bone_heat: float
    even_heat: float


@dataclass(frozen=True, slots=True)
class Target:
    """Where a film's fractures lie, made once for as many maps as are to be judged by it.

    ``place`` is where the film lies in the square input; ``distance`` (height, width of that place) holds each of its
    pixels' distance to the nearest outline, ``bone`` its squared brightness. Lengths are input pixels.
    """

    place: Letterbox
    distance: Grid
    bone: Grid
    stride: int

    @classmethod
    def of(cls, film: Film, recipe: Recipe) -> Target:
        """Read a film with outlines."""
        size = recipe.input_size
        canvas, place = letterbox(read_film(film), size)
        fracture = np.asarray(mask(outlines(film, size), size)) > 0
        inside = np.s_[place.top : place.top + place.height, place.left : place.left + place.width]
        distance = np.asarray(distance_transform_edt(~fracture), dtype=np.float32)
        return cls(place, distance[inside], canvas[inside] ** 2, recipe.output_stride)

    def point(self, class_map: Grid) -> Pointing:
        """Judge the Grad-CAM of one class, from its map (h, w) without bias."""
        height, width = self.distance.shape
        offset = cell_offset(self.stride)
        heat = film_heat(grad_cam(class_map.astype(np.float32)), self.place, self.stride, offset, width, height)
        empty = not heat.any()
        peak = np.unravel_index(int(heat.argmax()), heat.shape)
        near = self.distance <= self.stride
        bone = tuple(int(value) for value in center_of_mass(self.bone))
        return Pointing(
            strict=not empty and bool(self.distance[peak] == 0),
            one_cell=not empty and bool(near[peak]),
            heat_inside=_share(heat, near),
            empty=empty,
            centre=bool(near[height // 2, width // 2]),
            bone=bool(near[bone]),
            bone_heat=_share(self.bone, near),
            even_heat=float(near.mean()),
        )


def point(film: Film, class_map: Grid, recipe: Recipe) -> Pointing:
    """Compare the Grad-CAM of one class, from its map (h, w) without bias, with the film's outlines."""
    return Target.of(film, recipe).point(class_map)


def _share(heat: Grid, near: npt.NDArray[np.bool_]) -> float:
    return float(heat[near].sum(dtype=np.float64) / max(float(heat.sum(dtype=np.float64)), 1e-9))
