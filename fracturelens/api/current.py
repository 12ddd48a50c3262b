"""The model that a server reads with: that of the registry or, while it cannot be had, the last good one."""

from __future__ import annotations

import logging
from typing import Final

from fracturelens import errors
from fracturelens.api.observer import Observer
from fracturelens.assess import Assessor, open_assessor
from fracturelens.bundle import Bundle, Manifest, open_bundle
from fracturelens.model import Source, source_of
from fracturelens.settings import Settings

MANIFESTS_KEPT: Final = 8
"""Models whose readings can still be drawn exactly after others took their place."""

log = logging.getLogger("fracturelens.api")


class CurrentModel:
    """Holds the assessor, and exchanges it for that of a newly promoted version.

    A reading under way keeps the assessor that it began with.

    Parameters
    ----------
    assessor
        What to begin with; opened as the settings say if left out.
    """

    def __init__(self, settings: Settings, observer: Observer, assessor: Assessor | None = None) -> None:
        self._settings = settings
        self._observer = observer
        self._source: Source | None = None
        self._assessor = assessor or open_or_fall_back(settings, observer)
        self._manifests = {self._assessor.model.digest: self._assessor.bundle.manifest}

    @property
    def assessor(self) -> Assessor:
        """Return what reads films now; whoever uses it more than once takes it once."""
        return self._assessor

    def manifest(self, digest: str) -> Manifest:
        """Return the manifest of the model that made a reading, if it was in use here lately; else the present one."""
        return self._manifests.get(digest, self._assessor.bundle.manifest)

    def refresh(self) -> None:
        """Look for another model in the registry, and read with it if it is whole; blocks, and never raises."""
        try:
            self._source = self._source or source_of(self._settings.model)
            bundle = self._source and self._source.read_unless(self._assessor.model.digest)
            if bundle:
                self._exchange(_proven(bundle, self._settings))
        except Exception as error:
            _tell(error, self._observer)

    def _exchange(self, assessor: Assessor) -> None:
        kept = list(self._manifests.items())[1 - MANIFESTS_KEPT :]
        self._manifests = {**dict(kept), assessor.model.digest: assessor.bundle.manifest}
        self._assessor = assessor
        log.info("model changed", extra={"fields": assessor.model.model_dump()})


def open_or_fall_back(settings: Settings, observer: Observer) -> Assessor:
    """Open the model that the settings name; for one of a registry that cannot be had, the shipped one.

    Raises
    ------
    BundleError, BundleNotFound, BundleDamaged, BundleTooNew
        A folder is named, and holds no usable bundle.
    """
    if not (settings.model or "").startswith("s3://"):
        return open_assessor(settings.model, threads=settings.threads, instances=settings.readers)
    try:
        source = source_of(settings.model)
        if source:
            return _proven(source.read(), settings)
    except Exception as error:
        _tell(error, observer)
    return Assessor(open_bundle(), threads=settings.threads, instances=settings.readers)


def _proven(bundle: Bundle, settings: Settings) -> Assessor:
    assessor = Assessor(bundle, threads=settings.threads, instances=settings.readers)
    assessor.prove()
    return assessor


def _tell(error: Exception, observer: Observer) -> None:
    code = error.code if isinstance(error, errors.FracturelensError) else errors.FracturelensError.code
    log.warning(f"bundle fallback {code}", extra={"fields": {"code": code, "error": type(error).__name__}})
    observer.bundle_fallback(code)
