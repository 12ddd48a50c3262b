"""Is this a film that can be read at all? A glance at the pixels, and what the network makes of it.

The glance tells contrast, grey levels, colour, shape and polarity. The network tells how unlike the training films an
image is, which is what remains to be said of a grey photograph or a CT slice. Thresholds come from the bundle's
manifest.
"""

from __future__ import annotations

import numpy as np

from fracturelens.assessment import Reason
from fracturelens.bundle import Gate
from fracturelens.radiograph import Grey, Radiograph

BLACK, WHITE = 0.02, 0.98
"""Grey values up to which, and from which on, a pixel counts as pure black or white."""
BORDER = 0.04
"""Width of the border that is looked at, as a share of the shorter side."""

REASONS = {
    "extreme_aspect": "The image is a strip ({aspect:.0f} times longer than wide), not a film of a joint.",
    "low_contrast": "The image is blank, or has too little contrast to show bone.",
    "too_few_greys": (
        "Almost all of the image is pure black or pure white; there are too few grey levels to show bone."
    ),
    "colour_picture": "The image is a colour picture, not a radiograph.",
    "looks_negative": "The image looks like a negative (bone dark, air bright). Invert it and send it again.",
    "unlike_training_films": (
        "The image is unlike every kind of film that the model has learnt from; what it would say of it means nothing."
    ),
}
"""Plain words for why a film cannot be assessed, by stable code."""


def examine(film: Radiograph, limits: Gate, novelty: float | None = None) -> tuple[Reason, ...]:
    """Return why a film cannot be assessed; nothing for a film that can.

    ``novelty`` is the graph's, and only spoken of where a glance finds nothing more definite.
    """
    found = _glance(film, limits)
    if not found and limits.novelty_limit is not None and novelty is not None and novelty > limits.novelty_limit:
        return (_reason("unlike_training_films"),)
    return found


def remarks(limits: Gate, several_views: float | None) -> tuple[str, ...]:
    """Return the codes of ``decision.NOTES`` that the network's outputs ask for."""
    if limits.several_views_limit is None or several_views is None:
        return ()
    return ("several_views",) if several_views >= limits.several_views_limit else ()


def _glance(film: Radiograph, limits: Gate) -> tuple[Reason, ...]:
    pixels = film.pixels[::2, ::2]  # a glance needs no more
    aspect = max(film.width, film.height) / min(film.width, film.height)
    if aspect > limits.max_aspect:
        return (_reason("extreme_aspect", aspect=aspect),)
    if contrast(pixels) < limits.min_contrast:
        return (_reason("low_contrast"),)
    reasons = []
    if grey_share(pixels) < limits.min_grey_share:
        reasons.append(_reason("too_few_greys"))
    if film.colourfulness > limits.max_colourfulness:
        reasons.append(_reason("colour_picture"))
    if negative_score(pixels) > limits.max_negative_score:
        reasons.append(_reason("looks_negative"))
    return tuple(reasons)


def _reason(code: str, **about: float) -> Reason:
    return Reason(code=code, message=REASONS[code].format(**about))


def contrast(pixels: Grey) -> float:
    """Return the distance from the 1st to the 99th percentile of the grey values, 0 to 1."""
    low, high = np.percentile(pixels, (1, 99))
    return float(high - low)


def grey_share(pixels: Grey) -> float:
    """Return the share of pixels that are neither black nor white; scanned text and masks have few."""
    return float(np.mean((pixels > BLACK) & (pixels < WHITE)))


def negative_score(pixels: Grey) -> float:
    """Return how bright the surroundings are, 0 to 1; air is dark on a film and bright on its negative.

    The mean of three values: the median of the second-darkest side of the border (limbs leave the film on one or two
    sides, seldom on three), the lower quartile and the median of all pixels. White page margins raise only the first.
    """
    width = max(1, round(BORDER * min(pixels.shape)))
    sides = (pixels[:width], pixels[-width:], pixels[:, :width], pixels[:, -width:])
    # The percentile, because numpy's median loads all of its masked arrays first.
    _, second_darkest, _, _ = sorted(float(np.percentile(side, 50)) for side in sides)
    quartile, median = np.percentile(pixels, (25, 50))
    return float(second_darkest + quartile + median) / 3
