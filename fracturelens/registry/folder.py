"""A registry in a folder: for a laptop, for tests, and for what a training job writes before anything is sent."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from fracturelens import errors
from fracturelens.registry.place import Changed, Held, too_large

LOCK_FILE: Final = ".lock"
"""Held (``flock``) while a file is compared and replaced; it stays, and a process that ends lets go of it."""


class FolderPlace:
    """Files below a folder, which is made when something is first written."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @property
    def url(self) -> str:
        return str(self._folder)

    def keys(self, prefix: str) -> Iterator[str]:
        with self._failing_clearly():
            found = sorted(path for path in (self._folder / prefix).rglob("*") if path.is_file())
        yield from (path.relative_to(self._folder).as_posix() for path in found)

    def read(self, key: str, max_bytes: int) -> Held | None:
        with self._failing_clearly():
            try:
                with (self._folder / key).open("rb") as file:
                    size = os.fstat(file.fileno()).st_size
                    if size > max_bytes:
                        raise too_large(key, size, max_bytes)
                    content = file.read(max_bytes)
            except (FileNotFoundError, NotADirectoryError):
                return None
        return Held(content, _tag(content))

    def write(self, key: str, content: bytes, *, replacing: str | None) -> None:
        path = self._folder / key
        with self._failing_clearly():
            path.parent.mkdir(parents=True, exist_ok=True)
            with self._locked(), _beside(path, content) as new:
                try:
                    there = _tag(path.read_bytes())
                except FileNotFoundError:
                    there = None
                if there != replacing:
                    raise Changed
                new.replace(path)

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        with (self._folder / LOCK_FILE).open("ab") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    @contextlib.contextmanager
    def _failing_clearly(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise errors.RegistryUnavailable(
                f"The registry's folder cannot be used ({error.strerror or type(error).__name__}). See that it exists, "
                "is writable and has room."
            ) from error


def _tag(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@contextlib.contextmanager
def _beside(path: Path, content: bytes) -> Iterator[Path]:
    """Give a file with this content in the same folder, safely on the disk; it is gone afterwards, or renamed."""
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".", delete=False) as file:
        new = Path(file.name)
        try:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
            new.chmod(0o644)
            yield new
        finally:
            new.unlink(missing_ok=True)
