"""Models that were trained, by version, and which of them is read with: in a bucket, or in a folder laid out alike."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

from fracturelens import errors
from fracturelens.registry.pointer import Comparison, Pointer, Promotion
from fracturelens.registry.registry import Registry

if TYPE_CHECKING:
    from fracturelens.aws import Client

__all__ = ["Comparison", "Pointer", "Promotion", "Registry", "open_registry"]

_URL: Final = re.compile(r"s3://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])/?", re.ASCII)


def open_registry(place: Path | str, *, client: Client | None = None) -> Registry:
    """Open the registry at a place, a folder or ``s3://BUCKET``; nothing is asked of it yet.

    Raises
    ------
    InvalidSetting
        If what S3 needs is not installed, or the address is of another kind.
    """
    if isinstance(place, str) and "://" in place:
        from fracturelens.registry.bucket import BucketPlace

        if not (found := _URL.fullmatch(place)):
            raise errors.InvalidSetting("A registry is a folder, or s3://BUCKET.")
        return Registry(BucketPlace(found[1], client))
    from fracturelens.registry.folder import FolderPlace

    return Registry(FolderPlace(Path(place).expanduser()))
