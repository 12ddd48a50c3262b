"""Finding films in files and folders, and reading one without trusting what its name points at."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterable, Iterator
from pathlib import PurePath
from typing import BinaryIO, NamedTuple

from fracturelens import errors

STDIN = "-"
SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".tif", ".tiff", ".webp", ".dcm", ".dicom"})
OVERLAY_SUFFIX = ".overlay.png"
"""What our own overlays end with: a folder that holds them is searched for films without reading them again."""
_NOT_A_FILM = frozenset({"DICOMDIR"})  # an index in DICOM's own format (PS3.10)


class Found(NamedTuple):
    """A film to read by the name given, or why the name stands for none."""

    name: str
    error: errors.FracturelensError | None = None


def find(names: Iterable[str]) -> list[Found]:
    """List the films that the names stand for: files as given, folders searched below in the order of their names.

    Nothing is opened but files without a known suffix inside a folder, whose first bytes tell whether they are DICOM.
    A name that holds no film is listed with its error, so that nothing asked for goes missing silently.
    """
    found: list[Found] = []
    for name in names:
        if name != STDIN and os.path.isdir(name):  # noqa: PTH112 - a Path would turn "./-" into "-"
            found += list(_films_below(name)) or [Found(name, _no_films())]
        else:
            found.append(Found(name))
    return found


def read(name: str, limit: int) -> bytes:
    """Read one film's bytes, at most ``limit``.

    Only regular files are opened for good: a pipe would block, a device like ``/dev/zero`` never ends.

    Raises
    ------
    FileUnreadable
        No such file, no permission, not a regular file, an input error.
    FileTooLarge
    """
    try:
        if name == STDIN:
            return _read_bounded(sys.stdin.buffer, limit)
        with open(name, "rb", opener=_without_waiting) as stream:
            status = os.fstat(stream.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise errors.FileUnreadable("This is not a regular file. To pipe a film in, name it '-'.")
            if status.st_size > limit:
                raise _too_large(f"{status.st_size:,}", limit)
            return _read_bounded(stream, limit)
    except OSError as error:
        raise errors.FileUnreadable(f"The file cannot be read: {error.strerror or type(error).__name__}.") from error


def _without_waiting(name: str, flags: int) -> int:
    """Open a file; a pipe that nobody writes to would block, and a terminal become ours."""
    return os.open(name, flags | os.O_NONBLOCK | os.O_NOCTTY)


def _read_bounded(stream: BinaryIO, limit: int) -> bytes:
    data = stream.read(limit + 1)
    if len(data) > limit:
        raise _too_large(f"more than {limit:,}", limit)
    return data


def _too_large(size: str, limit: int) -> errors.FileTooLarge:
    return errors.FileTooLarge(f"The file has {size} bytes; at most {limit:,} are read.")


def _films_below(folder: str) -> Iterator[Found]:
    unreadable: list[Found] = []

    def refuse(error: OSError) -> None:
        reason = errors.FileUnreadable(f"The folder cannot be searched: {error.strerror}.")
        unreadable.append(Found(os.fspath(error.filename), reason))

    for here, folders, files in os.walk(folder, onerror=refuse):  # symbolic links to folders are not followed
        # In place: os.walk goes where this list says. Hidden ones hold thumbnails and macOS's "._" companions.
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            path = os.path.join(here, name)  # noqa: PTH118 - a name stays as it was given
            if not name.startswith(".") and _is_film(path, name):
                yield Found(path)
    yield from unreadable


def _is_film(path: str, name: str) -> bool:
    if name.lower().endswith(OVERLAY_SUFFIX) or name in _NOT_A_FILM:
        return False
    suffix = PurePath(name).suffix.lower()
    if suffix in SUFFIXES:
        return True
    # Archives export DICOM without a suffix ("IM0001"), or named by UID ("1.2.840.113564.7").
    return not suffix.lstrip(".").strip("0123456789") and _says_dicom(path)


def _says_dicom(path: str) -> bool:
    """Tell whether a regular file has DICOM's mark after its preamble (PS3.10, 7.1)."""
    try:
        with open(path, "rb", opener=_without_waiting) as stream:
            return stat.S_ISREG(os.fstat(stream.fileno()).st_mode) and stream.read(132)[128:] == b"DICM"
    except OSError:
        return False


def _no_films() -> errors.NoFilms:
    return errors.NoFilms(
        f"The folder holds no films, searched by name ({' '.join(sorted(SUFFIXES))}) and, where a name has no "
        "suffix, for DICOM. Name the files themselves to read them all the same."
    )
