"""The film inside the model's square input: one resize, used by training and serving alike."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image

from fracturelens.radiograph import Grey


@dataclass(frozen=True, slots=True)
class Letterbox:
    """Where the film lies inside the square, in input pixels.

    A point (x, y) of the film in relative coordinates [0, 1] lies at
    ``(left + x * width, top + y * height)`` of the input.
    """

    size: int
    left: int
    top: int
    width: int
    height: int


def fit(width: int, height: int, size: int) -> Letterbox:
    """Place a film of any size centred in a square of ``size`` pixels, aspect kept."""
    scale = size / max(width, height)
    inner_width = min(size, max(1, round(width * scale)))
    inner_height = min(size, max(1, round(height * scale)))
    return Letterbox(size, (size - inner_width) // 2, (size - inner_height) // 2, inner_width, inner_height)


def letterbox(pixels: Grey, size: int) -> tuple[Grey, Letterbox]:
    """Resize a film to fit a square and pad it with black.

    Parameters
    ----------
    pixels : float32 array, shape (h, w), range [0, 1]
    size : int
        Side of the square, pixels.

    Returns
    -------
    float32 array, shape (size, size), range [0, 1]
        Bilinear, with the filter widened when shrinking (no aliasing).
    Letterbox
    """
    height, width = pixels.shape
    place = fit(width, height, size)
    inner = _resized(pixels, place.width, place.height)
    canvas = np.zeros((size, size), dtype=np.float32)
    canvas[place.top : place.top + place.height, place.left : place.left + place.width] = inner
    return canvas, place


def shrink(pixels: Grey, longest_side: int) -> Grey:
    """Resize a film, float32 (h, w), so that no side is longer than that, aspect kept; a smaller one stays as it is."""
    height, width = pixels.shape
    if max(width, height) <= longest_side:
        return pixels
    place = fit(width, height, longest_side)
    return _resized(pixels, place.width, place.height)


def _resized(pixels: Grey, width: int, height: int) -> Grey:
    if pixels.shape == (height, width):
        return pixels
    return np.asarray(Image.fromarray(pixels).resize((width, height), Image.Resampling.BILINEAR), dtype=np.float32)
