"""One reading as one file: a ZIP archive (stored, not compressed) of the assessment, the class maps and the film.

One file can appear whole or not at all, and the archive's checksums tell a torn one (power cut) from a good one.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO, Final

import numpy as np

from fracturelens.assessment import Assessment
from fracturelens.store.base import ClassMaps, Kept, gone

_ASSESSMENT: Final = "assessment.json"
_CLASS_MAPS: Final = "class_maps.npy"
_FILM: Final = "film"
_DAMAGED: Final = (zipfile.BadZipFile, EOFError, KeyError, NotImplementedError, ValueError)
"""What reading a torn or foreign file raises."""


def pack(out: BinaryIO, assessment: Assessment, class_maps: ClassMaps, film: bytes) -> None:
    """Write one reading."""
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        _write(archive, _ASSESSMENT, assessment.model_dump_json().encode())
        maps = io.BytesIO()
        np.save(maps, class_maps, allow_pickle=False)
        _write(archive, _CLASS_MAPS, maps.getvalue())
        _write(archive, _FILM, film)


def unpack_assessment(file: BinaryIO) -> Assessment:
    """Read a reading's assessment, its checksum verified.

    Raises
    ------
    OSError
        If the file cannot be read.
    NotFound
        If it is torn, or no reading at all: what it was is gone.
    """
    with _opened(file) as archive:
        return _assessment(archive)


def unpack(file: BinaryIO) -> Kept:
    """Read a whole reading, every checksum verified.

    Raises
    ------
    OSError, NotFound
        As ``unpack_assessment``.
    """
    with _opened(file) as archive:
        maps: ClassMaps = np.load(io.BytesIO(archive.read(_CLASS_MAPS)), allow_pickle=False)
        return Kept(_assessment(archive), maps, archive.read(_FILM))


@contextmanager
def _opened(file: BinaryIO) -> Iterator[zipfile.ZipFile]:
    try:
        with zipfile.ZipFile(file) as archive:
            yield archive
    except _DAMAGED as error:
        raise gone() from error


def _assessment(archive: zipfile.ZipFile) -> Assessment:
    return Assessment.model_validate_json(archive.read(_ASSESSMENT))


def _write(archive: zipfile.ZipFile, member: str, data: bytes) -> None:
    archive.writestr(zipfile.ZipInfo(member), data)
