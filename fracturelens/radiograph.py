"""Bytes from outside to an upright grey film, with every limit checked before anything is decoded."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

# Importing the four plugins keeps Pillow from importing all forty when the first TIFF or WebP arrives.
from PIL import (
    Image,
    ImageFile,
    JpegImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    UnidentifiedImageError,
    WebPImagePlugin,
)

from fracturelens import errors
from fracturelens.metered import MeteredFile
from fracturelens.quiet import hush, quietly

MAX_BYTES = 32 * 1024 * 1024
"""Largest file read, bytes: a 16-bit 4,000 x 4,000 film without compression."""
MAX_PIXELS = 36_000_000
"""Most pixels decoded (6,000 x 6,000)."""
MAX_FOOTPRINT = 256_000_000
"""Most memory that a decoder may need at once, bytes, estimated from the header."""
MAX_SCANS = 100
"""Most scans of a JPEG, each of which goes over the whole image; progressive files have about ten."""
MIN_SIDE = 32
"""Shortest side that can hold a film, pixels."""
WORKING_SIDE = 512
"""A film is reduced by whole steps while its longest side stays at or above this many pixels."""

FORMATS = ("PNG", "JPEG", "TIFF", "WEBP")
_BAND_PIXELS = 1 << 20
_ALPHA_MODES = {"LA", "La", "RGBA", "RGBa", "PA"}
_GREY_MODES = {"1", "L"}
_WEBP_BYTES_PER_PIXEL = 16  # measured: its decoder keeps canvas, previous canvas and copy besides the image
_SIGNATURES = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_START_OF_SCAN = b"\xff\xda"
# TIFF 6.0 tags; EXIF uses the same numbers.
_BITS_PER_SAMPLE, _PHOTOMETRIC, _ORIENTATION, _SAMPLES_PER_PIXEL, _ROWS_PER_STRIP = 258, 262, 274, 277, 278
_TILE_WIDTH, _TILE_LENGTH = 322, 323
_WHITE_IS_ZERO = 0

Grey = npt.NDArray[np.float32]

hush(Image, ImageFile, JpegImagePlugin, PngImagePlugin, TiffImagePlugin, WebPImagePlugin)


@dataclass(frozen=True, slots=True)
class Radiograph:
    """An upright grey film.

    Attributes
    ----------
    pixels : float32 array, shape (h, w), range [0, 1]
        Grey values, 0 black (air) to 1 white (dense); possibly reduced from the source by whole steps.
    width, height : int
        Size of the source, upright, in its own pixels.
    kind : str
        ``png``, ``jpeg``, ``tiff``, ``webp`` or ``dicom``.
    colourfulness : float
        Spread and strength of colour after Hasler and Süsstrunk (2003), as a share of full scale: 0 for grey,
        about 0.06 for "slightly" and 0.18 for "averagely colourful" pictures.
    notes : tuple of str
        Stable codes of what the reader should know: ``several_frames``, ``transparency_filled``.
    """

    pixels: Grey
    width: int
    height: int
    kind: str
    colourfulness: float = 0.0
    notes: tuple[str, ...] = ()


def decode(data: bytes, *, working_side: int = WORKING_SIDE) -> Radiograph:
    """Read PNG, JPEG, TIFF, WebP or DICOM bytes as one grey film.

    Parameters
    ----------
    data
        The whole file.
    working_side
        Sources with a longest side of at least twice this are reduced by the largest whole factor that keeps
        the longest side at or above it (by averaging, or inside the JPEG decoder). What does not fill a block at
        the right and bottom is dropped, so positions are true to one part in ``working_side``.

    Raises
    ------
    EmptyFile, FileTooLarge, UnsupportedFormat, TooManyPixels, ImageTooSmall, AnimatedImage, DamagedImage,
    DicomWithoutPixels, UnsupportedDicom
    """
    if not data:
        raise errors.EmptyFile()
    if len(data) > MAX_BYTES:
        raise errors.FileTooLarge(f"The file has {len(data):,} bytes; at most {MAX_BYTES:,} are read.")
    with quietly(), np.errstate(all="ignore"):  # values that overflow are found by looking, not by a warning
        if data[128:132] == b"DICM":
            from fracturelens import dicom  # pydicom costs 0.2 s to import: only films that need it pay

            return dicom.decode(data, working_side=working_side)
        return _decode_raster(data, working_side)


def check_size(width: int, height: int) -> None:
    """Refuse a claimed size before any pixel is decoded (both in pixels).

    Raises
    ------
    TooManyPixels, ImageTooSmall
    """
    if width * height > MAX_PIXELS:
        raise errors.TooManyPixels(
            f"The image claims {width:,} x {height:,} pixels; at most {MAX_PIXELS:,} are decoded. Send a smaller copy."
        )
    if min(width, height) < MIN_SIDE:
        raise errors.ImageTooSmall(
            f"The image has {width:,} x {height:,} pixels; the shorter side of a film must have at least {MIN_SIDE}."
        )


def reduction(width: int, height: int, working_side: int) -> int:
    """Return the largest whole factor that keeps the longest side at or above ``working_side`` (at least 1).

    A strip is not reduced beyond a width of one pixel.
    """
    return max(1, min(max(width, height) // working_side, width, height))


def bands(width: int, height: int, factor: int) -> Iterator[tuple[int, int, int, int]]:
    """Cut an image into boxes (left, top, right, bottom) of whole ``factor`` x ``factor`` blocks, one megapixel each.

    Turning a large image into grey band by band keeps the copies on the way small.
    """
    width, height = width - width % factor, height - height % factor
    rows = factor * max(1, _BAND_PIXELS // (width * factor))
    for top in range(0, height, rows):
        yield 0, top, width, min(top + rows, height)


def block_mean(values: npt.NDArray[Any], factor: int) -> npt.NDArray[np.float64]:
    """Average the ``factor`` x ``factor`` blocks of an (h, w) array; both sides are multiples of ``factor``."""
    height, width = values.shape
    rows: npt.NDArray[np.float64] = values.reshape(height // factor, factor, width).sum(axis=1, dtype=np.float64)
    total = rows[:, ::factor].copy()
    for column in range(1, factor):  # forty times faster than a sum over an axis of two
        total += rows[:, column::factor]
    return total / factor**2


def full_scale(peak: float) -> float:
    """Return white for unsigned data beyond 8 bits: the largest value of the smallest common depth that holds ``peak``.

    Detectors store 10, 12 or 14 bits in 16-bit files without saying so; taking 65,535 as white would show them black.
    """
    return float(next((2**bits - 1 for bits in (8, 10, 12, 14) if peak < 2**bits), 65535))


def _decode_raster(data: bytes, working_side: int) -> Radiograph:
    try:
        with Image.open(MeteredFile(data), formats=FORMATS) as image:
            return _read(image, data, working_side)
    except errors.FracturelensError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise errors.TooManyPixels(
            f"The image claims more pixels than the {MAX_PIXELS:,} that are decoded. Send a smaller copy."
        ) from error
    except UnidentifiedImageError as error:
        if not data.startswith(_SIGNATURES):
            raise errors.UnsupportedFormat() from error
        raise errors.DamagedImage(
            "The image is damaged, or of a kind that is not read. Export it again, best as a grey PNG."
        ) from error
    except Exception as error:  # decoders answer hostile bytes with almost any exception; all mean the same to a user
        raise errors.DamagedImage(
            "The image is damaged or incomplete: decoding stopped. Export or transfer it again."
        ) from error


def _read(image: ImageFile.ImageFile, data: bytes, working_side: int) -> Radiograph:
    kind = "jpeg" if image.format == "MPO" else str(image.format).lower()  # MPO: a JPEG with further views behind it
    width, height = image.size
    check_size(width, height)
    notes = []
    if getattr(image, "is_animated", False):
        if kind in {"png", "webp"}:
            raise errors.AnimatedImage("The image is an animation; send one still film.")
        notes.append("several_frames")

    orientation = 1 if kind == "tiff" else _orientation(image)  # Pillow itself sets TIFFs upright
    factor = reduction(width, height, working_side)
    scans = data.count(_START_OF_SCAN) if kind == "jpeg" else 1
    if scans > MAX_SCANS:
        raise errors.DamagedImage(f"The JPEG has {scans:,} scans; at most {MAX_SCANS} are decoded. Export it again.")
    if kind == "jpeg":
        # The decoder can shrink by 2, 4 or 8 while decoding, which saves most of the time that decoding takes.
        image.draft(image.mode, (width // factor, height // factor))
        factor = reduction(*image.size, working_side)
    _check_footprint(image, kind, width, height, scans)
    if kind == "png":
        # Decoding alone stops quietly at the first chunk that makes no sense, and leaves the rest of the film black.
        with Image.open(MeteredFile(data), formats=("PNG",)) as chunks:
            chunks.verify()
    image.load()

    grey, colourfulness, filled = _deep_grey(image, factor) if image.mode[0] in "IF" else _grey(image, factor)
    if filled:
        notes.append("transparency_filled")
    if orientation >= 5:
        width, height = height, width
    return Radiograph(_upright(grey, orientation), width, height, kind, colourfulness, tuple(notes))


def _orientation(image: Image.Image) -> int:
    """Return the EXIF orientation, 1 to 8; damaged EXIF data does not make a film unreadable."""
    try:
        value = image.getexif().get(_ORIENTATION)
    except Exception:  # as in _decode_raster: hostile bytes
        return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def _check_footprint(image: ImageFile.ImageFile, kind: str, width: int, height: int, scans: int) -> None:
    """Refuse, before decoding, what would take too much memory on the way although its pixels are within the limit."""
    sample_bytes = 2 if image.mode.startswith("I;16") else 1 if image.mode in {"1", "L", "P"} else 4
    footprint = image.width * image.height * sample_bytes
    if isinstance(image, WebPImagePlugin.WebPImageFile):
        footprint = width * height * _WEBP_BYTES_PER_PIXEL
    elif isinstance(image, TiffImagePlugin.TiffImageFile):
        turned = image.tag_v2.get(_ORIENTATION, 1) != 1  # Pillow turns a copy
        footprint += turned * footprint + _strip_bytes(image.tag_v2, max(width, height))
    elif scans > 1:  # libjpeg keeps the coefficients of the whole image, two bytes each
        footprint += width * height * len(image.getbands()) * 2
    if footprint > MAX_FOOTPRINT:
        raise errors.TooManyPixels(
            f"Decoding the {width:,} x {height:,} pixels of this {kind} file would take about "
            f"{footprint // 1_000_000:,} MB; at most {MAX_FOOTPRINT // 1_000_000} MB are used. Send a smaller copy."
        )


def _strip_bytes(tags: Any, longest: int) -> int:
    """Return an upper bound of one decoded TIFF strip or tile, which the decoder holds beside the image."""
    bits = max(tags.get(_BITS_PER_SAMPLE, (1,))) * tags.get(_SAMPLES_PER_PIXEL, 1)
    if _TILE_WIDTH in tags:
        return int(tags[_TILE_WIDTH] * tags[_TILE_LENGTH] * bits // 8)
    return int(longest * min(tags.get(_ROWS_PER_STRIP, longest), longest) * bits // 8)


def _grey(image: Image.Image, factor: int) -> tuple[Grey, float, bool]:
    """Turn any mode of 8 bits a sample into grey in [0, 1], reduced; say how colourful, and if holes were filled."""
    whole = (0, 0, *image.size)
    parts: list[npt.NDArray[np.uint8]] = []
    filled = False
    for box in bands(*image.size, factor):
        band = image if box == whole else image.crop(box)
        if band.mode in _ALPHA_MODES or "transparency" in image.info:
            # Transparency is a mask drawn by some export tool; black, as air is, shows through.
            layer = band.convert("RGBA")
            filled = filled or layer.getchannel("A").getextrema() != (255, 255)
            band = Image.alpha_composite(Image.new("RGBA", layer.size, (0, 0, 0, 255)), layer)
        band = band.convert("L" if band.mode in _GREY_MODES else "RGB")
        parts.append(np.asarray(band.reduce(factor) if factor > 1 else band))
    levels = np.concatenate(parts) if len(parts) > 1 else parts[0]
    colourfulness = 0.0
    if levels.ndim == 3:
        colourfulness = _colourfulness(levels)
        levels = np.asarray(Image.fromarray(levels).convert("L"))
    return levels.astype(np.float32) / np.float32(255), colourfulness, filled


def _colourfulness(levels: npt.NDArray[np.uint8]) -> float:
    """Return M3 of Hasler and Süsstrunk (2003) over 255, from every other pixel of (h, w, 3) levels."""
    red, green, blue = np.moveaxis(levels[::2, ::2].astype(np.float32), 2, 0)
    red_green, yellow_blue = red - green, (red + green) / 2 - blue
    spread = math.hypot(red_green.std(), yellow_blue.std())
    strength = math.hypot(red_green.mean(), yellow_blue.mean())
    return (spread + 0.3 * strength) / 255


def _deep_grey(image: Image.Image, factor: int) -> tuple[Grey, float, bool]:
    """Grey from 16-bit, 32-bit and floating-point images, reduced."""
    whole = (0, 0, *image.size)
    means, lows, highs = [], [], []
    for box in bands(*image.size, factor):
        values = np.asarray(image if box == whole else image.crop(box))
        lows.append(float(values.min()))
        highs.append(float(values.max()))
        if not math.isfinite(lows[-1] + highs[-1]):  # one NaN makes both NaN
            raise errors.DamagedImage("The image holds values that are not numbers. Export it again.")
        means.append(block_mean(values, factor))
    low, high = min(lows), max(highs)
    if image.mode.startswith("I") and low >= 0 and high <= 65535:
        low, high = 0.0, full_scale(high)
    grey = (np.concatenate(means) - low) / ((high - low) or 1.0)
    # Pillow undoes "white is zero" for 8 bits, but not for deeper TIFFs.
    if getattr(image, "tag_v2", {}).get(_PHOTOMETRIC) == _WHITE_IS_ZERO:
        grey = 1 - grey
    return np.clip(grey, 0, 1).astype(np.float32), 0.0, False


def _upright(grey: Grey, orientation: int) -> Grey:
    """Undo the camera's rotation (EXIF 2.32, tag Orientation, 1 to 8)."""
    match orientation:
        case 2:
            grey = grey[:, ::-1]
        case 3:
            grey = grey[::-1, ::-1]
        case 4:
            grey = grey[::-1]
        case 5:
            grey = grey.T
        case 6:
            grey = np.rot90(grey, -1)
        case 7:
            grey = grey[::-1, ::-1].T
        case 8:
            grey = np.rot90(grey)
    return np.ascontiguousarray(grey)
