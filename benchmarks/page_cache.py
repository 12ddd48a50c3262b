"""Empties the page cache, so that the next program has to read its files from the disk."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

DROP = Path("/proc/sys/vm/drop_caches")


def drop(folders: Iterable[Path]) -> str | None:
    """Empty the page cache: all of it, or of the files in some folders, whichever is allowed; say which.

    Source: proc(5) for ``drop_caches``, posix_fadvise(2). Advice leaves alone what another program has mapped.
    """
    if not hasattr(os, "posix_fadvise"):
        return None
    os.sync()  # only what is on the disk can leave the memory
    try:
        DROP.write_text("3\n")
    except OSError:
        for folder in folders:
            _forget(folder)
        return "advised, file by file"
    return "dropped"


def _forget(folder: Path) -> None:
    for path in folder.rglob("*"):
        if path.is_file():
            descriptor = os.open(path, os.O_RDONLY)
            try:
                os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
            finally:
                os.close(descriptor)
