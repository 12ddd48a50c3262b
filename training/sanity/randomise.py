"""Take away what a network has learnt, layer by layer: weights drawn anew, as before any training."""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterable

import keras
import numpy as np
import numpy.typing as npt
from keras import ops

from training.network import BACKBONE, CELL_PRIOR, CLASS_MAPS

SETTLING_FILMS = 16
"""Films that the statistics of drawn layers are taken from: at stride 16 thousands of cells for each channel."""


def layer_groups(model: keras.Model) -> list[str]:
    """Return the parts that are randomised one after another, from the top: class maps, last convolution, blocks."""
    groups = dict.fromkeys(_group(layer.name) for layer in model.get_layer(BACKBONE).layers if layer.weights)
    return [CLASS_MAPS, *reversed(groups)]


def redraw(model: keras.Model, groups: Iterable[str], seed: int) -> None:
    """Draw the weights of some layer groups anew; the same seed draws the same weights, whatever else is drawn.

    Convolutions are drawn normally with variance 2 / fan-in, which keeps the variance of activations (He et al.,
    2015); batch normalisation gets scale 1 and shift 0, and statistics that ``settle`` has to fit.
    """
    groups = set(groups)
    if CLASS_MAPS in groups:
        _draw(model.get_layer(CLASS_MAPS), seed)
        # Not a part of the maps; both fracture classes start alike.
        pooling = model.get_layer("pooling")
        pooling.set_weights([np.array([0.0, CELL_PRIOR, CELL_PRIOR], dtype=np.float32)])
    for layer in model.get_layer(BACKBONE).layers:
        if layer.weights and _group(layer.name) in groups:
            _draw(layer, seed)


def settle(reader: keras.Model, model: keras.Model, groups: Iterable[str], films: npt.NDArray[np.float32]) -> None:
    """Fit the batch normalisation of drawn groups to films (n, size, size, 1), so that no activation vanishes.

    The old statistics are those of weights that are gone: with them, maps would collapse to a constant, which is no
    explanation to be unlike. One pass is enough, since each layer is fed by those below it as they will be. Layers
    that were not drawn keep theirs.
    """
    groups = set(groups)
    for layer in model.get_layer(BACKBONE).layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.trainable = _group(layer.name) in groups
            layer.momentum = 0.0
    reader(ops.convert_to_tensor(films[:SETTLING_FILMS]), training=True)


def _group(name: str) -> str:
    """Return the group of a layer of MobileNetV2: its block (``block_5``, ``expanded_conv``), or the layer itself."""
    if name.startswith("block_"):
        return "_".join(name.split("_")[:2])
    if name.startswith("expanded_conv"):
        return "expanded_conv"
    return "Conv_1" if name.startswith("Conv_1") else "Conv1"


def _draw(layer: keras.layers.Layer, seed: int) -> None:
    if isinstance(layer, keras.layers.BatchNormalization):
        channels = layer.gamma.shape[0]
        layer.set_weights([np.ones(channels), np.zeros(channels), np.zeros(channels), np.ones(channels)])
        return
    random = np.random.default_rng([seed, zlib.crc32(layer.name.encode())])
    kernel = layer.weights[0]
    height, width, channels, _ = kernel.shape
    fan_in = height * width * (1 if isinstance(layer, keras.layers.DepthwiseConv2D) else channels)
    layer.set_weights([random.normal(0, math.sqrt(2 / fan_in), kernel.shape).astype(np.float32)])
