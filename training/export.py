"""A trained network to one LiteRT graph that returns logits, class maps and features."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import keras
import numpy as np
import numpy.typing as npt

from fracturelens.bundle import Manifest
from training import network

INPUT = "film"
OUTPUTS = ("class_maps", "features", "logits")


def to_graph(model: keras.Model) -> bytes:
    """Convert a network to a LiteRT flatbuffer with one signature, ``serving_default``.

    Input ``film`` float32 (1, size, size, 1) in [0, 1]; outputs ``logits`` (1, 3), ``class_maps`` (1, h, w, 3) without
    bias, ``features`` (1, 1280). Needs the TensorFlow backend.
    """
    import tensorflow as tf  # only the export needs TensorFlow itself; training runs on any Keras backend
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

    reader = network.explained(model)
    side = model.input_shape[1]

    @tf.function(input_signature=[tf.TensorSpec((1, side, side, 1), tf.float32, name=INPUT)])  # type: ignore[untyped-decorator]
    def serve(film: tf.Tensor) -> dict[str, tf.Tensor]:
        return {name: tf.identity(value, name) for name, value in reader(film, training=False).items()}

    # Without freezing, the converter leaves the weights out of the graph.
    frozen = convert_variables_to_constants_v2(serve.get_concrete_function())
    module = tf.Module()
    module.serve = tf.function(
        lambda film: dict(zip(OUTPUTS, frozen(film), strict=True)),
        input_signature=[tf.TensorSpec((1, side, side, 1), tf.float32, name=INPUT)],
    )
    with tempfile.TemporaryDirectory() as folder:
        tf.saved_model.save(module, folder, signatures={"serving_default": module.serve.get_concrete_function()})
        graph: bytes = tf.lite.TFLiteConverter.from_saved_model(folder).convert()
    return graph


def check_graph(model: keras.Model, manifest: Manifest, graph: bytes, films: npt.NDArray[np.float32]) -> float:
    """Return the largest difference between the network's and the graph's logits on films (n, size, size, 1).

    Raises
    ------
    ValueError
        If they differ by more than 1e-3: the conversion lost something.
    """
    from fracturelens.bundle import Bundle
    from fracturelens.classifier import Classifier

    classifier = Classifier(Bundle(manifest, graph, "exported"))
    expected = np.asarray(network.explained(model).predict_on_batch(films)["logits"])
    found = np.stack([classifier.run(film[..., 0]).logits for film in films])
    difference = float(np.abs(expected - found).max())
    if difference > 1e-3:
        raise ValueError(f"the exported graph differs from the network by {difference:.2g} in its logits")
    return difference
