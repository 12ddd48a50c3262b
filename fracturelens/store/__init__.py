"""Films and results while they are retained: one protocol; behind it a local folder, a bucket, or nothing at all."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from fracturelens.store.base import (
    ANYONE,
    DEFAULT_RETENTION,
    UPLOAD_LIFETIME,
    UPLOAD_TYPE,
    ClassMaps,
    Kept,
    Store,
    Upload,
)
from fracturelens.store.local import DEFAULT_CAPACITY, LocalStore
from fracturelens.store.nothing import NoStore

__all__ = [
    "ANYONE",
    "DEFAULT_CAPACITY",
    "DEFAULT_RETENTION",
    "UPLOAD_LIFETIME",
    "UPLOAD_TYPE",
    "ClassMaps",
    "Kept",
    "LocalStore",
    "NoStore",
    "Store",
    "Upload",
    "open_store",
]


def open_store(
    place: Path | str, *, retention: timedelta = DEFAULT_RETENTION, capacity: int = DEFAULT_CAPACITY
) -> Store:
    """Open the store at a place, a folder or ``s3://BUCKET/PREFIX``; for a folder and a retention of zero, none at all.

    ``capacity`` bounds a folder only.

    Raises
    ------
    StoreError
        If the folder cannot be written.
    InvalidSetting
        If what S3 needs is not installed.
    """
    if isinstance(place, str):
        from fracturelens.store.s3 import S3Store

        return S3Store.at(place, retention=retention)
    return LocalStore(place, retention=retention, capacity=capacity) if retention else NoStore()
