"""Heat as a picture: a transparent PNG to lay over the film, or the two in one."""

from __future__ import annotations

import base64
import io

import numpy as np
import numpy.typing as npt
from PIL import Image, PngImagePlugin

from fracturelens import DISCLAIMER
from fracturelens.colormap import HEAT, LEVELS
from fracturelens.explanation import Map
from fracturelens.radiograph import Grey, Radiograph

CAPTION_HEIGHT = 24
"""Height of the strip with the disclaimer below a composite, pixels."""
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
    """Draw the film with heat over it, and the disclaimer on a strip below it: it goes where the picture goes.

    Parameters
    ----------
    heat : float32 array, range [0, 1]
        Of the shape of ``film.pixels``.
    opacity : float, range [0, 1]
        How much the hottest spot covers the film.

    Returns
    -------
    bytes
        PNG as wide as the film and ``CAPTION_HEIGHT`` higher.
    """
    share = (opacity * heat)[:, :, np.newaxis]
    colours = HEAT[_levels(heat)] / np.float32(255)
    blend: npt.NDArray[np.float32] = film.pixels[:, :, np.newaxis] * (1 - share) + colours * share
    return _png(_captioned(Image.fromarray(_levels(blend))))


def data_url(png: bytes) -> str:
    """Return a PNG as a ``data:`` URL (RFC 2397)."""
    return "data:image/png;base64," + base64.b64encode(png).decode("ascii")


def _levels(values: Grey) -> npt.NDArray[np.uint8]:
    return np.rint(values * 255).astype(np.uint8)


def _captioned(picture: Image.Image) -> Image.Image:
    from PIL import ImageDraw, ImageFont  # a font costs more to load than most readings need

    page = Image.new("RGB", (picture.width, picture.height + CAPTION_HEIGHT))
    page.paste(picture)
    draw = ImageDraw.Draw(page)
    size = 13.0
    while size > 6 and draw.textlength(DISCLAIMER, ImageFont.load_default(size)) > picture.width - 8:
        size -= 1
    middle = (picture.width / 2, picture.height + CAPTION_HEIGHT / 2)
    draw.text(middle, DISCLAIMER, fill=(200, 200, 200), anchor="mm", font=ImageFont.load_default(size))
    return page


def _png(image: Image.Image, **options: object) -> bytes:
    out = io.BytesIO()
    text = PngImagePlugin.PngInfo()
    text.add_text("Disclaimer", DISCLAIMER)
    image.save(out, format="PNG", compress_level=1, pnginfo=text, **options)
    return out.getvalue()
