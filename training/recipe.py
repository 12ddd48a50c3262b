"""Every setting of a training run in one frozen record, written into the bundle as it was."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

ZOOM = (0.85, 1.25)


@dataclass(frozen=True, slots=True)
class Stage:
    """One stretch of training with its own learning-rate cycle; each goes on from the weights of the one before.

    Attributes
    ----------
    input_size
        Side of the square input, pixels; a multiple of the recipe's ``output_stride``.
    epochs
        Passes over a balanced epoch; a last stage of none only sets the size at which the finished network reads.
    rate
        Peak learning rate (AdamW, linear warm-up, cosine decay).
    head_only
        Keep the whole backbone frozen.
    map_weight
        Weight of the map loss (polygons) beside the film loss.
    averaging
        Momentum of the exponential average of the weights, which is what the stage leaves; 0 leaves the last weights.
    zoom
        Least and greatest random magnification.
    local_contrast
        Normalise brightness and contrast locally, inside the network, instead of taking grey values as they are.
    quarter_turns
        Turn half of the films by a random multiple of 90 degrees.
    """

    input_size: int
    epochs: int
    rate: float
    head_only: bool = False
    map_weight: float = 1.0
    averaging: float = 0.99
    zoom: tuple[float, float] = ZOOM
    local_contrast: bool = False
    quarter_turns: bool = False


SHIPPED = (
    Stage(input_size=288, epochs=1, rate=1e-3, head_only=True, averaging=0.0),
    Stage(input_size=288, epochs=12, rate=3e-4),
    Stage(
        input_size=288,
        epochs=6,
        rate=3e-4,
        map_weight=2.0,
        averaging=0.995,
        zoom=(0.8, 1.4),
        local_contrast=True,
        quarter_turns=True,
    ),
)
"""Two-phase fine-tuning on grey values as they are, then a third phase in which a film's exposure no longer counts."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a network is trained; the defaults are the recipe of the shipped bundle.

    Attributes
    ----------
    stages
        What is trained one after the other; the last one's input size is the network's.
    output_stride
        Input pixels from one map cell to the next: 32 (MobileNetV2 as published) or 16 (last stage dilated).
    alpha
        Width multiplier of MobileNetV2.
    sharpness
        Of the log-mean-exp pooling of the fracture maps: 0 pools by the mean, infinity by the maximum.
    epoch_films
        Films in one epoch, drawn anew each time.
    frozen_until
        Prefix of the last backbone block that stays frozen throughout ("" to unfreeze everything).
    warmup
        Share of a stage's steps in which the learning rate rises.
    fractured_share
        Share of fractured films in each batch; calibration undoes the shift in prevalence.
    elbow_emphasis
        How much more often an elbow film is drawn than another of its class.
    focal_gamma
        Of the map loss: how much less a cell counts that is already told well.
    """

    stages: tuple[Stage, ...] = SHIPPED
    output_stride: int = 16
    alpha: float = 1.0
    sharpness: float = 2.0
    batch_size: int = 32
    epoch_films: int = 2048
    frozen_until: str = "block_5"
    warmup: float = 0.1
    weight_decay: float = 1e-4
    fractured_share: float = 0.5
    elbow_emphasis: float = 2.0
    focal_gamma: float = 2.0
    seed: int = 1

    @property
    def input_size(self) -> int:
        """Side of the finished network's input, pixels."""
        return self.stages[-1].input_size

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
        _known(cls, settings)
        if "stages" not in settings:
            return cls(**settings)
        for stage in settings["stages"]:
            _known(Stage, stage)
        stages = tuple(Stage(**{**stage, "zoom": tuple(stage.get("zoom", ZOOM))}) for stage in settings["stages"])
        return cls(**{**settings, "stages": stages})

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def _known(record: type[Recipe] | type[Stage], settings: dict[str, Any]) -> None:
    known = {field.name for field in fields(record)}
    unknown = sorted(set(settings) - known)
    if unknown:
        raise ValueError(f"unknown settings in the recipe: {', '.join(unknown)}; known are {', '.join(sorted(known))}")
