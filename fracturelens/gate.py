"""Is this a film that can be read at all? What a glance tells: contrast, grey levels, colour, shape, polarity.

Thresholds come from the bundle's manifest. (A learned out-of-distribution score on the network's features will stand
beside these; ``examine`` is where it joins.)
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


def examine(film: Radiograph, limits: Gate) -> tuple[Reason, ...]:
    """Return why a film cannot be assessed; nothing for a film that can."""
    pixels = film.pixels[::2, ::2]  # a glance needs no more
    aspect = max(film.width, film.height) / min(film.width, film.height)
    if aspect > limits.max_aspect:
        return (
            Reason(
                code="extreme_aspect",
                message=f"The image is a strip ({aspect:.0f} times longer than wide), not a film of a joint.",
            ),
        )
    if contrast(pixels) < limits.min_contrast:
        return (Reason(code="low_contrast", message="The image is blank, or has too little contrast to show bone."),)
    reasons = []
    if grey_share(pixels) < limits.min_grey_share:
        message = "Almost all of the image is pure black or pure white; there are too few grey levels to show bone."
        reasons.append(Reason(code="too_few_greys", message=message))
    if film.colourfulness > limits.max_colourfulness:
        reasons.append(Reason(code="colour_picture", message="The image is a colour picture, not a radiograph."))
    if negative_score(pixels) > limits.max_negative_score:
        message = "The image looks like a negative (bone dark, air bright). Invert it and send it again."
        reasons.append(Reason(code="looks_negative", message=message))
    return tuple(reasons)


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
    _, second_darkest, _, _ = sorted(float(np.median(side)) for side in sides)
    quartile, median = np.percentile(pixels, (25, 50))
    return float(second_darkest + quartile + median) / 3
