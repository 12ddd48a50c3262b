"""One picture that is not a radiograph of a limb, and where it comes from."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from fracturelens.radiograph import Radiograph


class Half(StrEnum):
    """What a picture is for: choosing how novelty is measured, or reporting how well that works."""

    CHOOSING = "choosing"
    REPORTING = "reporting"


@dataclass(frozen=True, slots=True)
class Stranger:
    """A picture as serving would decode it.

    Attributes
    ----------
    kind
        In plain words ("photographs", "CT slices", ...).
    source
        The package that it was read from, or "drawn".
    original
        The picture, patient or drawing that it was cut from: pieces of one original are not independent.
    """

    kind: str
    source: str
    original: str
    half: Half
    film: Radiograph
