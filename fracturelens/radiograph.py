"""Bytes from outside to an upright grey film, with every limit checked before anything is decoded."""

from __future__ import annotations

import io
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, UnidentifiedImageError

from fracturelens import errors

MAX_BYTES = 32 * 1024 * 1024
"""Largest file read, bytes: a 16-bit 4,000 x 4,000 film without compression."""
MAX_PIXELS = 36_000_000
"""Most pixels decoded (6,000 x 6,000); keeps the peak of decoding under 300 MB."""
MIN_SIDE = 32
"""Shortest side that can hold a film, pixels."""
WORKING_SIDE = 512
"""A film is reduced by whole steps while its longest side stays at or above this many pixels."""

FORMATS = ("PNG", "JPEG", "TIFF", "WEBP")
_COLOUR_MODES = {"RGB", "RGBA", "RGBX", "RGBa", "P", "PA", "CMYK", "YCbCr", "LAB", "HSV"}
_ALPHA_MODES = {"LA", "La", "RGBA", "RGBa", "PA"}
_ORIENTATION_TAG = 0x0112
_PHOTOMETRIC_TAG = 262

Grey = npt.NDArray[np.float32]


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
    colourfulness : float, range [0, 1]
        Mean difference between the largest and the smallest colour channel; 0 for any grey image.
    notes : tuple of str
        Stable codes of what the reader should know: ``several_frames``, ``alpha_ignored``.
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
        the longest side at or above it (by averaging, or inside the JPEG decoder).

    Raises
    ------
    EmptyFile, FileTooLarge, UnsupportedFormat, TooManyPixels, ImageTooSmall, AnimatedImage, DamagedImage,
    DicomWithoutPixels, UnsupportedDicom
    """
    if not data:
        raise errors.EmptyFile()
    if len(data) > MAX_BYTES:
        raise errors.FileTooLarge(f"The file has {len(data):,} bytes; at most {MAX_BYTES:,} are read.")
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
    """Return the largest whole factor that keeps the longest side at or above ``working_side`` (at least 1)."""
    return max(1, max(width, height) // working_side)


def block_mean(values: npt.NDArray[Any], factor: int) -> Grey:
    """Average ``factor`` x ``factor`` blocks of an (h, w) array; a remainder at the right and bottom is dropped."""
    if factor == 1:
        return values.astype(np.float32)
    height, width = (side - side % factor for side in values.shape)
    blocks = values[:height, :width].reshape(height // factor, factor, width // factor, factor)
    return blocks.mean(axis=(1, 3), dtype=np.float32)


def full_scale(peak: float) -> float:
    """Return white for unsigned data beyond 8 bits: the largest value of the smallest common depth that holds ``peak``.

    Detectors store 10, 12 or 14 bits in 16-bit files without saying so; taking 65,535 as white would show them black.
    """
    return float(next((2**bits - 1 for bits in (8, 10, 12, 14) if peak < 2**bits), 65535))


def _decode_raster(data: bytes, working_side: int) -> Radiograph:
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            return _read(image, working_side)
    except errors.FracturelensError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise errors.TooManyPixels(
            f"The image claims more pixels than the {MAX_PIXELS:,} that are decoded. Send a smaller copy."
        ) from error
    except UnidentifiedImageError as error:
        raise errors.UnsupportedFormat() from error
    except Exception as error:  # decoders answer hostile bytes with almost any exception; all mean the same to a user
        raise errors.DamagedImage(
            "The image is damaged or incomplete: decoding stopped. Export or transfer it again."
        ) from error


def _read(image: Image.Image, working_side: int) -> Radiograph:
    kind = (image.format or "").lower()
    source_width, source_height = image.size
    check_size(source_width, source_height)
    frames = getattr(image, "n_frames", 1)
    if frames > 1 and kind != "tiff":
        raise errors.AnimatedImage(f"The image is an animation of {frames} frames; send one still film.")
    notes = ["several_frames"] if frames > 1 else []

    orientation = image.getexif().get(_ORIENTATION_TAG, 1)
    factor = reduction(source_width, source_height, working_side)
    if kind == "jpeg" and image.mode in {"L", "RGB"}:
        # The decoder can shrink by 2, 4 or 8 while decoding, which saves most of the time that decoding takes.
        image.draft(image.mode, (source_width // factor, source_height // factor))
        factor = reduction(*image.size, working_side)
    image.load()

    if image.mode in _ALPHA_MODES or "transparency" in image.info:
        notes.append("alpha_ignored")
    grey, colourfulness = _grey(image, factor)
    grey = _upright(grey, orientation)
    if orientation in {5, 6, 7, 8}:
        source_width, source_height = source_height, source_width
    return Radiograph(grey, source_width, source_height, kind, colourfulness, tuple(notes))


def _grey(image: Image.Image, factor: int) -> tuple[Grey, float]:
    """Turn any mode into grey in [0, 1], reduced by ``factor``, and say how colourful it was."""
    if image.mode.startswith(("I", "F")):
        return _deep_grey(image, factor), 0.0
    if image.mode in _ALPHA_MODES or "transparency" in image.info:
        # Alpha is a mask drawn by some export tool; what lies under it is composed over black, as air is.
        layer = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", layer.size, (0, 0, 0, 255)), layer).convert("RGB")
    elif image.mode in _COLOUR_MODES:
        image = image.convert("RGB")
    else:
        image = image.convert("L")
    if factor > 1:
        image = image.reduce(factor)
    if image.mode == "L":
        return np.asarray(image, dtype=np.float32) / np.float32(255), 0.0
    channels = np.asarray(image, dtype=np.uint8)
    spread = channels.max(axis=2).astype(np.float32) - channels.min(axis=2)
    grey = np.asarray(image.convert("L"), dtype=np.float32) / np.float32(255)
    return grey, float(spread.mean() / 255)


def _deep_grey(image: Image.Image, factor: int) -> Grey:
    """Grey from 16-bit, 32-bit and floating-point images."""
    values = np.asarray(image)
    if not np.isfinite(values).all():
        raise errors.DamagedImage("The image holds values that are not numbers. Export it again.")
    low, high = float(values.min()), float(values.max())
    if image.mode.startswith("I") and low >= 0 and high <= 65535:
        low, high = 0.0, full_scale(high)
    scale = high - low
    if not math.isfinite(scale):
        raise errors.DamagedImage("The image holds values too large to be grey levels. Export it again.")
    grey = (block_mean(values, factor) - np.float32(low)) / np.float32(scale or 1.0)
    # Pillow undoes "white is zero" for 8 bits, but not for deeper TIFFs.
    tags = getattr(image, "tag_v2", {})
    if tags.get(_PHOTOMETRIC_TAG) == 0:
        grey = 1 - grey
    return np.clip(grey, 0, 1)


def _upright(grey: Grey, orientation: int) -> Grey:
    """Undo the camera's rotation (EXIF 2.32, tag Orientation, 1 to 8)."""
    turned = {
        2: lambda a: a[:, ::-1],
        3: lambda a: a[::-1, ::-1],
        4: lambda a: a[::-1],
        5: lambda a: a.T,
        6: lambda a: np.rot90(a, -1),
        7: lambda a: a[::-1, ::-1].T,
        8: lambda a: np.rot90(a),
    }.get(orientation)
    return np.ascontiguousarray(turned(grey)) if turned else grey
