"""Heat as a picture: a transparent PNG to lay over the film, or the two in one."""

from __future__ import annotations

import base64
import io

import numpy as np
import numpy.typing as npt
from PIL import Image

from fracturelens.colormap import HEAT, LEVELS
from fracturelens.explanation import Map
from fracturelens.radiograph import Grey, Radiograph

_PALETTE = HEAT.tobytes()
_ALPHA = bytes(range(LEVELS))  # as opaque as it is hot: no heat, no veil over the film


def heatmap_png(heat: Map) -> bytes:
    """Draw heat, float32 (h, w) in [0, 1], as an indexed PNG: the colour map as palette, clear where there is none."""
    image = Image.fromarray(_levels(heat))
    image.putpalette(_PALETTE)
    return _png(image, transparency=_ALPHA)


def film_png(film: Radiograph) -> bytes:
    """Draw the film as it was read: upright, grey, 8 bits."""
    return _png(Image.fromarray(_levels(film.pixels)))


def composite_png(film: Radiograph, heat: Map, opacity: float) -> bytes:
    """Draw the film with heat over it.

    Parameters
    ----------
    heat : float32 array, range [0, 1]
        Of the shape of ``film.pixels``.
    opacity : float, range [0, 1]
        How much the hottest spot covers the film.
    """
    share = (opacity * heat)[:, :, np.newaxis]
    colours = HEAT[_levels(heat)] / np.float32(255)
    blend: npt.NDArray[np.float32] = film.pixels[:, :, np.newaxis] * (1 - share) + colours * share
    return _png(Image.fromarray(_levels(blend)))


def data_url(png: bytes) -> str:
    """Return a PNG as a ``data:`` URL (RFC 2397)."""
    return "data:image/png;base64," + base64.b64encode(png).decode("ascii")


def _levels(values: Grey) -> npt.NDArray[np.uint8]:
    return np.rint(values * 255).astype(np.uint8)


def _png(image: Image.Image, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, format="PNG", compress_level=1, **options)
    return out.getvalue()
