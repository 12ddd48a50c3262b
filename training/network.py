"""MobileNetV2 with one logit map per class: the network whose Grad-CAM needs no gradient."""

from __future__ import annotations

import math
from typing import Any

import keras
from keras import ops

from fracturelens.bundle import CLASSES
from training.recipe import Recipe, Stage

CELL_PRIOR = -3.0
"""Initial bias of the fracture classes: few cells show a fracture, and maps that start near zero then stay
clean of background (Grad-CAM leaves the bias out)."""

MIDDLE = 0.4
"""Grey value between air and bone. A variance is a difference of squares: taken about here they are small, and so is
what float32 rounds off, which no two runtimes round alike."""

BACKBONE = "mobilenet_v2"
CLASS_MAPS = "class_maps"


@keras.saving.register_keras_serializable(package="fracturelens")
class ClassPooling(keras.layers.Layer):  # type: ignore[misc]
    """Pool class maps (n, h, w, 3) to logits (n, 3) after adding a bias per class; also return the biased maps.

    ``normal`` is a statement about the whole film and pools by the mean; a fracture is a few cells, so its classes
    pool by log-mean-exp, ``log(mean(exp(r m))) / r``, which leans to the strongest cells. Both weigh the cells with
    weights that sum to one, which is what makes Grad-CAM equal the map itself.
    """

    def __init__(self, sharpness: float, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.sharpness = sharpness

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        prior = [0.0 if name == "normal" else CELL_PRIOR for name in CLASSES]
        self.bias = self.add_weight(
            shape=(len(CLASSES),),
            initializer=lambda shape, dtype=None: ops.convert_to_tensor(prior, dtype),
            name="bias",
        )

    def call(self, maps: Any) -> tuple[Any, Any]:
        cell_logits = maps + self.bias
        normal = ops.mean(cell_logits[..., :1], axis=(1, 2))
        cells = cell_logits.shape[1] * cell_logits.shape[2]
        total = ops.logsumexp(self.sharpness * cell_logits[..., 1:], axis=(1, 2))
        fracture = (total - math.log(cells)) / self.sharpness
        return ops.concatenate([normal, fracture], axis=-1), cell_logits

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "sharpness": self.sharpness}


@keras.saving.register_keras_serializable(package="fracturelens")
class LocalContrast(keras.layers.Layer):  # type: ignore[misc]
    """Films (n, size, size, 1) in [0, 1] to what stands out from its surroundings, about -1 to 1.

    Each pixel loses the mean of its neighbourhood and is divided by the deviation there, both taken over 3 x 3 blocks
    of ``block`` pixels (a power of two) and interpolated between (a coarse form of local response normalisation;
    Jarrett et al., 2009). Trabeculae in a dark hand then stand out as much as those in a bright knee, and the kernels
    learnt on photographs find the contrasts that they expect.
    """

    def __init__(self, block: int, floor: float = 0.04, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.block = block
        self.floor = floor
        # Halved again and again rather than at once: sums of four are exact where a film is even, sums of 256 are not,
        # and what is left of an even place's variance would differ from one runtime to another.
        self.halve = keras.layers.AveragePooling2D(2)
        self.smooth = keras.layers.AveragePooling2D(3, strides=1, padding="same")
        self.spread = keras.layers.UpSampling2D(block, interpolation="bilinear")

    def call(self, film: Any) -> Any:
        film = film - MIDDLE
        mean = self._around(film)
        variance = ops.maximum(self._around(ops.square(film)) - ops.square(mean), 0.0)
        # The floor keeps the grain of empty air from being blown up into texture.
        return ops.clip(0.5 * (film - mean) / (ops.sqrt(variance) + self.floor), -1.0, 1.0)

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Nothing to build: no part has weights."""
        self.built = True

    def _around(self, values: Any) -> Any:
        for _ in range(self.block.bit_length() - 1):
            values = self.halve(values)
        return self.spread(self.smooth(values))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "block": self.block, "floor": self.floor}


def backbone(recipe: Recipe, weights: str, side: int) -> keras.Model:
    """Return MobileNetV2 without its top for inputs of ``side`` pixels, at the recipe's output stride.

    At stride 16 the last stage runs undecimated: its stride is removed and the depthwise kernels behind it are
    dilated by two (Chen et al., 2017, DeepLab), so the published weights stay valid on a map four times as dense.
    """
    model = keras.applications.MobileNetV2(
        input_shape=(side, side, 3),
        alpha=recipe.alpha,
        include_top=False,
        weights=None if weights == "none" else weights,
    )
    model.name = BACKBONE
    if recipe.output_stride == 32:
        return model
    if recipe.output_stride != 16:
        raise ValueError(f"output_stride must be 16 or 32, not {recipe.output_stride}")
    config = model.get_config()
    for layer in config["layers"]:
        settings = layer["config"]
        if settings["name"] == "block_13_pad":
            settings["padding"] = ((1, 1), (1, 1))
        elif settings["name"] == "block_13_depthwise":
            settings["strides"] = (1, 1)
        elif settings["name"] in {"block_14_depthwise", "block_15_depthwise", "block_16_depthwise"}:
            settings["dilation_rate"] = (2, 2)
    dense = keras.Model.from_config(config)
    dense.set_weights(model.get_weights())
    return dense


def build(recipe: Recipe, weights: str = "none", stage: Stage | None = None) -> keras.Model:
    """Build the network; ``weights`` is the backbone's start: a file, ``imagenet`` (downloaded) or ``none``.

    ``stage`` is the one whose input the network takes, by default the last; the weights are the same in all.

    Input ``film``: grey, (n, size, size, 1), [0, 1].
    Outputs ``logits`` (n, 3) and ``cell_logits`` (n, h, w, 3), the class maps with the bias added, for the map loss.
    """
    keras.utils.set_random_seed(recipe.seed)
    stage = stage or recipe.stages[-1]
    side = stage.input_size
    film = keras.Input((side, side, 1), name="film")
    if stage.local_contrast:
        scaled = LocalContrast(recipe.output_stride, name="local_contrast")(film)
    else:
        scaled = keras.layers.Rescaling(2.0, -1.0, name="to_imagenet_range")(film)
    colour = keras.layers.Concatenate(name="grey_to_rgb")([scaled, scaled, scaled])
    base = backbone(recipe, weights, side)
    start = keras.initializers.RandomNormal(stddev=0.01, seed=recipe.seed)
    maps = keras.layers.Conv2D(len(CLASSES), 1, use_bias=False, kernel_initializer=start, name=CLASS_MAPS)(base(colour))
    logits, cell_logits = ClassPooling(recipe.sharpness, name="pooling")(maps)
    return keras.Model(film, {"logits": logits, "cell_logits": cell_logits}, name="fracturelens")


def explained(model: keras.Model) -> keras.Model:
    """Return the same network with what serving and Grad-CAM need as outputs.

    ``logits`` (n, 3), ``class_maps`` (n, h, w, 3) without bias, and ``features`` (n, 1280), the mean of the last
    feature maps.
    """
    maps = model.get_layer(CLASS_MAPS)
    features = keras.layers.GlobalAveragePooling2D(name="features")(maps.input)
    return keras.Model(model.input, {"logits": model.output["logits"], "class_maps": maps.output, "features": features})


def unfreeze(model: keras.Model, recipe: Recipe, *, head_only: bool) -> None:
    """Choose what learns: the head alone, or with it the backbone behind ``recipe.frozen_until``.

    Batch normalisation keeps its ImageNet statistics throughout: batches here are half fractured, and their
    statistics are not those of the films to come.
    """
    frozen = head_only or bool(recipe.frozen_until)
    for layer in model.get_layer(BACKBONE).layers:
        if frozen and not head_only and _behind(layer.name, recipe.frozen_until):
            frozen = False
        layer.trainable = not frozen and not isinstance(layer, keras.layers.BatchNormalization)


def _behind(name: str, block: str) -> bool:
    """Say whether a layer of MobileNetV2 belongs to a later block than ``block`` ("block_5")."""
    number = int(block.removeprefix("block_"))
    if name.startswith("block_"):
        return int(name.split("_")[1]) > number
    return name.startswith(("Conv_1", "out_"))
