"""A DICOM image to an upright grey film (PS3.3 C.7.6.3, C.11): the pixel pipeline of a plain radiograph."""

from __future__ import annotations

import io
import warnings
from typing import Any

import numpy as np
import numpy.typing as npt
import pydicom
from pydicom.dataset import Dataset
from pydicom.pixels import apply_modality_lut, apply_voi_lut

from fracturelens import errors
from fracturelens.radiograph import Grey, Radiograph, block_mean, check_size, reduction

PHOTOMETRIC = ("MONOCHROME1", "MONOCHROME2")


def decode(data: bytes, *, working_side: int) -> Radiograph:
    """Read a DICOM file's first frame as one grey film; MONOCHROME1 is turned so that dense is white.

    Raises
    ------
    DicomWithoutPixels, UnsupportedDicom, TooManyPixels, ImageTooSmall, DamagedImage
    """
    try:
        with warnings.catch_warnings():
            # pydicom warns about every value that breaks the standard; a film with an odd date is still a film.
            warnings.simplefilter("ignore")
            return _decode(data, working_side)
    except errors.FracturelensError:
        raise
    except NotImplementedError as error:
        raise errors.UnsupportedDicom() from error
    except Exception as error:  # as for raster images: hostile bytes end in almost any exception
        raise errors.DamagedImage("The DICOM object is damaged or incomplete. Export or transfer it again.") from error


def _decode(data: bytes, working_side: int) -> Radiograph:
    dataset = pydicom.dcmread(io.BytesIO(data))
    if "PixelData" not in dataset:
        raise errors.DicomWithoutPixels("The DICOM object holds no image (a report or a plan?). Send the film itself.")
    width, height = int(dataset.Columns), int(dataset.Rows)
    frames = int(dataset.get("NumberOfFrames", None) or 1)
    check_size(width, height * frames)
    photometric = dataset.get("PhotometricInterpretation", "")
    if photometric not in PHOTOMETRIC:
        raise errors.UnsupportedDicom("Only grey DICOM images (MONOCHROME1 or MONOCHROME2) are read.")

    factor = reduction(width, height, working_side)
    grey = block_mean(_window(_first_frame(dataset, frames), dataset), factor)
    low, high = float(grey.min()), float(grey.max())
    grey = (grey - np.float32(low)) / np.float32((high - low) or 1.0)
    if photometric == "MONOCHROME1":
        grey = 1 - grey
    notes = ("several_frames",) if frames > 1 else ()
    return Radiograph(grey, width, height, "dicom", 0.0, notes)


def _first_frame(dataset: Dataset, frames: int) -> npt.NDArray[Any]:
    try:
        stored = dataset.pixel_array
    except (RuntimeError, AttributeError, NotImplementedError) as error:
        if dataset.file_meta.TransferSyntaxUID.is_compressed:
            raise errors.UnsupportedDicom(
                "The DICOM image is compressed in a way that this installation does not decode. "
                "Send it uncompressed, or as PNG."
            ) from error
        raise
    return stored[0] if frames > 1 else stored


def _window(stored: npt.NDArray[Any], dataset: Dataset) -> Grey:
    """Apply the modality and VOI transformations in the order that PS3.4 N.2 gives."""
    presented = apply_voi_lut(apply_modality_lut(stored, dataset), dataset)
    return np.asarray(presented, dtype=np.float32)
