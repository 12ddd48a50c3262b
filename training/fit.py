"""Two-phase fine-tuning of one network, resumable after any epoch."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import keras
import numpy as np
import numpy.typing as npt

from fracturelens.letterbox import letterbox
from training import network
from training.batches import Batches
from training.datasets import Film
from training.losses import FractureMapLoss, MarginalCrossEntropy
from training.packing import read_film
from training.recipe import Recipe

WEIGHTS = "model.weights.h5"
HISTORY = "history.csv"


def fit(
    films: list[Film],
    packed: npt.NDArray[np.uint8],
    indices: npt.NDArray[np.int64],
    recipe: Recipe,
    start: str,
    folder: Path,
) -> keras.Model:
    """Train on the films at ``indices``, or read the finished weights if ``folder`` has them.

    ``start`` names the backbone's start (see ``network.build``). ``folder`` gets the weights (an
    exponential average over the steps), the history, and while it runs a checkpoint to resume from.
    """
    weights = folder / WEIGHTS
    model = network.build(recipe, "none" if weights.is_file() else start)
    if weights.is_file():
        model.load_weights(weights)
        return model
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "recipe.json").write_text(json.dumps(recipe.to_json(), indent=2) + "\n")
    batches = Batches(films, packed, indices, recipe)
    head = folder / "head.weights.h5"
    if not head.is_file():
        _phase(model, batches, recipe, head_only=True, folder=folder)
        model.save_weights(head)
    model.load_weights(head)
    _phase(model, batches, recipe, head_only=False, folder=folder)
    model.save_weights(weights)
    shutil.rmtree(folder / "checkpoint", ignore_errors=True)
    head.unlink()
    return model


def _phase(model: keras.Model, batches: Batches, recipe: Recipe, *, head_only: bool, folder: Path) -> None:
    network.unfreeze(model, None if head_only else recipe)
    epochs = recipe.head_epochs if head_only else recipe.epochs
    steps = len(batches) * epochs
    rate = recipe.head_rate if head_only else recipe.rate
    warmup = max(1, round(steps * recipe.warmup))
    schedule = keras.optimizers.schedules.CosineDecay(
        rate / 20, decay_steps=max(1, steps - warmup), alpha=0.01, warmup_target=rate, warmup_steps=warmup
    )
    optimizer = keras.optimizers.AdamW(
        schedule,
        weight_decay=recipe.weight_decay,
        clipnorm=5.0,
        use_ema=not head_only,
        ema_momentum=recipe.ema_momentum,
    )
    model.compile(
        optimizer,
        loss={"logits": MarginalCrossEntropy(name="film"), "cell_logits": FractureMapLoss(recipe.focal_gamma)},
        loss_weights={"logits": 1.0, "cell_logits": recipe.map_weight},
        jit_compile=False,  # XLA on CPU was eight times slower on this network
    )
    callbacks: list[keras.callbacks.Callback] = [_Epoch(batches, offset=0 if head_only else recipe.head_epochs)]
    if not head_only:
        backup = keras.callbacks.BackupAndRestore(str(folder / "checkpoint"), double_checkpoint=True)
        log = keras.callbacks.CSVLogger(str(folder / HISTORY), append=(folder / "checkpoint").is_dir())
        callbacks += [backup, log]
    model.fit(batches, epochs=epochs, callbacks=callbacks, verbose="auto", shuffle=False)


class _Epoch(keras.callbacks.Callback):  # type: ignore[misc]
    """Tell the batches which epoch it is, counted over both phases."""

    def __init__(self, batches: Batches, offset: int) -> None:
        super().__init__()
        self.batches = batches
        self.offset = offset

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        self.batches.epoch = self.offset + epoch


def predict(
    model: keras.Model, films: list[Film], indices: npt.NDArray[np.int64], recipe: Recipe
) -> dict[str, npt.NDArray[np.float32]]:
    """Read films exactly as serving does.

    Returns
    -------
    dict
        ``logits`` (n, 3), ``class_maps`` (n, h, w, 3) and ``features`` (n, 1280), in the order of ``indices``.
    """
    reader = network.explained(model)
    parts: list[dict[str, npt.NDArray[np.float32]]] = []
    for start in range(0, len(indices), recipe.batch_size):
        chosen = indices[start : start + recipe.batch_size]
        inputs = np.stack([letterbox(read_film(films[i]), recipe.input_size)[0] for i in chosen])
        parts.append(reader.predict_on_batch(inputs[..., None]))
    return {name: np.concatenate([np.asarray(part[name]) for part in parts]) for name in parts[0]}
