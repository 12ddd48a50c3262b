"""The same Lambda as most would deploy it: with TensorFlow, Keras ``predict`` and Grad-CAM by ``tf.GradientTape``.

Everything but the network is Fracturelens' own function: API, store, logs, metrics. ``BENCHMARK_NETWORK`` names the
``.keras`` file that is opened instead of the bundle's graph, while the function initialises, as ours is.
"""

# ruff: noqa: E402 - what is left out is said before anything is imported

from __future__ import annotations

import os
import sys
from typing import Any

# Keras imports these where they are installed, as they are for training; an image for serving does not need them.
sys.modules.update(dict.fromkeys(("matplotlib", "pandas", "scipy", "sklearn")))  # type: ignore[arg-type]

import keras

from benchmarks.gradient_tape import KerasAssessor, KerasClassifier
from fracturelens.api import current
from fracturelens.assess import Assessor
from fracturelens.bundle import open_bundle


def open_assessor(*_: Any, **__: Any) -> Assessor:
    """Open the network that the environment names."""
    bundle = open_bundle()
    model = keras.models.load_model(os.environ["BENCHMARK_NETWORK"], compile=False)
    return KerasAssessor(bundle, KerasClassifier(bundle, model))


current.open_assessor = open_assessor  # type: ignore[attr-defined]  # the one thing exchanged

from lambda_fn.handler import handler

__all__ = ["handler"]
