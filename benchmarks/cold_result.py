"""What a run of the cold-start benchmark found, as it is kept in ``results/lambda_cold_start.json``."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from benchmarks.result import OURS, USUAL, Part, Spread

RESULTS = Path(__file__).parent / "results" / "lambda_cold_start.json"

Cache = Literal["warm", "cold"]
CACHES: tuple[Cache, ...] = ("warm", "cold")
"""Whether the files that a start reads are in memory already."""

RATIO_AIM = 10.0
"""How many times less than the usual way init and first reading should take."""
INIT_AIM_MS = 1000.0
"""Most that the init of a start may take with its files in memory, milliseconds."""


class Start(Part):
    """Fresh starts with one state of the page cache.

    Attributes
    ----------
    init_ms
        As the emulator reports it: from the start of the process until it asks for its first event.
    first_ms
        From an event that nothing is running for to its answer: init and first reading.
    cpu_ms
        Processor time that the process took by then, milliseconds, which other work on the machine changes less;
        ``None`` where the system does not tell.
    read_mb
        Read from the disk by then, 10^6 bytes; ``None`` where the system does not tell.
    """

    init_ms: Spread
    first_ms: Spread
    cpu_ms: Spread | None
    read_mb: Spread | None


class Share(Part):
    """Something that init consists of: the modules of one package, by themselves, milliseconds."""

    name: str
    ms: float


class Inventory(Part):
    """What is loaded when init is over: modules, and the size of their files and of mapped libraries, 10^6 bytes."""

    modules: int
    file_mb: float


class LambdaWay(Part):
    """One way to answer an event.

    Attributes
    ----------
    starts
        By the state of the page cache; without ``cold`` where the page cache cannot be emptied.
    warm_ms
        An event with a film, of a function that has answered others, until its answer.
    billed_ms
        What Lambda would call the duration of such an event, by the emulator's report.
    peak_mb
        Most memory that the process ever held, 10^6 bytes; ``None`` where the system does not tell.
    shares
        What init goes to, by package, the most first; a package's modules without what they import from others.
        ``the app`` is the handler's own module: reading settings, opening the model, making the app.
    """

    name: str
    title: str
    starts: dict[Cache, Start]
    warm_ms: Spread
    billed_ms: Spread
    peak_mb: Spread | None
    inventory: Inventory
    imports_ms: float
    shares: tuple[Share, ...]
    dominates: str


class ColdStart(Part):
    """A whole run.

    Attributes
    ----------
    load
        Load average of the minute before the run: above some tenths, other work was going on.
    processors
        How many processors a function had.
    emptied
        How the page cache was emptied; ``None`` if it could not be.
    differs
        Largest difference of a probability between the ways.
    """

    measured: str
    version: str
    model: dict[str, str]
    machine: dict[str, str | int | float | None]
    packages: dict[str, str]
    load: float | None
    film: dict[str, str | int]
    rounds: int
    processors: int
    emptied: str | None
    differs: float
    ways: tuple[LambdaWay, ...]

    def way(self, name: str) -> LambdaWay:
        return next(way for way in self.ways if way.name == name)

    def ratio(self, cache: Cache) -> float | None:
        """Return how many times less ours takes from nothing to the first answer."""
        ours, theirs = (self.way(name).starts.get(cache) for name in (OURS, USUAL))
        return theirs.first_ms.median / ours.first_ms.median if ours and theirs else None

    def cpu_ratio(self, cache: Cache) -> float | None:
        """Return how many times less processor time ours takes for it."""
        ours, theirs = (start.cpu_ms if (start := self.way(name).starts.get(cache)) else None for name in (OURS, USUAL))
        return theirs.median / ours.median if ours and theirs else None


def read(path: Path = RESULTS) -> ColdStart:
    """Read a kept result."""
    return ColdStart.model_validate_json(path.read_bytes())


def write(result: ColdStart, path: Path = RESULTS) -> None:
    """Keep a result."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(result.model_dump_json(indent=2) + "\n")
