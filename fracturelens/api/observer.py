"""Who gets told what the service does, for metrics and alarms."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from fracturelens.assessment import Assessment

log = logging.getLogger("fracturelens.api")


class Observer(Protocol):
    """Gets told what happens, from the event loop or from a reader's thread; must not block."""

    def reading(self, assessment: Assessment) -> None:
        """Hear of a film that was read, and of its reading that was kept."""

    def failure(self, code: str, status: int) -> None:
        """Hear of a request that was answered with an error on the service's side: status 500 or above."""

    def bundle_fallback(self, code: str) -> None:
        """Hear that the registry's model could not be had, and why, so that the last good one is read with."""


class Unobserved:
    """Tells nobody."""

    def reading(self, assessment: Assessment) -> None:
        """Say nothing."""

    def failure(self, code: str, status: int) -> None:
        """Say nothing."""

    def bundle_fallback(self, code: str) -> None:
        """Say nothing."""


class Guarded:
    """Passes on what happens; an observer that fails is logged, and costs no request its answer."""

    def __init__(self, observer: Observer) -> None:
        self._observer = observer

    def reading(self, assessment: Assessment) -> None:
        with _no_harm():
            self._observer.reading(assessment)

    def failure(self, code: str, status: int) -> None:
        with _no_harm():
            self._observer.failure(code, status)

    def bundle_fallback(self, code: str) -> None:
        with _no_harm():
            self._observer.bundle_fallback(code)


@contextmanager
def _no_harm() -> Iterator[None]:
    try:
        yield
    except Exception as error:
        log.error("observer failed", extra={"fields": {"error": type(error).__name__}})
