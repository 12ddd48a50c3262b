"""A trained network to one LiteRT graph that returns logits, class maps and features."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import keras
import numpy as np

from fracturelens import __version__, bundle
from fracturelens.bundle import Bundle, Calibration, GraphFile, Manifest, OperatingPoints
from fracturelens.classifier import Classifier
from training import network
from training.batches import cell_offset
from training.recipe import Recipe
from training.report import model_card

INPUT = "film"
TOLERANCE = 1e-3
"""Largest difference in logits that conversion may make; it makes about 1e-6."""
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


def write_bundle(
    model: keras.Model, recipe: Recipe, results: dict[str, Any], folder: Path, *, name: str, version: str
) -> float:
    """Write graph, manifest and model card; return the largest difference in logits between network and graph.

    Raises
    ------
    ValueError
        If the exported graph does not compute what the network computes.
    """
    graph = to_graph(model)
    manifest = Manifest(
        name=name,
        version=version,
        input_size=recipe.input_size,
        cell_stride=recipe.output_stride,
        cell_offset=cell_offset(recipe.output_stride),
        calibration=Calibration(**results["frozen"]["calibration"]),
        operating_points=OperatingPoints(**results["frozen"]["operating_points"]),
        training={"data": results["data"], "recipe": recipe.to_json(), "code_version": __version__},
        metrics={
            key: results[key] for key in ("any_fracture", "one_class", "severity", "operating_points", "pointing")
        },
        graph=GraphFile.of(graph),
    )
    difference = _difference(model, Bundle(manifest, graph, "exported"))
    bundle.write(folder, manifest, graph, model_card(results, name, version))
    return difference


def _difference(model: keras.Model, exported: Bundle) -> float:
    side = model.input_shape[1]
    films = np.random.default_rng(0).random((4, side, side, 1), dtype=np.float32)
    classifier = Classifier(exported)
    expected = np.asarray(network.explained(model).predict_on_batch(films)["logits"])
    found = np.stack([classifier.run(film[..., 0]).logits for film in films])
    difference = float(np.abs(expected - found).max())
    if difference > TOLERANCE:
        raise ValueError(f"the exported graph differs from the network by {difference:.2g} in its logits")
    return difference
