"""What a run of the benchmark found, as it is kept in ``results/inference.json``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from statistics import quantiles
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict

RESULTS = Path(__file__).parent / "results" / "inference.json"

Threads = Literal["default", "one"]
THREADS: tuple[Threads, ...] = ("default", "one")
OURS = "fracturelens"
USUAL = "keras"
STAGES = ("decode", "infer", "render", "rest")

AIMS = {"warm": 40.0, "first": 20.0, "memory": 4.0}
"""How many times less than the usual way a reading should take: warm time, time to the first one, peak memory."""
PASSES_AIM = 3.0
"""How many forward passes of the network a whole assessment may cost."""
PUBLISHED_AIM = 4.0
"""How many forward passes of MobileNetV2 as published (224 pixels, float32) a whole assessment may cost."""


class Part(BaseModel):
    """Base of the parts: immutable, nothing unexpected."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Spread(Part):
    """Repeated measurements: median, quartiles and how many there were."""

    median: float
    low: float
    high: float
    n: int

    @classmethod
    def of(cls, values: Sequence[float]) -> Self:
        parts = quantiles(values, n=4, method="inclusive") if len(values) > 1 else [values[0]] * 3
        low, median, high = (float(f"{value:.4g}") for value in parts)
        return cls(median=median, low=low, high=high, n=len(values))


class Figures(Part):
    """One way with one choice of threads.

    Attributes
    ----------
    warm_ms
        A reading with one heatmap over HTTP, of a server that has read films before.
    cpu_ms
        Processor time of the server for each warm reading, all threads together; ``None`` where the system does not
        tell.
    first_ms
        From the start of the process to its first reading.
    peak_mb
        Most memory that the process ever held, 10^6 bytes; ``None`` where the system does not tell.
    stages_ms
        Medians of what a warm reading consists of; ``rest`` is HTTP, the store, and all else around the assessment.
    """

    warm_ms: Spread
    cpu_ms: Spread | None
    first_ms: Spread
    peak_mb: Spread | None
    stages_ms: dict[str, float]


class Agreement(Part):
    """How far another way's reading is from ours: largest difference of probabilities, and of heat in [0, 1]."""

    probability: float
    heat: float


class WayResult(Part):
    """One way of serving explained readings."""

    name: str
    title: str
    figures: dict[Threads, Figures]
    agreement: Agreement


class Passes(Part):
    """A whole assessment, its network's forward pass, and that of MobileNetV2 as published, milliseconds.

    All in one process and on one thread.
    """

    assessment_ms: Spread
    forward_ms: Spread
    published_ms: Spread

    @property
    def ratio(self) -> float:
        return self.assessment_ms.median / self.forward_ms.median

    @property
    def published_ratio(self) -> float:
        return self.assessment_ms.median / self.published_ms.median


class Result(Part):
    """A whole run.

    Attributes
    ----------
    load
        Load average of the minute before the run: above some tenths, other work was going on.
    """

    measured: str
    version: str
    model: dict[str, str]
    machine: dict[str, str | int | float | None]
    packages: dict[str, str]
    load: float | None
    film: dict[str, str | int]
    rounds: int
    ways: tuple[WayResult, ...]
    passes: Passes

    def way(self, name: str) -> WayResult:
        return next(way for way in self.ways if way.name == name)

    def ratios(self, name: str, threads: Threads) -> dict[str, float | None]:
        """Return how many times less ours takes than another way: ``warm``, ``cpu``, ``first`` and ``memory``."""
        ours, theirs = (self.way(which).figures[threads] for which in (OURS, name))
        return {
            "warm": _ratio(theirs.warm_ms, ours.warm_ms),
            "cpu": _ratio(theirs.cpu_ms, ours.cpu_ms),
            "first": _ratio(theirs.first_ms, ours.first_ms),
            "memory": _ratio(theirs.peak_mb, ours.peak_mb),
        }


def _ratio(theirs: Spread | None, ours: Spread | None) -> float | None:
    return theirs.median / ours.median if theirs and ours else None


def read(path: Path = RESULTS) -> Result:
    """Read a kept result."""
    return Result.model_validate_json(path.read_bytes())


def write(result: Result, path: Path = RESULTS) -> None:
    """Keep a result."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(result.model_dump_json(indent=2) + "\n")
