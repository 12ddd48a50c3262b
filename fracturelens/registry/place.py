"""Where a registry lies: four operations, which a bucket and a folder have alike."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from fracturelens import errors


class Changed(Exception):
    """Somebody else wrote the object since it was looked at."""


@dataclass(frozen=True, slots=True)
class Held:
    """What an object held when it was read; ``tag`` is another once anybody has written to it."""

    content: bytes
    tag: str


class Place(Protocol):
    """Objects by their key (``versions/0.2.0/manifest.json``), each written whole or not at all."""

    @property
    def url(self) -> str:
        """Return how the place is named."""

    def keys(self, prefix: str) -> Iterator[str]:
        """Yield the keys that begin like this.

        Raises
        ------
        RegistryUnavailable
        """

    def read(self, key: str, max_bytes: int) -> Held | None:
        """Return an object, or ``None`` if there is none; what is larger is not read.

        Raises
        ------
        BundleDamaged
            It is larger.
        RegistryUnavailable
        """

    def write(self, key: str, content: bytes, *, replacing: str | None) -> None:
        """Write an object in the place of the one with this tag, or (``None``) only if there is none.

        Raises
        ------
        Changed
            There is another one; nothing was written.
        RegistryUnavailable
        """


def too_large(key: str, size: int, max_bytes: int) -> errors.BundleDamaged:
    """Return the error for an object that is not read."""
    return errors.BundleDamaged(f"{key} of the registry has {size:,} bytes; at most {max_bytes:,} are read.")
