"""Every setting of a training run in one frozen record, written into the bundle as it was."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a network is trained; the defaults are the recipe of the shipped bundle.

    Attributes
    ----------
    input_size
        Side of the square input, pixels; a multiple of ``output_stride``.
    output_stride
        Input pixels from one map cell to the next: 32 (MobileNetV2 as published) or 16 (last stage dilated).
    alpha
        Width multiplier of MobileNetV2.
    sharpness
        Of the log-mean-exp pooling of the fracture maps: 0 pools by the mean, infinity by the maximum.
    head_epochs, epochs
        Passes over a balanced epoch: first with the backbone frozen, then with it unfrozen.
    frozen_until
        Prefix of the last backbone block that stays frozen throughout ("" to unfreeze everything).
    head_rate, rate
        Peak learning rates of the two phases (AdamW, linear warm-up, cosine decay).
    fractured_share
        Share of fractured films in each batch; calibration undoes the shift in prevalence.
    elbow_emphasis
        How much more often an elbow film is drawn than another of its class.
    map_weight
        Weight of the map loss (polygons) beside the film loss.
    """

    input_size: int = 288
    output_stride: int = 16
    alpha: float = 1.0
    sharpness: float = 2.0
    batch_size: int = 32
    head_epochs: int = 1
    epochs: int = 12
    epoch_films: int = 2048
    frozen_until: str = "block_5"
    head_rate: float = 1e-3
    rate: float = 3e-4
    warmup: float = 0.1
    weight_decay: float = 1e-4
    ema_momentum: float = 0.99
    fractured_share: float = 0.5
    elbow_emphasis: float = 2.0
    map_weight: float = 1.0
    focal_gamma: float = 2.0
    seed: int = 1

    @classmethod
    def read(cls, path: Path) -> Recipe:
        """Read a recipe from JSON; missing settings keep their default.

        Raises
        ------
        ValueError
            For an unknown setting.
        """
        return cls.of(json.loads(path.read_text()))

    @classmethod
    def of(cls, settings: dict[str, Any]) -> Recipe:
        known = {field.name for field in fields(cls)}
        unknown = sorted(set(settings) - known)
        if unknown:
            raise ValueError(
                f"unknown settings in the recipe: {', '.join(unknown)}; known are {', '.join(sorted(known))}"
            )
        return cls(**settings)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)
