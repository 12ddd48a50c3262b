"""A folder that keeps films and results for a day, for its owner only."""

from __future__ import annotations

import contextlib
import os
import tempfile
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import BinaryIO, Final, Self
from uuid import uuid4

from fracturelens import errors
from fracturelens.assessment import Assessment
from fracturelens.store import archive
from fracturelens.store.base import (
    DEFAULT_RETENTION,
    UPLOAD_LIFETIME,
    UPLOAD_TYPE,
    ClassMaps,
    Kept,
    Upload,
    gone,
    is_id,
    too_large,
)

DEFAULT_CAPACITY: Final = 4096 * 1024 * 1024
"""Most that a folder may hold, bytes; beyond it the oldest go first."""
SWEEP_INTERVAL: Final = timedelta(minutes=5)
"""Writing looks for expired entries at most this often."""
PAGE_BYTES: Final = 4096
"""Every file counts as at least this much, as it does on a disk."""
SHARE_LEFT: Final = 0.9
"""A full folder is emptied to this share of its capacity, so that not every reading has to make room."""


class LocalStore:
    """Films and results in a folder, all of one owner; see ``Store`` for what each method promises.

    Parameters
    ----------
    folder
        Made if missing, with mode 0700.
    retention
        Age from which on a reading is gone: not given out any more, and deleted by the next sweep.
    capacity
        Most that the folder may hold, bytes; beyond it the oldest entries go first.

    Raises
    ------
    StoreError
        If the folder cannot be written.
    """

    def __init__(
        self, folder: Path, *, retention: timedelta = DEFAULT_RETENTION, capacity: int = DEFAULT_CAPACITY
    ) -> None:
        self._folder = folder
        self._readings = folder / "readings"
        self._uploads = folder / "uploads"
        self._retention = retention
        self._capacity = capacity
        self._lock = threading.Lock()
        self._held = 0
        self._swept = 0.0
        self.check()
        self.expire()

    def check(self) -> None:
        """Make the folder if it is missing, and write a file to it.

        Raises
        ------
        StoreError
        """
        with self._failing_clearly():
            for folder in (self._folder, self._readings, self._uploads):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            for folder in (self._readings, self._uploads):
                with tempfile.TemporaryFile(dir=folder) as probe:
                    probe.write(b"probe")

    def of(self, caller: str) -> Self:
        return self

    def put(self, assessment: Assessment, class_maps: ClassMaps, film: bytes) -> None:
        with self._failing_clearly(), _whole(self._place(self._readings, assessment.id)) as out:
            archive.pack(out, assessment, class_maps, film)
        self._sweep_if_due(len(film) + class_maps.nbytes + PAGE_BYTES)

    def get(self, assessment_id: str) -> Assessment:
        with self._opened(assessment_id) as file:
            return archive.unpack_assessment(file)

    def kept(self, assessment_id: str) -> Kept:
        with self._opened(assessment_id) as file:
            return archive.unpack(file)

    def new_upload(self, max_bytes: int, *, size: int | None = None, content_type: str = UPLOAD_TYPE) -> Upload:
        upload_id = uuid4().hex
        with self._failing_clearly():
            self._place(self._uploads, upload_id).touch(mode=0o600, exist_ok=False)
        self._sweep_if_due(PAGE_BYTES)
        return Upload(
            upload_id=upload_id,
            method="PUT",
            url=f"/v1/uploads/{upload_id}",
            headers={"Content-Type": content_type},
            fields={},
            expires_at=datetime.now(UTC) + UPLOAD_LIFETIME,
            max_bytes=max_bytes,
        )

    def write_upload(self, upload_id: str, film: bytes) -> None:
        place = self._fresh(self._uploads, upload_id, UPLOAD_LIFETIME)
        with self._failing_clearly(), _whole(place) as out:
            out.write(film)
        self._sweep_if_due(len(film))

    def read_upload(self, upload_id: str, max_bytes: int) -> bytes:
        place = self._fresh(self._uploads, upload_id, UPLOAD_LIFETIME)
        with self._failing_clearly():
            if place.stat().st_size > max_bytes:
                raise too_large(max_bytes)
            return place.read_bytes()

    def drop_upload(self, upload_id: str) -> None:
        with self._failing_clearly():
            self._place(self._uploads, upload_id).unlink(missing_ok=True)

    def expire(self) -> int:
        """Delete what has expired, what a crash left half-written, and the oldest beyond the capacity."""
        now = time.time()
        deleted, held = 0, 0
        kept: list[tuple[float, int, Path]] = []
        with self._failing_clearly():
            for folder, lifetime in ((self._readings, self._retention), (self._uploads, UPLOAD_LIFETIME)):
                for path, entry in _files(folder):
                    # A file whose name is no id is being written, or was when the power went.
                    limit = lifetime if is_id(path.name) else min(lifetime, UPLOAD_LIFETIME)
                    if now - entry.st_mtime >= limit.total_seconds():
                        path.unlink(missing_ok=True)
                        deleted += 1
                    else:
                        size = max(entry.st_size, PAGE_BYTES)
                        kept.append((entry.st_mtime, size, path))
                        held += size
            aim = held if held <= self._capacity else SHARE_LEFT * self._capacity
            for _, size, path in sorted(kept):
                if held <= aim:
                    break
                path.unlink(missing_ok=True)
                held -= size
                deleted += 1
        with self._lock:
            self._held, self._swept = held, now
        return deleted

    def _sweep_if_due(self, added: int) -> None:
        with self._lock:
            self._held += added
            due = self._held > self._capacity or time.time() - self._swept >= SWEEP_INTERVAL.total_seconds()
            if due:
                # The sweep that starts now counts anew; other threads need not start one too.
                self._held, self._swept = 0, time.time()
        if due:
            self.expire()

    def _place(self, folder: Path, entry_id: str) -> Path:
        if not is_id(entry_id):
            raise gone()
        return folder / entry_id

    def _fresh(self, folder: Path, entry_id: str, lifetime: timedelta) -> Path:
        place = self._place(folder, entry_id)
        with self._failing_clearly():
            age = time.time() - place.stat().st_mtime
        if age >= lifetime.total_seconds():
            raise gone()
        return place

    @contextlib.contextmanager
    def _opened(self, assessment_id: str) -> Iterator[BinaryIO]:
        place = self._fresh(self._readings, assessment_id, self._retention)
        with self._failing_clearly(), place.open("rb") as file:
            yield file

    @contextlib.contextmanager
    def _failing_clearly(self) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError as error:
            # Either the entry is gone, or the whole folder was taken away: two different things to a user.
            if self._readings.is_dir() and self._uploads.is_dir():
                raise gone() from error
            raise _unusable(error) from error
        except OSError as error:
            raise _unusable(error) from error


def _unusable(error: OSError) -> errors.StoreError:
    return errors.StoreError(
        f"The data folder cannot be used ({error.strerror or type(error).__name__}). See that it exists, is writable "
        "and has room, name another (--data or FRACTURELENS_STORE), or keep nothing (FRACTURELENS_RETENTION_HOURS=0)."
    )


@contextlib.contextmanager
def _whole(place: Path) -> Iterator[BinaryIO]:
    """Write a file beside its place and rename it into place, or leave nothing."""
    descriptor, name = tempfile.mkstemp(prefix=".", dir=place.parent)
    beside = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as out:
            yield out
        beside.replace(place)
    except BaseException:
        with contextlib.suppress(OSError):
            beside.unlink()
        raise


def _files(folder: Path) -> Iterator[tuple[Path, os.stat_result]]:
    with os.scandir(folder) as entries:
        for entry in entries:
            # Another thread or process may delete it in between.
            with contextlib.suppress(FileNotFoundError):
                if entry.is_file(follow_symlinks=False):
                    yield Path(entry.path), entry.stat(follow_symlinks=False)
