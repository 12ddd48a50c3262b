"""A plain DICOM radiograph to an upright grey film (PS3.3 C.7.6.3, C.11), in bounded memory."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
import pydicom
import pydicom.filereader
import pydicom.misc
import pydicom.pixels.utils
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue
from pydicom.pixels.processing import apply_modality_lut, apply_voi_lut
from pydicom.pixels.utils import pixel_array
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from fracturelens import errors
from fracturelens.metered import MeteredFile
from fracturelens.quiet import hush
from fracturelens.radiograph import Radiograph, bands, block_mean, check_size, reduction

UNCOMPRESSED = (ImplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRBigEndian)
PHOTOMETRIC = ("MONOCHROME1", "MONOCHROME2")
ATTRIBUTES = (
    "BitsAllocated", "BitsStored", "Columns", "DoubleFloatPixelData", "FloatPixelData", "HighBit",
    "ModalityLUTSequence", "NumberOfFrames", "PhotometricInterpretation", "PixelData", "PixelRepresentation",
    "PlanarConfiguration", "RescaleIntercept", "RescaleSlope", "RescaleType", "Rows", "SamplesPerPixel",
    "VOILUTFunction", "VOILUTSequence", "WindowCenter", "WindowWidth",
)  # fmt: skip
"""All that is read of a DICOM object: names, dates and numbers of patients never enter memory as such."""

hush(pydicom.misc, pydicom.pixels.utils, pydicom.filereader)


def decode(data: bytes, *, working_side: int) -> Radiograph:
    """Read a DICOM file's first frame as one grey film; MONOCHROME1 is turned so that dense is white.

    Raises
    ------
    DicomWithoutPixels, UnsupportedDicom, TooManyPixels, ImageTooSmall, DamagedImage
    """
    if DeflatedExplicitVRLittleEndian.encode() in data:  # inflating is unbounded, and pydicom does it unasked
        raise _unsupported_encoding()
    try:
        return _decode(data, working_side)
    except errors.FracturelensError:
        raise
    except Exception as error:  # as for raster images: hostile bytes end in almost any exception
        raise errors.DamagedImage("The DICOM object is damaged or incomplete. Export or transfer it again.") from error


def _decode(data: bytes, working_side: int) -> Radiograph:
    dataset = pydicom.dcmread(MeteredFile(data), specific_tags=list(ATTRIBUTES))
    if "FloatPixelData" in dataset or "DoubleFloatPixelData" in dataset:
        raise errors.UnsupportedDicom("DICOM images of floating-point values are not read. Send whole grey levels.")
    if "PixelData" not in dataset:
        raise errors.DicomWithoutPixels(
            "The DICOM object holds no image: it is a report, a plan, or a film cut short. Send the film itself."
        )
    if dataset.file_meta.TransferSyntaxUID not in UNCOMPRESSED:
        raise _unsupported_encoding()
    if dataset.PhotometricInterpretation not in PHOTOMETRIC:
        raise errors.UnsupportedDicom("Only grey DICOM images (MONOCHROME1 or MONOCHROME2) are read.")
    width, height = int(dataset.Columns), int(dataset.Rows)
    check_size(width, height)

    if not _has_sensible_window(dataset):
        for keyword in ("WindowCenter", "WindowWidth"):
            dataset.pop(keyword, None)
    factor = reduction(width, height, working_side)
    stored = pixel_array(dataset, index=0)
    boxes = bands(width, height, factor)
    parts = [block_mean(_windowed(stored[t:b, left:right], dataset), factor) for left, t, right, b in boxes]
    grey = np.concatenate(parts)
    low, high = float(grey.min()), float(grey.max())
    if not np.isfinite(high - low):
        raise errors.DamagedImage("The DICOM object's window gives values that are not numbers. Export it again.")
    grey = (grey - low) / ((high - low) or 1.0)
    if dataset.PhotometricInterpretation == "MONOCHROME1":
        grey = 1 - grey
    notes = ("several_frames",) if (dataset.get("NumberOfFrames") or 1) > 1 else ()
    return Radiograph(grey.astype(np.float32), width, height, "dicom", 0.0, notes)


def _has_sensible_window(dataset: Dataset) -> bool:
    """Tell whether the first window is one that PS3.3 C.11.2.1.2 can apply."""
    first = [
        value[0] if isinstance(value, MultiValue) else value
        for value in (dataset.get("WindowCenter"), dataset.get("WindowWidth"))
    ]
    if None in first:
        return False
    centre, width = map(float, first)
    return math.isfinite(centre) and math.isfinite(width) and width >= 1


def _windowed(stored: npt.NDArray[Any], dataset: Dataset) -> npt.NDArray[Any]:
    """Apply the modality and VOI transformations in the order that PS3.4 N.2 gives."""
    presented: npt.NDArray[Any] = apply_voi_lut(apply_modality_lut(stored, dataset), dataset)
    return presented


def _unsupported_encoding() -> errors.UnsupportedDicom:
    return errors.UnsupportedDicom(
        "The DICOM image is compressed in a way that this installation does not decode. "
        "Send it uncompressed (Explicit VR Little Endian), or as PNG."
    )
