"""Films and results while they are retained: one protocol, a local folder behind it, or nothing at all."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from fracturelens.store.base import ClassMaps, Store, Upload
from fracturelens.store.local import DEFAULT_CAPACITY, DEFAULT_RETENTION, UPLOAD_LIFETIME, LocalStore
from fracturelens.store.nothing import NoStore

__all__ = [
    "DEFAULT_CAPACITY",
    "DEFAULT_RETENTION",
    "UPLOAD_LIFETIME",
    "ClassMaps",
    "LocalStore",
    "NoStore",
    "Store",
    "Upload",
    "open_store",
]


def open_store(
    folder: Path, *, retention: timedelta = DEFAULT_RETENTION, capacity: int = DEFAULT_CAPACITY
) -> LocalStore | NoStore:
    """Open the store that a retention asks for: a folder, or none at all for zero.

    Raises
    ------
    StoreError
        If the folder cannot be written.
    """
    return LocalStore(folder, retention=retention, capacity=capacity) if retention else NoStore()
