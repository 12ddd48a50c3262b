"""Reading many films at once: what came of each, in the order in which they were given."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from fracturelens import errors
from fracturelens.cli import films
from fracturelens.decision import more_likely_fracture

if TYPE_CHECKING:
    from fracturelens.assess import Assessor, Reading
    from fracturelens.assessment import Assessment, HeatmapChoice

Item = TypeVar("Item")
Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one film: an assessment or an error, and the overlay (PNG, then the file it was written to)."""

    name: str
    assessment: Assessment | None = None
    error: errors.FracturelensError | None = None
    overlay: bytes | None = None
    overlay_file: Path | None = None


class Reader:
    """Reads found films with one assessor; may be called from many threads.

    Parameters
    ----------
    limit
        Most bytes read of a file.
    heatmaps
        Which go into the assessments.
    draw
        Whether to render an overlay: the film with the heatmap of its more probable fracture class.
    """

    def __init__(self, assessor: Assessor, limit: int, heatmaps: HeatmapChoice, *, draw: bool) -> None:
        self._assessor = assessor
        self._limit = limit
        self._heatmaps = heatmaps
        self._draw = draw

    def read(self, film: films.Found) -> Outcome:
        """Read one film; whatever goes wrong with it is part of the outcome, so that a run goes on."""
        if film.error:
            return Outcome(film.name, error=film.error)
        try:
            data = films.read(film.name, self._limit)
            reading = self._assessor.read(data, heatmaps=self._heatmaps)
            overlay = self._overlay(data, reading) if self._draw else None
        except errors.FracturelensError as error:
            return Outcome(film.name, error=error)
        except Exception as error:  # a fault of ours must not cost the films after it
            fault = f"Reading stopped at an unexpected {type(error).__name__}; please report it."
            return Outcome(film.name, error=errors.FracturelensError(fault))
        return Outcome(film.name, reading.assessment, overlay=overlay)

    def _overlay(self, data: bytes, reading: Reading) -> bytes:
        shown = more_likely_fracture(reading.assessment.probabilities)
        return self._assessor.overlay(data, reading.class_maps, shown)


def in_order(work: Callable[[Item], Answer], items: Iterable[Item], threads: int) -> Iterator[Answer]:
    """Yield ``work(item)`` for each item in the order of the items, up to ``threads`` of them at once.

    Only a few items are ahead of what was yielded, so that a folder of any size takes the memory of a handful.
    """
    ahead: deque[Future[Answer]] = deque()
    with ThreadPoolExecutor(threads) as pool:
        try:
            for item in items:
                ahead.append(pool.submit(work, item))
                if len(ahead) >= 2 * threads:
                    yield ahead.popleft().result()
            while ahead:
                yield ahead.popleft().result()
        finally:
            pool.shutdown(cancel_futures=True)
