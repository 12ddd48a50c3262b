"""Fine-tuning of one network in stages, resumable after any epoch."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import keras
import numpy as np
import numpy.typing as npt

from fracturelens.letterbox import letterbox
from training import network
from training.batches import Batches
from training.datasets import Dataset, Film
from training.losses import FractureMapLoss, MarginalCrossEntropy
from training.packing import pack, read_film
from training.progress import Progress
from training.recipe import Recipe, Stage

WEIGHTS = "model.weights.h5"
HISTORY = "history.csv"
CHECKPOINT = "checkpoint"
LOSSES = ("loss", "logits_loss", "cell_logits_loss")


def fit(
    dataset: Dataset,
    indices: npt.NDArray[np.int64],
    recipe: Recipe,
    start: str,
    folder: Path,
    cache: Path,
    progress: Progress,
) -> keras.Model:
    """Train on the films at ``indices`` stage by stage; a stage whose weights ``folder`` has is not trained again.

    ``start`` names the backbone's start (see ``network.build``). ``folder`` gets each stage's weights, the
    history, and while a stage runs a checkpoint to resume from; ``cache`` keeps the packed films.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "recipe.json").write_text(json.dumps(recipe.to_json(), indent=2) + "\n")
    paths = [folder / f"stage-{number}.weights.h5" for number in range(len(recipe.stages) - 1)] + [folder / WEIGHTS]
    finished = max((number for number, path in enumerate(paths) if path.is_file()), default=-1)
    model = network.build(recipe, start if finished < 0 else "none", recipe.stages[max(finished, 0)])
    if finished >= 0:
        model.load_weights(paths[finished])
        progress.skip(finished + 1)
    for number in range(finished + 1, len(paths)):
        stage = recipe.stages[number]
        if number > max(finished, 0):
            model = _passed_on(model, recipe, stage)
        if stage.epochs:
            packed = pack(dataset, dataset.digest(), stage.input_size, cache)
            batches = Batches(list(dataset.films), packed, indices, recipe, stage)
            _train(model, batches, sum(earlier.epochs for earlier in recipe.stages[:number]), folder, progress)
        model.save_weights(paths[number])
        shutil.rmtree(folder / CHECKPOINT, ignore_errors=True)
    return model


def _passed_on(model: keras.Model, recipe: Recipe, stage: Stage) -> keras.Model:
    """Return the next stage's network with the weights of the one before."""
    following = network.build(recipe, stage=stage)
    following.set_weights(model.get_weights())
    return following


def _train(model: keras.Model, batches: Batches, done: int, folder: Path, progress: Progress) -> None:
    """Train one stage; ``done`` counts the epochs of those before it."""
    recipe, stage = batches.recipe, batches.stage
    network.unfreeze(model, recipe, head_only=stage.head_only)
    steps = len(batches) * stage.epochs
    warmup = max(1, round(steps * recipe.warmup))
    schedule = keras.optimizers.schedules.CosineDecay(
        stage.rate / 20, decay_steps=max(1, steps - warmup), alpha=0.01, warmup_target=stage.rate, warmup_steps=warmup
    )
    optimizer = keras.optimizers.AdamW(
        schedule,
        weight_decay=recipe.weight_decay,
        clipnorm=5.0,
        use_ema=stage.averaging > 0,
        ema_momentum=stage.averaging or 0.99,
    )
    model.compile(
        optimizer,
        loss={"logits": MarginalCrossEntropy(name="film"), "cell_logits": FractureMapLoss(recipe.focal_gamma)},
        loss_weights={"logits": 1.0, "cell_logits": stage.map_weight},
        jit_compile=False,  # XLA on CPU was eight times slower on this network
    )
    callbacks: list[keras.callbacks.Callback] = [
        _Epoch(batches, done),
        keras.callbacks.BackupAndRestore(str(folder / CHECKPOINT), double_checkpoint=True),
        _History(folder / HISTORY, done, stage),
        progress.stage(stage),
    ]
    model.fit(batches, epochs=stage.epochs, callbacks=callbacks, verbose=0, shuffle=False)


class _Epoch(keras.callbacks.Callback):  # type: ignore[misc]
    """Tell the batches which epoch it is, counted over all stages."""

    def __init__(self, batches: Batches, done: int) -> None:
        super().__init__()
        self.batches = batches
        self.done = done

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        self.batches.epoch = self.done + epoch


class _History(keras.callbacks.Callback):  # type: ignore[misc]
    """Append each epoch's losses to one CSV file for all stages."""

    def __init__(self, path: Path, done: int, stage: Stage) -> None:
        super().__init__()
        self.path = path
        self.done = done
        self.stage = stage

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        row = {"epoch": self.done + epoch, "input_size": self.stage.input_size, **{n: (logs or {})[n] for n in LOSSES}}
        begun = self.path.is_file()
        with self.path.open("a", newline="") as lines:
            writer = csv.DictWriter(lines, list(row))
            if not begun:
                writer.writeheader()
            writer.writerow(row)


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
