"""Words that pages about figures share: where these were found, how long something took, whether an aim was met."""

from __future__ import annotations

from benchmarks.cold_result import ColdStart
from benchmarks.result import Result, Spread

BUSY = 0.5
"""Load average from which on a page warns that the machine did other work."""


def where(result: Result | ColdStart) -> str:
    """Return on what and when figures were found, and whether the machine was busy."""
    machine = result.machine
    packages = ", ".join(f"{name} {number}" for name, number in result.packages.items())
    found = (
        f"Measured {result.measured} on {machine['cpu']}, {machine['cores']} cores, {machine['memory_gb']} GB, "
        f"{machine['system']}, Python {machine['python']}; {packages}; Fracturelens {result.version}, model "
        f"{result.model['name']} {result.model['version']} ({result.model['digest'][:12]}).\n"
    )
    if result.load is None or result.load <= BUSY:
        return found
    return (
        f"{found}\n**The machine was busy with other work** (load average {result.load:g} before the run): ratios hold "
        "roughly, times are too long.\n"
    )


def duration(spread: Spread) -> str:
    """Return a time in the unit that suits it, with its quartiles."""
    unit, scale, digits = ("s", 1000, 2) if spread.median >= 1000 else ("ms", 1, 1)
    low, median, high = (f"{value / scale:.{digits}f}" for value in (spread.low, spread.median, spread.high))
    return f"{median} {unit} ({low}–{high})"


def met(found: float | None, aim: float) -> str:
    """Return whether what was found reaches an aim."""
    if found is None:
        return "not measured"
    return "met" if found >= aim else "missed"
