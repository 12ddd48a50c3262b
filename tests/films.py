"""Synthetic films: grey, bone-like pictures in every file format and pixel mode that a radiograph may arrive in.

A shaft, its cortex, a joint and a side marker are drawn from formulas, so tests need no patient's data.
Every maker returns the bytes of one file, as an upload would carry them; makers of broken files come last.
"""

from __future__ import annotations

import struct
import zlib
from io import BytesIO
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
from PIL import Image
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.filewriter import dcmwrite
from pydicom.uid import BasicTextSRStorage, DigitalXRayImageStorageForPresentation, ExplicitVRLittleEndian, generate_uid

Grey = npt.NDArray[np.float32]
Mode = Literal["1", "L", "I;16", "F", "P", "LA", "RGB", "RGBA", "CMYK"]

# What has to be done to stored pixels so that EXIF orientation 1-8 shows them upright (the inverse of the tag's turn).
_STORED_FOR_ORIENTATION = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}
_EXIF_ORIENTATION = 0x0112
SAMPLES = Path(__file__).parent.parent / "web" / "samples"


def bone(height: int = 256, width: int = 192, *, seed: int = 0) -> Grey:
    """Draw a film: a long bone from top to bottom with a joint, soft tissue, grain and a bright marker at the top left.

    No turned or mirrored copy equals another, so a test sees which way up it came out.

    Returns
    -------
    Grey
        ``(height, width)``, 0 black (air) to 1 white (bone).
    """
    y, x = np.mgrid[0 : 1 : height * 1j, 0 : 1 : width * 1j]
    joint = np.exp(-(((y - 0.6) / 0.05) ** 2))
    distance = np.abs(x - 0.5 - 0.05 * np.sin(3 * y)) / (0.13 + 0.06 * np.exp(-(((y - 0.6) / 0.15) ** 2)))
    tissue = 0.25 * np.exp(-((distance / 2.2) ** 4))
    medulla = 0.3 * (distance < 1)
    cortex = 0.35 * np.exp(-(((distance - 0.85) / 0.15) ** 2))
    grain = np.random.default_rng(seed).normal(0, 0.01, (height, width))
    film: npt.NDArray[np.float64] = tissue + medulla + cortex - 0.3 * joint * (distance < 1) + grain
    film[(y > 0.04) & (y < 0.1) & (x > 0.05) & (x < 0.15)] = 1.0
    return film.clip(0, 1).astype(np.float32)


def sample(name: str) -> Grey:
    """Return a real film, one of the page's samples: ``displaced-elbow``, ``hairline-wrist`` or ``normal-elbow``."""
    with Image.open(SAMPLES / f"{name}.jpg") as image:
        return np.asarray(image.convert("L"), dtype=np.float32) / np.float32(255)


def sheet(*names: str) -> Grey:
    """Return samples side by side on one sheet, each 231 x 190 pixels."""
    return np.hstack([np.asarray(Image.fromarray(sample(name)).resize((190, 231))) for name in names])


def clouds(height: int = 454, width: int = 373, *, seed: int = 0) -> Grey:
    """Draw grey clouds: greys, contrast and darkness of a film, and nothing of what a film shows."""
    frequency = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.fftfreq(width)[None, :])
    frequency[0, 0] = 1
    noise = np.random.default_rng(seed).normal(size=(height, width))
    values = np.fft.ifft2(np.fft.fft2(noise) / frequency).real
    low, high = np.percentile(values, (0.5, 99.5))
    return np.asarray(0.7 * ((values - low) / (high - low)).clip(0, 1), dtype=np.float32)


def as_image(grey: Grey, mode: Mode = "L") -> Image.Image:
    """Turn grey values in [0, 1] into a Pillow image of a pixel mode, showing the same film in each of them."""
    eight = np.rint(grey * 255).astype(np.uint8)
    match mode:
        case "F":
            return Image.fromarray(grey)
        case "I;16":
            return Image.fromarray(np.rint(grey * 65535).astype(np.uint16))
        case "P":
            # Index i shows grey 255 - i: reading the indices as grey values would give a negative.
            image = Image.fromarray(255 - eight)
            image.putpalette([255 - index for index in range(256) for _ in range(3)])
            return image
        case "LA" | "RGBA":
            image = Image.fromarray(eight).convert(mode)
            image.putalpha(Image.new("L", image.size, 255))
            return image
        case _:
            return Image.fromarray(eight).convert(mode)


def encoded(
    grey: Grey,
    file_format: Literal["PNG", "JPEG", "TIFF", "WEBP", "GIF", "BMP"] = "PNG",
    mode: Mode = "L",
    **options: object,
) -> bytes:
    """Write a film as a picture file; ``options`` go to Pillow (``quality=92``, ``lossless=True``, ...)."""
    out = BytesIO()
    as_image(grey, mode).save(out, format=file_format, **options)
    return out.getvalue()


def rotated_by_exif(
    grey: Grey,
    orientation: int,
    file_format: Literal["PNG", "JPEG", "TIFF", "WEBP"] = "JPEG",
    **options: object,
) -> bytes:
    """Write a film whose pixels are stored turned or mirrored, with the EXIF orientation (1-8) that sets it upright."""
    image = as_image(grey)
    if orientation in _STORED_FOR_ORIENTATION:
        image = image.transpose(_STORED_FOR_ORIENTATION[orientation])
    exif = Image.Exif()
    exif[_EXIF_ORIENTATION] = orientation
    out = BytesIO()
    image.save(out, format=file_format, exif=exif, **options)
    return out.getvalue()


def dicom(
    grey: Grey,
    *,
    photometric: Literal["MONOCHROME1", "MONOCHROME2"] = "MONOCHROME2",
    bits_stored: int = 12,
    frames: int = 1,
    window: tuple[float, float] | None = None,
) -> bytes:
    """Write a film as an uncompressed DICOM file; ``window`` is (centre, width) in stored values.

    ``MONOCHROME1`` stores the negative, so that the film shown stays the same (PS3.3 C.7.6.3.1.2).
    Every further frame of a multi-frame image is darker than the one before it.
    """
    shown = grey if photometric == "MONOCHROME2" else 1 - grey
    top = 2**bits_stored - 1
    dtype = np.uint8 if bits_stored <= 8 else np.uint16
    pixels = np.stack([np.rint(shown * top / (frame + 1)) for frame in range(frames)]).astype(dtype)

    dataset = _dicom_header(DigitalXRayImageStorageForPresentation)
    dataset.Modality = "DX"
    dataset.BodyPartExamined = "ELBOW"
    dataset.Rows, dataset.Columns = grey.shape
    dataset.SamplesPerPixel = 1
    dataset.PhotometricInterpretation = photometric
    dataset.BitsAllocated = pixels.itemsize * 8
    dataset.BitsStored = bits_stored
    dataset.HighBit = bits_stored - 1
    dataset.PixelRepresentation = 0
    if frames > 1:
        dataset.NumberOfFrames = frames
    if window is not None:
        dataset.WindowCenter, dataset.WindowWidth = window
    dataset.PixelData = pixels.tobytes() + b"\0" * (pixels.nbytes % 2)
    dataset["PixelData"].VR = "OB" if pixels.itemsize == 1 else "OW"
    return _dicom_bytes(dataset)


def dicom_without_pixels() -> bytes:
    """Write a DICOM object that holds no image: a basic text report."""
    dataset = _dicom_header(BasicTextSRStorage)
    dataset.Modality = "SR"
    return _dicom_bytes(dataset)


def truncated(data: bytes, share: float = 0.5) -> bytes:
    """Cut a file off after ``share`` of its bytes."""
    return data[: int(len(data) * share)]


def png_claiming(width: int, height: int) -> bytes:
    """Write a tiny PNG whose header claims ``width`` x ``height`` grey pixels (a decompression bomb)."""
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(b"\0" * 64)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body)) for kind, body in chunks
    )


def animation(grey: Grey, file_format: Literal["GIF", "PNG", "WEBP"] = "GIF") -> bytes:
    """Write an animation of two frames: the film and its negative."""
    out = BytesIO()
    as_image(grey).save(out, format=file_format, save_all=True, append_images=[as_image(1 - grey)], duration=100)
    return out.getvalue()


def _dicom_header(sop_class: str) -> Dataset:
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.SOPClassUID = sop_class
    dataset.SOPInstanceUID = generate_uid()
    dataset.StudyInstanceUID = generate_uid()
    dataset.SeriesInstanceUID = generate_uid()
    dataset.PatientName = "Synthetic^Film"
    dataset.PatientID = "SYNTHETIC"
    return dataset


def _dicom_bytes(dataset: Dataset) -> bytes:
    out = BytesIO()
    dcmwrite(out, dataset, enforce_file_format=True)
    return out.getvalue()
