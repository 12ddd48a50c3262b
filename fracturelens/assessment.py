"""The Assessment: what one film's reading looks like, on every surface (JSON, HTTP, command line)."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from fracturelens import DISCLAIMER

ClassName = Literal["normal", "hairline", "displaced"]
Severity = Literal["hairline", "displaced"]
Probability = Annotated[float, Field(ge=0.0, le=1.0)]


class Outcome(StrEnum):
    """What the reading says, in one of four words."""

    NO_FRACTURE_SEEN = "no_fracture_seen"
    FRACTURE_SUSPECTED = "fracture_suspected"
    FRACTURE_LIKELY = "fracture_likely"
    CANNOT_ASSESS = "cannot_assess"


class HeatmapChoice(StrEnum):
    """Which class maps to render: none, that of the class read, or all."""

    NONE = "none"
    PREDICTED = "predicted"
    ALL = "all"


class Frozen(BaseModel):
    """Base of the parts: immutable, nothing unexpected."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Reason(Frozen):
    """Why a film cannot be assessed, or what to keep in mind: a stable code and plain words."""

    code: str
    message: str


class Probabilities(Frozen):
    """Calibrated class probabilities; they sum to one."""

    normal: Probability
    hairline: Probability
    displaced: Probability


class ImageInfo(Frozen):
    """The film as sent: format and size in pixels, upright."""

    kind: str
    width: int
    height: int


class ModelInfo(Frozen):
    """The bundle that read the film; ``digest`` is the SHA-256 of its graph."""

    name: str
    version: str
    digest: str


class OperatingPoints(Frozen):
    """Fracture probabilities from which on a fracture is called suspected, and likely."""

    suspected: Probability
    likely: Probability


class Timings(Frozen):
    """Milliseconds spent in each stage."""

    decode: float
    infer: float
    render: float
    total: float


class Assessment(Frozen):
    """One film's reading.

    ``heatmaps`` maps a class to an indexed PNG (data URL) that covers the whole film at its aspect ratio:
    Grad-CAM of that class, scaled to its own peak, transparent where it is zero.
    ``reasons`` holds why a film cannot be assessed, or notes (several frames, a negative, ...).
    """

    id: str
    outcome: Outcome
    fracture_probability: Probability
    probabilities: Probabilities
    severity: Severity | None
    reasons: tuple[Reason, ...]
    image: ImageInfo
    model: ModelInfo
    operating_points: OperatingPoints
    timings_ms: Timings
    heatmaps: dict[ClassName, str]
    disclaimer: str = DISCLAIMER
