"""A heatmap lies where the network looked: the cells' centres, found by impulses, are those that the bundle names.

Keras pads MobileNetV2's stride-2 layers at the bottom and right only, so that each looks one pixel further on than a
centred one, and cell i of the last maps looks around pixel ``stride * i + stride - 1``. Upsampling a map as if its
cells tiled the input takes ``stride * i + (stride - 1) / 2`` instead, and draws it half a cell up and left of that.

Where layers look is found with hand-made, symmetric kernels. Learned kernels lean to one side (those of the ImageNet
start by up to a cell, to the right and down), and impulses on them would find the leaning as well. Training the maps
against outlines takes it back; that the shipped maps lie on the fractures is shown on real films.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image, ImageDraw

from fracturelens.bundle import Bundle, open_bundle
from fracturelens.classifier import Classifier
from fracturelens.explanation import film_heat, grad_cam
from fracturelens.letterbox import Letterbox, letterbox
from training.batches import cell_offset
from training.datasets.fracatlas import read
from training.packing import outlines, read_film
from training.recipe import Recipe, Stage

pytestmark = [pytest.mark.training, pytest.mark.slow]

Array = npt.NDArray[np.float32]

STRIDES = (16, 32)
SILENT = 0.5
"""The grey that the network's own scaling turns into zero."""
NARROW = 0.35
"""Width multiplier of hand-made networks: where layers look does not depend on how many channels they have."""

EVEN = np.full((3, 3), 1 / 9, np.float32)
TENT = np.outer([0.25, 0.5, 0.25], [0.25, 0.5, 0.25]).astype(np.float32)
POINT = np.outer([0, 1, 0], [0, 1, 0]).astype(np.float32)


def one_stage(input_size: int, stride: int) -> Recipe:
    """Return the recipe of an untrained, narrow network."""
    return Recipe(stages=(Stage(input_size, epochs=1, rate=1e-3),), output_stride=stride, alpha=NARROW)


def hand_made(recipe: Recipe, *, strided: Array, plain: Array) -> Any:
    """Return the explained network with one 3x3 kernel in its strided layers and one in the others.

    Every channel then holds the same blurred film, and so does every class map. The first layer scales it down so far
    that no activation reaches the 6 at which ReLU6 saturates.
    """
    import keras

    from training import network

    model = network.build(recipe)
    for layer in [*model.get_layer(network.BACKBONE).layers, model.get_layer(network.CLASS_MAPS)]:
        if not isinstance(layer, keras.layers.Conv2D | keras.layers.DepthwiseConv2D):
            continue
        shape = layer.get_weights()[0].shape
        taps = strided if layer.strides == (2, 2) else plain
        kernel = taps if shape[:2] == taps.shape else np.ones((1, 1), np.float32)
        mixed = 1 if isinstance(layer, keras.layers.DepthwiseConv2D) else shape[2]
        scale = 1e-4 if layer.name == "Conv1" else 1.0
        layer.set_weights([np.broadcast_to(scale / mixed * kernel[:, :, None, None], shape)])
    return network.explained(model)


@cache
def centre_by_impulses(stride: int) -> tuple[float, float]:
    """Return the input pixel (y, x) at the centre of what the first cell sees.

    Single bright pixels are put at every phase of a cell's stride, in the middle of an input so large that no cell's
    field is cut off by its edge. What each cell answers weighs the impulse's position relative to that cell.
    """
    size = 18 * 32
    network = hand_made(one_stage(size, stride), strided=EVEN, plain=EVEN)
    positions = [(size // 2 + phase, size // 2 + 5 * phase % stride) for phase in range(stride)]
    total, moment = 0.0, np.zeros(2)
    for start in range(0, stride, 8):
        batch = np.full((8, size, size, 1), SILENT, np.float32)
        for film, (y, x) in zip(batch, positions[start : start + 8], strict=True):
            film[y, x] = 1.0
        answers = network.predict_on_batch(batch)["class_maps"][..., 0].astype(np.float64)
        cells = stride * np.arange(answers.shape[1])
        for answer, (y, x) in zip(answers, positions[start : start + 8], strict=True):
            total += answer.sum()
            moment += ((y - cells) @ answer.sum(axis=1), (x - cells) @ answer.sum(axis=0))
    down, right = moment / total
    return float(down), float(right)


@pytest.fixture(scope="module")
def shipped() -> Bundle:
    return open_bundle()


@pytest.mark.parametrize("stride", STRIDES)
def test_impulses_find_the_centre_that_training_assumes(stride: int) -> None:
    found = centre_by_impulses(stride)

    assert found == pytest.approx((cell_offset(stride),) * 2, abs=0.02)
    naive = (stride - 1) / 2
    assert np.subtract(found, naive) / stride == pytest.approx((0.5, 0.5), abs=0.05)


def test_impulses_find_the_centre_that_the_shipped_bundle_names(shipped: Bundle) -> None:
    found = centre_by_impulses(shipped.manifest.cell_stride)

    assert found == pytest.approx((shipped.manifest.cell_offset,) * 2, abs=0.02)


@pytest.mark.parametrize("stride", STRIDES)
def test_drawn_heat_follows_a_patch_over_the_film(stride: int) -> None:
    """The whole way: film, letterbox, network, Grad-CAM, heat over the film; then its peak against the patch."""
    size, width, height, half = 288, 300, 400, 8
    network = hand_made(one_stage(size, stride), strided=TENT, plain=POINT)
    cell = stride * height / size  # film pixels
    margin = round(1.5 * cell)
    places = np.random.default_rng(stride).integers(margin, (height - margin, width - margin), (64, 2))
    films = np.full((len(places), height, width), SILENT, np.float32)
    for film, (y, x) in zip(films, places, strict=True):
        film[y - half : y + half + 1, x - half : x + half + 1] = 1.0
    canvases, boxes = zip(*(letterbox(film, size) for film in films), strict=True)
    maps = network.predict_on_batch(np.stack(canvases)[..., None])["class_maps"][..., 0]

    def misses(offset: float) -> npt.NDArray[np.float64]:
        heats = (
            film_heat(grad_cam(cam), box, stride, offset, width, height) for cam, box in zip(maps, boxes, strict=True)
        )
        peaks = [np.argwhere(heat > 0.999).mean(axis=0) for heat in heats]
        return np.asarray((np.array(peaks) - places) / cell)

    missed = misses(cell_offset(stride))
    assert np.abs(missed).max() < 1
    assert missed.mean(axis=0) == pytest.approx((0, 0), abs=0.1)
    assert misses((stride - 1) / 2).mean(axis=0) == pytest.approx((-0.5, -0.5), abs=0.1)


@pytest.mark.data
def test_shipped_maps_lie_on_the_outlined_fractures(shipped: Bundle, fracatlas: Path) -> None:
    """Shifted by any other offset, less of the heat falls inside the outlines that radiologists drew."""
    size, stride = shipped.manifest.input_size, shipped.manifest.cell_stride
    classifier = Classifier(shipped)
    offsets = shipped.manifest.cell_offset + stride * np.arange(-12, 13) / 8
    whole_input = Letterbox(size, 0, 0, size, size)
    caught = np.zeros(len(offsets))
    for film in [film for film in read(fracatlas).films if film.polygons][::5]:
        maps = classifier.run(letterbox(read_film(film), size)[0]).class_maps
        cam = grad_cam(maps[:, :, 1 + int(maps[:, :, 1:].max(axis=(0, 1)).argmax())])
        inside = outlined(outlines(film, size), size)
        if cam.max() > 0 and inside.any():
            heats = [film_heat(cam, whole_input, stride, offset, size, size) for offset in offsets]
            caught += [heat[inside].sum() / heat.sum() for heat in heats]

    best = offsets[caught.argmax()]
    assert abs(best - shipped.manifest.cell_offset) <= stride / 4, dict(zip(offsets, caught.round(2), strict=True))


def outlined(rings: list[list[tuple[float, float]]], size: int) -> npt.NDArray[np.bool_]:
    """Return where the input lies inside an outline, (size, size)."""
    mask = Image.new("1", (size, size))
    for ring in rings:
        ImageDraw.Draw(mask).polygon(ring, fill=1)
    return np.asarray(mask)
