"""One reading as one file: a ZIP archive (stored, not compressed) of the assessment, the class maps and the film.

One file can appear whole or not at all, and the archive's checksums tell a torn one (power cut) from a good one.
"""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import BinaryIO, Final, Literal

import numpy as np

from fracturelens.assessment import Assessment
from fracturelens.store.base import ClassMaps

Member = Literal["assessment.json", "class_maps.npy", "film"]

DAMAGED: Final = (zipfile.BadZipFile, EOFError, KeyError, NotImplementedError, ValueError)
"""What reading a torn or foreign file raises."""


def pack(out: BinaryIO, assessment: Assessment, class_maps: ClassMaps, film: bytes) -> None:
    """Write one reading."""
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        _write(archive, "assessment.json", assessment.model_dump_json().encode())
        maps = io.BytesIO()
        np.save(maps, class_maps, allow_pickle=False)
        _write(archive, "class_maps.npy", maps.getvalue())
        _write(archive, "film", film)


def unpack(path: Path, member: Member) -> bytes:
    """Read one part of a reading, its checksum verified.

    Raises
    ------
    OSError
        If the file cannot be read.
    BadZipFile, EOFError, KeyError, NotImplementedError, ValueError
        If it is torn, or no reading at all (see ``DAMAGED``).
    """
    with zipfile.ZipFile(path) as archive:
        return archive.read(member)


def parse_class_maps(data: bytes) -> ClassMaps:
    """Read class maps, float32 of shape (h, w, 3)."""
    maps: ClassMaps = np.load(io.BytesIO(data), allow_pickle=False)
    return maps


def _write(archive: zipfile.ZipFile, member: Member, data: bytes) -> None:
    archive.writestr(zipfile.ZipInfo(member), data)
