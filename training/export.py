"""A trained network to one LiteRT graph that returns logits, class maps and what the gate asks."""

from __future__ import annotations

import json
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np

from fracturelens import __version__, bundle
from fracturelens.bundle import Bundle, Calibration, Gate, GraphFile, Manifest, OperatingPoints
from fracturelens.classifier import GATE_OUTPUTS, Classifier
from training.batches import cell_offset
from training.datasets import DataError
from training.gate.gated import fingerprint, gated
from training.gate.novelty import Measure
from training.recipe import Recipe
from training.report.model_card import model_card

INPUT = "film"
TOLERANCE = 1e-3
"""Largest difference that conversion may make in logits and in what the gate asks; it makes about 1e-6."""


@dataclass(frozen=True, slots=True)
class LearntGate:
    """What was fitted to a network for its gate, the network's fingerprint, and the figures of ``evaluate_gate``."""

    measure: Measure
    network: str
    found: dict[str, Any]

    @classmethod
    def read(cls, measure: Path, result: Path) -> LearntGate | None:
        """Read what ``python -m training gate`` wrote; ``None`` if it was not run."""
        if not (measure.is_file() and result.is_file()):
            return None
        with np.load(measure) as content:
            network = str(content["network"])
        return cls(Measure.read(measure), network, json.loads(result.read_text()))

    def limits(self) -> Gate:
        """Return the manifest's gate."""
        kept = ("method", "films", "strangers", "several_views")
        return Gate(**self.found["frozen"], fitted={name: self.found[name] for name in kept})


def to_graph(model: keras.Model, measure: Measure | None = None) -> bytes:
    """Convert a network to a LiteRT flatbuffer with one signature, ``serving_default``.

    Input ``film`` float32 (1, size, size, 1) in [0, 1]; outputs ``logits`` (1, 3), ``class_maps`` (1, h, w, 3) without
    bias, and with a measure ``novelty`` (1,) and, if it was learnt, ``several_views`` (1,). Needs the TensorFlow
    backend.
    """
    import tensorflow as tf  # only the export needs TensorFlow itself; training runs on any Keras backend
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

    reader = gated(model, measure)
    names = sorted(reader.output)
    side = model.input_shape[1]

    @tf.function(input_signature=[tf.TensorSpec((1, side, side, 1), tf.float32, name=INPUT)])  # type: ignore[untyped-decorator]
    def serve(film: tf.Tensor) -> dict[str, tf.Tensor]:
        return {name: tf.identity(value, name) for name, value in reader(film, training=False).items()}

    # Without freezing, the converter leaves the weights out of the graph.
    frozen = convert_variables_to_constants_v2(serve.get_concrete_function())
    module = tf.Module()
    module.serve = tf.function(
        lambda film: dict(zip(names, frozen(film), strict=True)),
        input_signature=[tf.TensorSpec((1, side, side, 1), tf.float32, name=INPUT)],
    )
    with tempfile.TemporaryDirectory() as folder:
        tf.saved_model.save(module, folder, signatures={"serving_default": module.serve.get_concrete_function()})
        graph: bytes = tf.lite.TFLiteConverter.from_saved_model(folder).convert()
    return graph


def write_bundle(
    model: keras.Model,
    recipe: Recipe,
    results: dict[str, Any],
    folder: Path,
    *,
    name: str,
    version: str,
    gate: LearntGate | None = None,
) -> float:
    """Write graph, manifest and model card; return the largest difference in outputs between network and graph.

    Without ``gate`` the bundle refuses by a glance at the pixels alone.

    Raises
    ------
    DataError
        If the gate was fitted to another network.
    ValueError
        If the exported graph does not compute what the network computes.
    """
    if gate and gate.network != fingerprint(model):
        raise DataError(folder, "the gate was fitted to another network; run `python -m training gate` for this one")
    measure = gate.measure if gate else None
    graph = to_graph(model, measure)
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
        gate=gate.limits() if gate else Gate(),
        graph=GraphFile.of(graph),
    )
    difference = _difference(model, measure, Bundle(manifest, graph, "exported"))
    bundle.write(folder, manifest, graph, model_card(results, name, version))
    return difference


def _difference(model: keras.Model, measure: Measure | None, exported: Bundle) -> float:
    side = model.input_shape[1]
    films = np.random.default_rng(0).random((4, side, side, 1), dtype=np.float32)
    classifier = Classifier(exported)
    expected = gated(model, measure).predict_on_batch(films)
    found = [classifier.run(film[..., 0]) for film in films]
    difference = float(np.abs(np.asarray(expected["logits"]) - np.stack([one.logits for one in found])).max())
    for name in sorted(set(expected) & set(GATE_OUTPUTS)):
        # Novelty has no upper end: what counts is the share by which it is off.
        wanted, given = np.asarray(expected[name]), np.array([getattr(one, name) for one in found])
        difference = max(difference, float((np.abs(wanted - given) / np.maximum(1, wanted)).max()))
    if difference > TOLERANCE:
        raise ValueError(f"the exported graph differs from the network by {difference:.2g}")
    return difference
