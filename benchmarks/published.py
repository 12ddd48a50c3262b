"""Writes MobileNetV2 as published, 224 x 224 pixels in colour, float32, as a LiteRT graph: a measure to read others by.

``python -m benchmarks.published FILE``. The weights are random: what a pass costs does not depend on them.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import keras
import tensorflow as tf

SIDE = 224


def graph() -> bytes:
    """Return the graph."""
    keras.utils.set_random_seed(1)
    model = keras.applications.MobileNetV2(input_shape=(SIDE, SIDE, 3), weights=None, classes=3)
    with tempfile.TemporaryDirectory() as folder:
        model.export(folder, verbose=False)
        converted: bytes = tf.lite.TFLiteConverter.from_saved_model(folder).convert()
    return converted


if __name__ == "__main__":
    Path(sys.argv[1]).write_bytes(graph())
