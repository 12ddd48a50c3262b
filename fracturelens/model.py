"""Which model a name stands for: the shipped bundle, one in a folder, or what a registry has promoted."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from fracturelens import errors
from fracturelens.bundle import Bundle, open_bundle

if TYPE_CHECKING:
    from fracturelens.registry import Registry

_URL: Final = re.compile(r"(s3://[^/]+)(?:/versions/([^/]+))?/?")


def open_model(name: str | None = None) -> Bundle:
    """Read the model that a name stands for.

    Parameters
    ----------
    name
        A folder; ``s3://BUCKET``, which is the version that this registry has promoted; or
        ``s3://BUCKET/versions/VERSION``. ``None``: the shipped bundle.

    Raises
    ------
    BundleError, BundleNotFound, BundleDamaged, BundleTooNew, RegistryUnavailable, UnknownVersion
    InvalidSetting
        If what S3 needs is not installed.
    """
    source = source_of(name)
    return source.read() if source else open_bundle(name)


def source_of(name: str | None) -> Source | None:
    """Return where in a registry a model comes from, or ``None`` for the name of a folder, which does not change.

    Raises
    ------
    BundleError
        It is an address, and not one of a registry.
    InvalidSetting
        If what S3 needs is not installed.
    """
    if name is None or not name.startswith("s3://"):
        return None
    from fracturelens.registry import open_registry  # not before somebody has one

    if not (found := _URL.fullmatch(name)):
        raise errors.BundleError("A model in a registry is s3://BUCKET or s3://BUCKET/versions/VERSION.")
    return Source(open_registry(found[1]), found[2])


class Source:
    """A version of a registry, or (``None``) whatever it has promoted; each method raises what ``open_model`` does."""

    def __init__(self, registry: Registry, version: str | None) -> None:
        self._registry = registry
        self._version = version

    def read(self) -> Bundle:
        """Read it."""
        return self._registry.read(self._version) if self._version else self._registry.read_promoted()

    def read_unless(self, digest: str) -> Bundle | None:
        """Read it, unless its graph has this SHA-256."""
        if self._version:
            same = self._registry.manifest(self._version).graph.sha256 == digest
        else:
            pointer = self._registry.promoted()
            same = pointer is not None and pointer.digest == digest
        return None if same else self.read()
