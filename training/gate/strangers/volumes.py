"""CT and MR volumes: their slices, and the radiographs that would be made of a CT."""

from __future__ import annotations

import gzip
import plistlib
import struct
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.ndimage import rotate, zoom

from fracturelens.radiograph import Radiograph

Values = npt.NDArray[np.float32]

_NIFTI_TYPES = {2: "u1", 4: "i2", 8: "i4", 16: "f4", 64: "f8", 256: "i1", 512: "u2", 768: "u4"}
"""NIfTI-1 data type codes (nifti1.h)."""
WATER = 0.02
"""Attenuation of water at the energies of a radiograph, per millimetre."""


@dataclass(frozen=True, slots=True)
class Volume:
    """Values, shape (z, y, x): z from feet to head or back, y from front to back; spacing in millimetres likewise."""

    values: Values
    spacing: tuple[float, float, float]


def read_nifti(path: Path) -> Volume:
    """Read a NIfTI-1 file, plain or gzipped; only the first of several volumes.

    Raises
    ------
    ValueError
        It is no little-endian NIfTI-1 file of numbers.
    """
    data = path.read_bytes()
    if data[:2] == b"\x1f\x8b":
        data = gzip.decompress(data)
    if len(data) < 348 or data[344:347] not in {b"n+1", b"ni1"} or struct.unpack_from("<i", data)[0] != 348:
        raise ValueError(f"{path.name} is not a little-endian NIfTI-1 file")
    x, y, z = struct.unpack_from("<3h", data, 42)
    kind = struct.unpack_from("<h", data, 70)[0]
    if kind not in _NIFTI_TYPES:
        raise ValueError(f"{path.name} has data of type {kind}, which is not read")
    dx, dy, dz = struct.unpack_from("<3f", data, 80)
    start, slope, shift = struct.unpack_from("<3f", data, 108)
    stored = np.frombuffer(data, "<" + _NIFTI_TYPES[kind], x * y * z, int(start)).reshape(z, y, x)
    values = stored.astype(np.float32) * (slope or 1.0) + shift
    return Volume(values[:, ::-1], (abs(dz), abs(dy), abs(dx)))  # stored from back to front


def read_invesalius(path: Path) -> Volume:
    """Read an InVesalius project (a gzipped tar with a raw matrix and its description)."""
    with tarfile.open(path) as archive:
        parts = {Path(member.name).name: member for member in archive.getmembers()}

        def content(name: str) -> bytes:
            opened = archive.extractfile(parts[name])
            if opened is None:
                raise ValueError(f"{path.name} holds no {name}")
            return opened.read()

        about = plistlib.loads(content("main.plist"))
        matrix = about["matrix"]
        values = np.frombuffer(content(matrix["filename"]), matrix["dtype"]).reshape(matrix["shape"])
    dx, dy, dz = about["spacing"]
    return Volume(values.astype(np.float32), (dz, dy, dx))


def slices(volume: Volume, each: int, window: tuple[float, float] | None) -> Iterator[Radiograph]:
    """Yield evenly spaced slices in the three directions, ``each`` of each, between 20 and 80 % of the way.

    ``window`` is (centre, width) in the volume's values; without one, the 1st and 99.5th percentiles are black and
    white.
    """
    low, high = (
        (window[0] - window[1] / 2, window[0] + window[1] / 2) if window else np.percentile(volume.values, (1, 99.5))
    )
    for axis in range(3):
        for place in np.linspace(0.2, 0.8, each):
            plane = volume.values.take(round(place * (volume.values.shape[axis] - 1)), axis)
            rows, columns = (step for number, step in enumerate(volume.spacing) if number != axis)
            yield _film((plane - low) / (high - low), rows, columns, upside_down=axis > 0)


def simulated_films(volume: Volume, angles: list[float]) -> Iterator[Radiograph]:
    """Yield the radiographs that parallel rays would make of a CT, turned about the body's long axis (degrees).

    Attenuation is proportional to ``1 + HU / 1000``; a film shows its integral along the ray (0 degrees: from front
    to back), dense white.
    """
    density = np.clip(1 + volume.values / 1000, 0, 3)
    coarse = zoom(density, [step / 2.0 for step in volume.spacing], order=1)  # 2 mm cubes
    for angle in angles:
        turned = rotate(coarse, angle, axes=(1, 2), reshape=False, order=1)
        integral = turned.sum(axis=1) * 2.0 * WATER
        low, high = np.percentile(integral, (1, 99.5))
        yield _film((integral - low) / (high - low), 1, 1, upside_down=True)


def _film(plane: Values, rows: float, columns: float, *, upside_down: bool) -> Radiograph:
    """Bring a plane to square pixels, at least 300 on its longest side."""
    if upside_down:
        plane = plane[::-1]
    extent = max(plane.shape[0] * rows, plane.shape[1] * columns)
    scale = max(300 / extent, 1 / min(rows, columns))
    pixels = zoom(plane.astype(np.float32), (rows * scale, columns * scale), order=1).clip(0, 1)
    height, width = pixels.shape
    return Radiograph(pixels.astype(np.float32), width, height, "png")
