"""The shipped class maps are Grad-CAM: equal to what automatic differentiation finds on the network in Keras.

Both sides start from the same pixels. The shipped side is the LiteRT graph of the bundle and no gradient; the reference
is Selvaraju et al. (2017) as written, by ``tf.GradientTape``: the class logit differentiated with respect to the last
feature maps, averaged over the cells to one weight for each map, the maps added by these weights and rectified.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from fracturelens.bundle import CLASSES, Bundle, open_bundle
from fracturelens.classifier import Classifier
from fracturelens.explanation import grad_cam
from fracturelens.letterbox import letterbox
from training.datasets import Dataset, Film
from training.datasets.fracatlas import read
from training.packing import read_film

pytestmark = [pytest.mark.training, pytest.mark.slow]

Array = npt.NDArray[np.float32]
Pooling = Callable[[Any], Any]

TOLERANCE = 1e-4
"""Largest difference between two maps, each scaled to its own peak."""
FAINT = 0.02
"""Maps whose peak is below this share of their range are scaled by it: there 1e-4 of the peak is float32 rounding."""
REAL_FILMS = 24


@dataclass(frozen=True, slots=True)
class Reference:
    """The bundle's network in Keras, cut at its last feature maps."""

    stem: Any  # films (n, size, size, 1) -> feature maps (n, h, w, k)
    head: Any  # feature maps -> class maps (n, h, w, 3) without bias
    pooling: Any  # class maps -> logits (n, 3), class maps with bias

    @property
    def size(self) -> int:
        """Side of the input, pixels."""
        return int(self.stem.input_shape[1])

    def logits(self, maps: Any) -> Any:
        return self.pooling(maps)[0]

    def weighted_maps(self, canvas: Array, pooling: Pooling | None = None) -> Array:
        """Return every class's Grad-CAM of a film (size, size) before it is rectified, (h, w, 3), not scaled."""
        import tensorflow as tf

        features = tf.constant(self.stem.predict_on_batch(canvas[np.newaxis, :, :, np.newaxis]))
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(features)
            logits = (pooling or self.logits)(self.head(features))
            scores = [logits[0, index] for index in range(len(CLASSES))]
        maps = []
        for score in scores:
            weights = tf.reduce_mean(tape.gradient(score, features), axis=(0, 1, 2))
            maps.append(tf.tensordot(features[0], weights, axes=1).numpy())
        return np.stack(maps, axis=-1)


@pytest.fixture(scope="module")
def shipped() -> Bundle:
    return open_bundle()


@pytest.fixture(scope="module")
def classifier(shipped: Bundle) -> Classifier:
    return Classifier(shipped)


@pytest.fixture(scope="module")
def reference(shipped: Bundle, root: Path) -> Reference:
    import keras

    from training import network
    from training.recipe import Recipe

    model = network.build(Recipe.of(shipped.manifest.training.get("recipe", {})))
    model.load_weights(root / "training" / "weights" / "elbow.weights.h5")
    head = model.get_layer(network.CLASS_MAPS)
    return Reference(keras.Model(model.input, head.input), head, model.get_layer("pooling"))


def random_canvases(size: int) -> Iterator[Array]:
    """Yield inputs of every roughness, from single pixels to broad clouds, bright and dark."""
    random = np.random.default_rng(20)
    for grain in (1, 2, 4, 8, 16, 32, 48, 96):
        coarse = random.random((-(-size // grain),) * 2, dtype=np.float32)
        yield np.kron(coarse, np.ones((grain, grain), np.float32))[:size, :size] ** random.uniform(0.3, 3)


def chosen(films: Dataset) -> list[Film]:
    """Pick films evenly from each severity's list: the same ones every time, normal and fractured alike."""
    picked = []
    for severity in ("normal", "hairline", "displaced"):
        alike = sorted((film for film in films.films if film.severity == severity), key=lambda film: film.id)
        picked += [alike[place] for place in np.linspace(0, len(alike) - 1, REAL_FILMS // 3).astype(int)]
    return picked


def differences(ours: Array, theirs: Array) -> Array:
    """Return the largest difference of each class's Grad-CAM by both ways, given before it is rectified, (3,).

    An empty map differs from one that is not by its whole height; two empty ones are equal, so that the maps are also
    compared as they were before.
    """
    found = []
    for index in range(len(CLASSES)):
        a, b = (maps[:, :, index] / np.abs(maps[:, :, index]).max() for maps in (ours, theirs))
        cam_a, cam_b = (cam / max(cam.max(), FAINT) for cam in (grad_cam(a), np.maximum(b, 0)))
        found.append(max(np.abs(a - b).max(), np.abs(cam_a - cam_b).max()))
    return np.array(found)


def test_shipped_maps_equal_gradient_tape_on_random_inputs(classifier: Classifier, reference: Reference) -> None:
    for canvas in random_canvases(reference.size):
        found = differences(classifier.run(canvas).class_maps, reference.weighted_maps(canvas))
        assert (found < TOLERANCE).all(), dict(zip(CLASSES, found, strict=True))


@pytest.mark.data
def test_shipped_maps_equal_gradient_tape_on_real_films(
    classifier: Classifier, reference: Reference, fracatlas: Path
) -> None:
    films = chosen(read(fracatlas))
    assert len(films) >= 20
    shown = np.zeros(len(CLASSES), dtype=int)
    for film in films:
        canvas, _ = letterbox(read_film(film), reference.size)
        maps = classifier.run(canvas).class_maps
        found = differences(maps, reference.weighted_maps(canvas))
        assert (found < TOLERANCE).all(), (film.id, dict(zip(CLASSES, found, strict=True)))
        shown += maps.max(axis=(0, 1)) > 0
    # Empty maps are equal too, but prove little.
    assert (shown >= 5).all(), f"films whose map is not empty, for each class: {shown}"


def test_the_weighted_map_is_the_class_map_over_the_number_of_cells(
    classifier: Classifier, reference: Reference
) -> None:
    """The scale is the proof's, too: a pooling whose weights sum to anything but one shows here, and only here."""
    for canvas in random_canvases(reference.size):
        ours, theirs = classifier.run(canvas).class_maps, reference.weighted_maps(canvas)
        cells = ours.shape[0] * ours.shape[1]
        np.testing.assert_allclose(theirs * cells, ours, rtol=0, atol=TOLERANCE * np.abs(ours).max())


def test_a_bias_left_in_the_maps_would_be_found(classifier: Classifier, reference: Reference) -> None:
    canvas = next(random_canvases(reference.size))
    maps = classifier.run(canvas).class_maps

    with_bias = np.asarray(reference.pooling(maps[np.newaxis])[1])[0]

    found = differences(with_bias, reference.weighted_maps(canvas))
    fractures = [CLASSES.index(name) for name in CLASSES if name != "normal"]  # the mean may need hardly any bias
    assert (found[fractures] > 100 * TOLERANCE).all(), found


def test_a_pooling_that_gates_the_cells_would_be_found(classifier: Classifier, reference: Reference) -> None:
    """A gate lets each class's cells through by all classes' maps: the gradient flows through it into all of them."""
    import tensorflow as tf

    def gated_mean(maps: Any) -> Any:
        return tf.reduce_mean(tf.sigmoid(tf.reduce_sum(maps, axis=-1, keepdims=True)) * maps, axis=(1, 2))

    canvas = next(random_canvases(reference.size))
    found = differences(classifier.run(canvas).class_maps, reference.weighted_maps(canvas, gated_mean))

    assert (found > 100 * TOLERANCE).all(), found
