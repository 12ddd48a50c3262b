"""The network with what the gate asks of it: pooled features to fit to, novelty and several views to serve."""

from __future__ import annotations

import hashlib

import keras
import numpy as np
from keras import ops

from training import network
from training.gate.novelty import LAYERS, Measure


def probe(model: keras.Model) -> keras.Model:
    """Return the network with outputs that novelty can be fitted to.

    ``logits`` (n, 3), and the mean feature maps of each of ``LAYERS`` and of the last layer, ``features`` (n, 1280).
    """
    base = model.get_layer(network.BACKBONE)
    inner = [base.get_layer(name).output for name in LAYERS]
    *maps, last = keras.Model(base.input, [*inner, base.output])(model.get_layer("grey_to_rgb").output)
    logits, _ = model.get_layer("pooling")(model.get_layer(network.CLASS_MAPS)(last))
    pooled = {
        name: ops.mean(values, axis=(1, 2)) for name, values in zip((*LAYERS, "features"), (*maps, last), strict=True)
    }
    return keras.Model(model.input, {"logits": logits, **pooled})


def gated(model: keras.Model, measure: Measure | None) -> keras.Model:
    """Return the network as it is served.

    Outputs ``logits`` (n, 3), ``class_maps`` (n, h, w, 3) without bias, and if there is a measure ``novelty`` (n,)
    and, if it was learnt, ``several_views`` (n,).
    """
    explained = network.explained(model)
    outputs = {name: explained.output[name] for name in ("logits", "class_maps")}
    if measure is None:
        return keras.Model(model.input, outputs)
    base = model.get_layer(network.BACKBONE)
    inner = base.output if measure.layer == "features" else base.get_layer(measure.layer).output
    maps, last = keras.Model(base.input, [inner, base.output])(model.get_layer("grey_to_rgb").output)
    class_maps = model.get_layer(network.CLASS_MAPS)(last)
    logits, _ = model.get_layer("pooling")(class_maps)
    features = ops.mean(maps, axis=(1, 2))
    away = ops.matmul(features - measure.centre.astype(np.float32), measure.directions.astype(np.float32))
    outputs = {"logits": logits, "class_maps": class_maps, "novelty": ops.sqrt(ops.sum(ops.square(away), axis=-1))}
    if measure.views is not None:
        weights = measure.views[:-1, np.newaxis].astype(np.float32)
        outputs["several_views"] = ops.sigmoid(ops.matmul(features, weights)[:, 0] + float(measure.views[-1]))
    return keras.Model(model.input, outputs)


def fingerprint(model: keras.Model) -> str:
    """Return the SHA-256 of the weights: a measure only fits the network that it was fitted to."""
    total = hashlib.sha256()
    for values in model.get_weights():
        total.update(np.ascontiguousarray(values, dtype=np.float32).tobytes())
    return total.hexdigest()
