"""The heat colour map, made by formula: equal steps of heat look like equal steps of colour.

A smooth path through OKLab (Ottosson, 2020), a colour space in which distance is perceived difference: from dark
violet through red to light yellow, lightness rising all the way, so that it reads without colour vision too and no
band suggests an edge that is not there. Every colour keeps a strong chroma and stands out from a grey film.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

LEVELS = 256
# Lightness, chroma and hue (degrees) of the ends of a quadratic Bézier curve and of the point that bends it.
_VIOLET, _RED, _YELLOW = (0.32, 0.16, 300.0), (0.62, 0.28, 20.0), (0.92, 0.165, 103.0)

_OKLAB_TO_LMS_ROOTS = np.array(
    [
        [1.0, 0.3963377774, 0.2158037573],
        [1.0, -0.1055613458, -0.0638541728],
        [1.0, -0.0894841775, -1.2914855480],
    ]
)
_LMS_TO_LINEAR_SRGB = np.array(
    [
        [4.0767416621, -3.3077115913, 0.2309699292],
        [-1.2684380046, 2.6097574011, -0.3413193965],
        [-0.0041960863, -0.7034186147, 1.7076147010],
    ]
)

Floats = npt.NDArray[np.float64]


def _path(t: Floats) -> Floats:
    start, bend, end = (
        np.array([lightness, chroma * math.cos(math.radians(hue)), chroma * math.sin(math.radians(hue))])
        for lightness, chroma, hue in (_VIOLET, _RED, _YELLOW)
    )
    t = t[:, np.newaxis]
    curve: Floats = (1 - t) ** 2 * start + 2 * t * (1 - t) * bend + t**2 * end
    return curve


def _srgb(oklab: Floats) -> npt.NDArray[np.uint8]:
    linear = np.clip((oklab @ _OKLAB_TO_LMS_ROOTS.T) ** 3 @ _LMS_TO_LINEAR_SRGB.T, 0, 1)
    # IEC 61966-2-1
    encoded = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    levels: npt.NDArray[np.uint8] = np.rint(encoded * 255).astype(np.uint8)
    return levels


def _heat() -> npt.NDArray[np.uint8]:
    fine = np.linspace(0, 1, 16 * LEVELS)
    length = np.concatenate([[0.0], np.linalg.norm(np.diff(_path(fine), axis=0), axis=1).cumsum()])
    even = np.interp(np.linspace(0, length[-1], LEVELS), length, fine)
    return _srgb(_path(even))


HEAT = _heat()
"""uint8 array, shape (256, 3): sRGB for heat 0 to 1."""
HEAT.flags.writeable = False
