"""Readings to keep, made without a network."""

from __future__ import annotations

from typing import Final
from uuid import uuid4

import numpy as np

from fracturelens.assessment import Assessment, ImageInfo, ModelInfo, OperatingPoints, Outcome, Probabilities, Timings

MAPS: Final = np.random.default_rng(0).normal(size=(18, 18, 3)).astype(np.float32)
FILM: Final = b"\x89PNG film bytes" * 100
HOSTILE_IDS: Final = (
    "",
    "..",
    "../uploads",
    "/etc/passwd",
    "a" * 31,
    "A" * 32,
    "g" * 32,
    "a" * 32 + "\n",
    "a" * 32 + "/..",
    "é" * 32,
)


def reading() -> Assessment:
    """Return a reading under a new id."""
    return Assessment(
        id=uuid4().hex,
        outcome=Outcome.FRACTURE_LIKELY,
        fracture_probability=0.75,
        probabilities=Probabilities(normal=0.25, hairline=0.25, displaced=0.5),
        severity="displaced",
        reasons=(),
        image=ImageInfo(kind="png", width=192, height=256),
        model=ModelInfo(name="elbow", version="1", digest="0" * 64),
        operating_points=OperatingPoints(suspected=0.1, likely=0.5),
        timings_ms=Timings(decode=1, infer=2, render=3, total=6),
        heatmaps={"displaced": "data:image/png;base64,AAAA"},
    )
