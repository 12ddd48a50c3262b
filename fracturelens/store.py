"""Films and results while they are retained: one protocol, and its implementation in a local folder.

One reading is one file: a ZIP archive (stored, not compressed) of the assessment, the class maps and the film as sent.
It is written beside its place and renamed into it, so it appears whole or not at all, and the archive's checksums tell
a torn one (power cut) from a good one; a torn one counts as expired.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import tempfile
import threading
import time
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import BinaryIO, Final, Literal, Protocol
from uuid import uuid4

import numpy as np
import numpy.typing as npt
from pydantic import AwareDatetime, BaseModel, ConfigDict

from fracturelens import errors
from fracturelens.assessment import Assessment

DEFAULT_RETENTION: Final = timedelta(days=1)
DEFAULT_CAPACITY: Final = 4096 * 1024 * 1024
"""Most that a folder may hold, bytes; beyond it the oldest go first."""
UPLOAD_LIFETIME: Final = timedelta(hours=1)
"""How long an upload waits for its reading."""
SWEEP_INTERVAL: Final = timedelta(minutes=5)
"""Writing looks for expired entries at most this often."""
PAGE_BYTES: Final = 4096
"""Every file counts as at least this much, as it does on a disk."""

_ID = re.compile(r"[0-9a-f]{32}")
_DAMAGED = (zipfile.BadZipFile, KeyError, ValueError, EOFError)

ClassMaps = npt.NDArray[np.float32]


class Upload(BaseModel):
    """Where to send a film that is to be read later, and until when."""

    model_config = ConfigDict(frozen=True)

    upload_id: str
    method: Literal["PUT"]
    url: str
    headers: dict[str, str]
    expires_at: AwareDatetime
    max_bytes: int


class Incoming(Protocol):
    """An upload under way: written piece by piece, visible only once it is kept."""

    def write(self, chunk: bytes) -> None: ...

    def keep(self) -> None: ...

    def discard(self) -> None: ...


class Store(Protocol):
    """What the HTTP API asks of a place that keeps films and results for a while.

    Ids are 32 lower-case hexadecimal digits; every other id, and one that has expired, raises ``NotFound``.
    Whatever keeps the place from working raises ``StoreError``. Safe to call from many threads.
    """

    def put(self, assessment: Assessment, class_maps: ClassMaps, film: bytes) -> None: ...

    def get(self, assessment_id: str) -> Assessment: ...

    def class_maps(self, assessment_id: str) -> ClassMaps: ...

    def film(self, assessment_id: str) -> bytes: ...

    def new_upload(self, max_bytes: int) -> Upload: ...

    def receive_upload(self, upload_id: str) -> Incoming: ...

    def read_upload(self, upload_id: str) -> bytes: ...

    def drop_upload(self, upload_id: str) -> None: ...

    def expire(self) -> int: ...


class LocalStore:
    """Films and results in a folder that only its owner may read.

    Parameters
    ----------
    folder
        Made if missing, with mode 0700.
    retention
        Age from which on a reading is gone: not given out any more, and deleted by the next sweep.
    capacity
        Most that the folder may hold, bytes; beyond it the oldest readings go first.

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
        """Make the folder if it is missing and write, read and delete a file in it.

        Raises
        ------
        StoreError
        """
        with self._failing_clearly():
            for folder in (self._folder, self._readings, self._uploads):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=self._readings) as probe:
                probe.write(b"probe")

    def put(self, assessment: Assessment, class_maps: ClassMaps, film: bytes) -> None:
        """Keep one reading: its assessment, its class maps of shape (h, w, 3), and the film as sent."""
        with self._failing_clearly(), _whole(self._readings / _checked(assessment.id)) as out:
            _pack(out, assessment, class_maps, film)
        self._sweep_if_due(len(film) + class_maps.nbytes + PAGE_BYTES)

    def get(self, assessment_id: str) -> Assessment:
        """Return a reading's assessment, without the film being touched."""
        with self._member(assessment_id, "assessment.json") as data:
            return Assessment.model_validate_json(data)

    def class_maps(self, assessment_id: str) -> ClassMaps:
        """Return a reading's class maps, float32 of shape (h, w, 3)."""
        with self._member(assessment_id, "class_maps.npy") as data:
            maps: ClassMaps = np.load(io.BytesIO(data), allow_pickle=False)
            return maps

    def film(self, assessment_id: str) -> bytes:
        """Return a reading's film, byte for byte as it was sent."""
        with self._member(assessment_id, "film") as data:
            return data

    def new_upload(self, max_bytes: int) -> Upload:
        """Open a place that a film of at most ``max_bytes`` may be PUT to within the hour."""
        upload_id = uuid4().hex
        with self._failing_clearly():
            (self._uploads / upload_id).touch(mode=0o600, exist_ok=False)
        self._sweep_if_due(PAGE_BYTES)
        return Upload(
            upload_id=upload_id,
            method="PUT",
            url=f"/v1/uploads/{upload_id}",
            headers={"Content-Type": "application/octet-stream"},
            expires_at=datetime.now(UTC) + UPLOAD_LIFETIME,
            max_bytes=max_bytes,
        )

    def receive_upload(self, upload_id: str) -> Incoming:
        """Start writing an upload; it replaces what was PUT before only when it is kept.

        The caller bounds what it writes, and ends with ``keep`` or ``discard``.
        """
        self._fresh(self._uploads / _checked(upload_id), UPLOAD_LIFETIME)
        return _LocalIncoming(self, self._uploads / upload_id)

    def read_upload(self, upload_id: str) -> bytes:
        """Return an upload's bytes; none if nothing was PUT yet."""
        path = self._uploads / _checked(upload_id)
        self._fresh(path, UPLOAD_LIFETIME)
        with self._failing_clearly():
            return path.read_bytes()

    def drop_upload(self, upload_id: str) -> None:
        """Delete an upload; one that is gone already is fine."""
        with self._failing_clearly():
            (self._uploads / _checked(upload_id)).unlink(missing_ok=True)

    def expire(self) -> int:
        """Delete what has expired, what a crash left behind, and the oldest beyond the capacity.

        Returns
        -------
        int
            Files deleted.
        """
        now = time.time()
        deleted = 0
        kept: list[tuple[float, int, Path]] = []
        with self._failing_clearly():
            for folder, lifetime in ((self._readings, self._retention), (self._uploads, UPLOAD_LIFETIME)):
                for path, entry in _files(folder):
                    # A file without an id for its name is one being written, or one that a crash left half-written.
                    own = lifetime if _ID.fullmatch(path.name) else UPLOAD_LIFETIME
                    if entry.st_mtime <= now - own.total_seconds():
                        path.unlink(missing_ok=True)
                        deleted += 1
                    else:
                        kept.append((entry.st_mtime, max(entry.st_size, PAGE_BYTES), path))
            held = sum(size for _, size, _ in kept)
            for _, size, path in sorted(kept):
                if held <= self._capacity:
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
                self._swept, self._held = time.time(), 0  # other threads need not sweep too
        if due:
            self.expire()

    @contextlib.contextmanager
    def _member(self, assessment_id: str, name: str) -> Iterator[bytes]:
        path = self._readings / _checked(assessment_id)
        self._fresh(path, self._retention)
        try:
            with self._failing_clearly(), zipfile.ZipFile(path) as archive:
                data = archive.read(name)
            yield data
        except _DAMAGED as error:
            raise _gone() from error

    def _fresh(self, path: Path, lifetime: timedelta) -> None:
        with self._failing_clearly():
            age = time.time() - path.stat().st_mtime
        if age >= lifetime.total_seconds():
            raise _gone()

    @contextlib.contextmanager
    def _failing_clearly(self) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError as error:
            # Either the entry is gone, or the whole folder was taken away: two different things to a user.
            if self._readings.is_dir() and self._uploads.is_dir():
                raise _gone() from error
            raise self._unusable(error) from error
        except OSError as error:
            raise self._unusable(error) from error

    def _unusable(self, error: OSError) -> errors.StoreError:
        return errors.StoreError(
            f"The data folder cannot be used ({error.strerror or type(error).__name__}). Check that it exists, is "
            "writable and has room, name another with --data or FRACTURELENS_DATA, or keep nothing with "
            "FRACTURELENS_RETENTION_HOURS=0."
        )


class NoStore:
    """Keeps nothing: what retention 0 asks for. Needs no folder."""

    def put(self, assessment: Assessment, class_maps: ClassMaps, film: bytes) -> None:
        """Forget the reading."""

    def get(self, assessment_id: str) -> Assessment:
        raise _gone()

    def class_maps(self, assessment_id: str) -> ClassMaps:
        raise _gone()

    def film(self, assessment_id: str) -> bytes:
        raise _gone()

    def new_upload(self, max_bytes: int) -> Upload:
        raise errors.NotFound(
            "This server keeps nothing (FRACTURELENS_RETENTION_HOURS=0), so it takes no uploads; "
            "send the film to POST /v1/assessments."
        )

    def receive_upload(self, upload_id: str) -> Incoming:
        raise _gone()

    def read_upload(self, upload_id: str) -> bytes:
        raise _gone()

    def drop_upload(self, upload_id: str) -> None:
        """There is nothing to delete."""

    def expire(self) -> int:
        """There is nothing to delete."""
        return 0


def open_store(folder: Path, *, retention: timedelta, capacity: int = DEFAULT_CAPACITY) -> LocalStore | NoStore:
    """Open the store that a retention asks for: a folder, or none at all for zero.

    Raises
    ------
    StoreError
        If the folder cannot be written.
    """
    return LocalStore(folder, retention=retention, capacity=capacity) if retention else NoStore()


class _LocalIncoming:
    """An upload being written beside its place."""

    def __init__(self, store: LocalStore, place: Path) -> None:
        self._store = store
        self._place = place
        self._bytes = 0
        with store._failing_clearly():
            descriptor, name = tempfile.mkstemp(prefix=".", dir=place.parent)
        self._beside = Path(name)
        self._file = os.fdopen(descriptor, "wb")

    def write(self, chunk: bytes) -> None:
        with self._store._failing_clearly():
            self._file.write(chunk)
        self._bytes += len(chunk)

    def keep(self) -> None:
        with self._store._failing_clearly():
            self._file.close()
            self._beside.replace(self._place)
        self._store._sweep_if_due(self._bytes)

    def discard(self) -> None:
        with contextlib.suppress(OSError):
            self._file.close()
        with contextlib.suppress(OSError):
            self._beside.unlink(missing_ok=True)


def _pack(out: BinaryIO, assessment: Assessment, class_maps: ClassMaps, film: bytes) -> None:
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("assessment.json", assessment.model_dump_json())
        with archive.open("class_maps.npy", "w") as member:
            np.save(member, class_maps, allow_pickle=False)
        archive.writestr("film", film)


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
            beside.unlink(missing_ok=True)
        raise


def _files(folder: Path) -> Iterator[tuple[Path, os.stat_result]]:
    with os.scandir(folder) as entries:
        for entry in entries:
            # Another thread or process may delete it in between.
            with contextlib.suppress(FileNotFoundError):
                if entry.is_file(follow_symlinks=False):
                    yield Path(entry.path), entry.stat(follow_symlinks=False)


def _checked(entry_id: str) -> str:
    """Let nothing but an id become part of a path."""
    if not _ID.fullmatch(entry_id):
        raise _gone()
    return entry_id


def _gone() -> errors.NotFound:
    return errors.NotFound("There is nothing under this id, or it has expired.")
