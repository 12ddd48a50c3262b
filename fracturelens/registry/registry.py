"""The registry: versions that are never changed, and one pointer that says which of them is read with.

``versions/<version>/`` holds ``manifest.json``, ``model.tflite``, ``MODEL_CARD.md`` and ``results/*``. The manifest is
written last, so what has none is no version (yet). ``promoted.json`` is replaced only if it is still what was looked
at, so of two who promote at once neither undoes the other unseen.
"""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from fracturelens import errors
from fracturelens.bundle import (
    MANIFEST_FILE,
    MAX_MANIFEST_BYTES,
    MODEL_CARD_FILE,
    Bundle,
    Manifest,
    load,
    parse,
    verified,
)
from fracturelens.registry.place import Changed, Place
from fracturelens.registry.pointer import (
    GOOD_ENOUGH,
    MAX_POINTER_BYTES,
    MAX_REASON,
    POINTER_KEY,
    VERSION_PATTERN,
    Comparison,
    Pointer,
    Promotion,
    now,
)

RESULTS: Final = "results"
MAX_FILE_BYTES: Final = 64 * 1024 * 1024
"""Largest model card or file of results."""
MAX_RESULTS: Final = 64
"""Most files of results that a version may have."""
ATTEMPTS: Final = 10
"""How often a promotion that others got before is tried again."""
PAUSE_SECONDS: Final = 0.1

_VERSION: Final = re.compile(VERSION_PATTERN.replace("$", r"\Z"))


class Registry:
    """The versions at a place.

    Every method raises ``RegistryUnavailable`` if the place cannot be used, and ``UnknownVersion`` for a version that
    is none.

    Parameters
    ----------
    place
        A bucket or a folder; see ``open_registry``.
    """

    def __init__(self, place: Place) -> None:
        self._place = place

    @property
    def url(self) -> str:
        """Return how the registry is named."""
        return self._place.url

    def versions(self) -> list[str]:
        """Return the versions, in the order of their names."""
        keys = (key.split("/") for key in self._place.keys("versions/"))
        named = (parts[1] for parts in keys if len(parts) == 3 and parts[2] == MANIFEST_FILE)
        return sorted(name for name in named if _VERSION.match(name))

    def manifest(self, version: str) -> Manifest:
        """Return a version's manifest; its graph is not looked at.

        Raises
        ------
        BundleDamaged, BundleTooNew
        """
        held = self._place.read(_key(version, MANIFEST_FILE), MAX_MANIFEST_BYTES)
        if held is None:
            raise errors.UnknownVersion(f"There is no version {version} in {self.url}; `registry list` names those.")
        return parse(held.content)

    def read(self, version: str) -> Bundle:
        """Return a version's bundle, once its size and digest are those that its manifest names.

        Raises
        ------
        BundleDamaged, BundleTooNew
        """
        manifest = self.manifest(version)
        graph = self._place.read(_key(version, manifest.graph.file), manifest.graph.bytes)
        if graph is None:
            raise errors.BundleDamaged(f"Version {version} of the registry has no {manifest.graph.file}.")
        return verified(manifest, graph.content, f"{self.url}/versions/{version}")

    def put(self, version: str, folder: Path | str) -> Bundle:
        """Add a bundle folder as a new version, and return what it holds.

        Nothing that is there is ever replaced. What a crash left unfinished is finished by putting the same folder
        again; putting a whole version again does nothing.

        Raises
        ------
        BundleNotFound, BundleDamaged, BundleTooNew
            The folder is no bundle.
        VersionExists
            The version is there, or begun, and is another.
        """
        folder = Path(folder)
        bundle = load(folder)
        manifest = (folder / MANIFEST_FILE).read_bytes()
        there = self._place.read(_key(version, MANIFEST_FILE), MAX_MANIFEST_BYTES)
        if there and there.content != manifest:
            raise _exists(version)
        self._add(_key(version, bundle.manifest.graph.file), bundle.graph, version)
        for name, content in _companions(folder):
            self._add(_key(version, name), content, version)
        self._add(_key(version, MANIFEST_FILE), manifest, version)
        return bundle

    def promoted(self) -> Pointer | None:
        """Return the version in use with its history, or ``None`` before the first promotion.

        Raises
        ------
        BundleDamaged
            The pointer is malformed.
        """
        return self._pointer()[0]

    def read_promoted(self) -> Bundle:
        """Return the bundle of the version in use; its digest is the one that was promoted.

        Raises
        ------
        BundleNotFound
            Nothing is promoted.
        BundleDamaged, BundleTooNew
        """
        return self._read_as_promoted(self._needed())

    def promote(self, version: str, *, comparison: Comparison | None = None, reason: str | None = None) -> Pointer:
        """Let a version be read with from now on.

        Parameters
        ----------
        comparison
            Of this version with the one in use; if it names models they must be these two.
        reason
            Why it is promoted although no comparison speaks for it; kept with it.

        Raises
        ------
        NotCompared
            Nothing speaks for it: neither a comparison that found it better or not worse, nor a reason.
        InvalidParameter
            The reason is too long.
        BundleDamaged, BundleTooNew
        """
        digest = self.read(version).manifest.graph.sha256
        reason = _said(reason)

        def following(earlier: Pointer | None) -> Promotion:
            if not reason:
                _demand(comparison, version, digest, earlier)
            return Promotion(version=version, digest=digest, promoted_at=now(), reason=reason, comparison=comparison)

        return self._replace(following)

    def rollback(self, *, reason: str | None = None) -> Pointer:
        """Let the version be read with that was promoted before the present one; again leads to the one before that.

        Raises
        ------
        BundleNotFound
            Nothing was promoted before.
        BundleDamaged, BundleTooNew
            The earlier version is not what it was any more.
        InvalidParameter
            The reason is too long.
        """
        reason = _said(reason)

        def following(earlier: Pointer | None) -> Promotion:
            before = earlier.before() if earlier else None
            if earlier is None or before is None:
                raise errors.BundleNotFound(f"No version was promoted in {self.url} before the present one.")
            self._read_as_promoted(before)
            return Promotion(
                version=before.version,
                digest=before.digest,
                promoted_at=now(),
                reason=reason,
                comparison=before.comparison,
                rolled_back_from=earlier.version,
            )

        return self._replace(following)

    def _needed(self) -> Pointer:
        pointer = self.promoted()
        if pointer is None:
            raise errors.BundleNotFound(f"No version is promoted in {self.url}: fracturelens registry promote.")
        return pointer

    def _read_as_promoted(self, promotion: Promotion) -> Bundle:
        bundle = self.read(promotion.version)
        if bundle.manifest.graph.sha256 != promotion.digest:
            raise errors.BundleDamaged(
                f"Version {promotion.version} of the registry is not the one that was promoted "
                f"(SHA-256 {promotion.digest[:12]}…; found {bundle.manifest.graph.sha256[:12]}…)."
            )
        return bundle

    def _pointer(self) -> tuple[Pointer | None, str | None]:
        held = self._place.read(POINTER_KEY, MAX_POINTER_BYTES)
        return (Pointer.read(held.content), held.tag) if held else (None, None)

    def _replace(self, following: Callable[[Pointer | None], Promotion]) -> Pointer:
        """Replace the pointer by what follows it; if others were faster, by what follows theirs."""
        tried: list[Promotion] = []
        for attempt in range(ATTEMPTS):
            earlier, tag = self._pointer()
            # An answer of S3 may get lost, and the request sent again then finds what it wrote itself.
            if earlier and any(turn in tried for turn in earlier.turns):
                return earlier
            tried.append(following(earlier))
            pointer = Pointer.after(earlier, tried[-1])
            try:
                self._place.write(POINTER_KEY, pointer.to_json(), replacing=tag)
            except Changed:
                time.sleep(PAUSE_SECONDS * (attempt + 1) * random.random())  # noqa: S311 - no secret
            else:
                return pointer
        raise errors.RegistryUnavailable(
            "Others promote versions at the same time, and were faster each time. See `registry show`, then try again."
        )

    def _add(self, key: str, content: bytes, version: str) -> None:
        for _ in range(2):
            try:
                self._place.write(key, content, replacing=None)
            except Changed:
                held = self._place.read(key, len(content))
                if held is None:  # somebody else writes it at this very moment
                    time.sleep(PAUSE_SECONDS)
                    continue
                if held.content != content:
                    raise _exists(version) from None
            return
        raise _exists(version)


def _key(version: str, name: str) -> str:
    if not _VERSION.match(version):
        raise errors.UnknownVersion(
            "A version is named by 1 to 63 lower-case letters, digits, dots and hyphens, the first a letter or digit."
        )
    return f"versions/{version}/{name}"


def _said(reason: str | None) -> str | None:
    reason = (reason or "").strip()
    if len(reason) > MAX_REASON:
        raise errors.InvalidParameter(f"A reason has at most {MAX_REASON} characters, not {len(reason)}.")
    return reason or None


def _exists(version: str) -> errors.VersionExists:
    return errors.VersionExists(
        f"Version {version} is in the registry already, or begun, and is not this one. Choose another version."
    )


def _companions(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Yield the model card and the results that lie beside a graph."""
    results = sorted(path for path in (folder / RESULTS).glob("*") if path.is_file())
    if len(results) > MAX_RESULTS:
        raise errors.BundleDamaged(f"A version has at most {MAX_RESULTS} files of results, not {len(results)}.")
    for path in (folder / MODEL_CARD_FILE, *results):
        if path.is_file():
            if path.stat().st_size > MAX_FILE_BYTES:
                raise errors.BundleDamaged(f"{path.name} has more than {MAX_FILE_BYTES:,} bytes.")
            yield path.relative_to(folder).as_posix(), path.read_bytes()


def _demand(comparison: Comparison | None, version: str, digest: str, earlier: Pointer | None) -> None:
    """Refuse a version that no comparison speaks for."""
    if comparison is None:
        raise errors.NotCompared(f"Nothing says yet that version {version} is not worse than the one in use.")
    if comparison.verdict not in GOOD_ENOUGH:
        raise errors.NotCompared(f"The comparison's verdict on version {version} is {comparison.verdict!r}.")
    if comparison.new and comparison.new.digest != digest:
        raise errors.NotCompared(
            f"The comparison is of another new model (SHA-256 {comparison.new.digest[:12]}…) than version {version} "
            f"({digest[:12]}…)."
        )
    if comparison.old and earlier and comparison.old.digest != earlier.digest:
        raise errors.NotCompared(
            f"The comparison is with another old model (SHA-256 {comparison.old.digest[:12]}…) than version "
            f"{earlier.version}, which is in use ({earlier.digest[:12]}…)."
        )
