"""Pictures that are no radiographs of limbs: what the gate must refuse.

Drawn here, or read from packages that ``fetch`` unpacks. No picture is committed. Every source serves one half only:
half of the sources to choose how novelty is measured, the others to report how well that works.
"""

from __future__ import annotations

from pathlib import Path

from training.gate.strangers.drawn import drawings
from training.gate.strangers.packages import fetch
from training.gate.strangers.pictures import read_pictures
from training.gate.strangers.stranger import Half, Stranger

__all__ = ["Half", "Stranger", "collect", "fetch"]


def collect(folder: Path) -> list[Stranger]:
    """Return every stranger: those drawn, and those that the packages under ``folder`` hold."""
    return [*drawings(), *read_pictures(folder)]
