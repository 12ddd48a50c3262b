"""The usual network and its usual explanation, inside Fracturelens: Keras ``predict``, then Grad-CAM by GradientTape.

Everything around it is Fracturelens: the same app, decoding, letterbox, decision, overlay and store. Only the network
is run and explained as most published code does it, after Keras's own Grad-CAM example.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from fracturelens.assess import Assessor
from fracturelens.bundle import CLASSES, Bundle
from fracturelens.classifier import Array, Classifier, Prediction
from fracturelens.decision import calibrate, more_likely_fracture
from fracturelens.radiograph import Grey
from training.network import CLASS_MAPS


class KerasClassifier(Classifier):
    """The bundle's network in Keras. The only class map it gives is that of the class to be drawn: its Grad-CAM."""

    def __init__(self, bundle: Bundle, model: keras.Model, *, compiled: bool = False) -> None:
        self._calibration = bundle.manifest.calibration
        self._model = model
        last = model.get_layer(CLASS_MAPS).input
        self._grad_model = keras.Model(model.input, [last, model.output["logits"]])
        film = tf.TensorSpec((1, *model.input_shape[1:]), tf.float32)
        self._explain = tf.function(self._at_once, input_signature=[film]) if compiled else self._one_after_the_other

    def run(self, canvas: Grey) -> Prediction:
        logits, index, cam = self._explain(canvas[np.newaxis, :, :, np.newaxis])
        class_maps = np.zeros((*cam.shape, len(CLASSES)), np.float32)
        class_maps[:, :, int(index)] = cam
        return Prediction(np.asarray(logits), class_maps)

    def _one_after_the_other(self, film: Array) -> tuple[Array, int, Any]:
        logits = self._model.predict(film, verbose=0)["logits"][0]
        index = CLASSES.index(more_likely_fracture(calibrate(logits, self._calibration)))
        return logits, index, self._grad_cam(film, lambda _: index)[2]

    def _at_once(self, film: Any) -> tuple[Any, Any, Any]:
        temperature, bias = self._calibration.temperature, self._calibration.class_bias
        return self._grad_cam(film, lambda logits: 1 + tf.argmax((logits / temperature + bias)[1:]))

    def _grad_cam(self, film: Any, choose: Callable[[Any], Any]) -> tuple[Any, Any, Any]:
        with tf.GradientTape() as tape:
            features, logits = self._grad_model(film)
            index = choose(logits[0])
            score = logits[0, index]
        gradients = tape.gradient(score, features)
        weights = tf.reduce_mean(gradients, axis=(0, 1, 2))
        return logits[0], index, tf.tensordot(features[0], weights, axes=1)


class KerasAssessor(Assessor):
    """Fracturelens with its network exchanged."""

    def __init__(self, bundle: Bundle, classifier: KerasClassifier) -> None:
        super().__init__(
            bundle, instances=1
        )  # opens the bundle's graph as well: some 20 ms of a start that takes seconds
        self._classifier = classifier
