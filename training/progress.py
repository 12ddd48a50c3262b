"""One progress bar for a whole training, with the time left: folds, stages and epochs together."""

from __future__ import annotations

from types import TracebackType
from typing import Self, TextIO

import keras
from tqdm import tqdm

from training.recipe import Recipe, Stage

REFERENCE_SIZE = 288
HEAD_SHARE = 0.5
"""What a film costs while the backbone is frozen, as a share of what it costs otherwise (measured on two cores)."""


def stage_cost(recipe: Recipe, stage: Stage) -> float:
    """Return what a stage costs, in films of 288 x 288 pixels with everything learning."""
    films = recipe.epoch_films * stage.epochs
    return films * (stage.input_size / REFERENCE_SIZE) ** 2 * (HEAD_SHARE if stage.head_only else 1.0)


class Progress:
    """A bar over the training of several networks; use as a context manager.

    What was finished by an earlier run counts as done, but not towards the speed from which the time left follows.
    The bar is drawn on ``file``, by default standard error.
    """

    def __init__(self, recipe: Recipe, networks: int, file: TextIO | None = None) -> None:
        self._recipe = recipe
        self._done = 0.0
        self._total = round(networks * self._cost(recipe.stages))
        self._bar = tqdm(
            total=self._total,
            desc="Training",
            file=file,
            bar_format="{desc} {percentage:3.0f}%|{bar}| {elapsed} gone, {remaining} left{postfix}",
            mininterval=1.0,
            smoothing=0,  # average speed: what an earlier run finished must not count
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.close()

    def network(self, title: str) -> None:
        """Begin the next network; it is called ``title``."""
        self._bar.set_description(title)

    def skip(self, stages: int) -> None:
        """Count a network's first stages as finished before."""
        cost = self._cost(self._recipe.stages[:stages])
        self._done += cost
        self._pass_over(cost)

    def stage(self, stage: Stage) -> keras.callbacks.Callback:
        """Return what follows one stage."""
        return Follower(self, stage)

    def seconds_left(self) -> float | None:
        """Return how long the rest will take at the speed so far; ``None`` as long as nothing was done."""
        seen = self._bar.n - self._bar.initial
        elapsed: float = self._bar.format_dict["elapsed"]
        return elapsed * (self._total - self._bar.n) / seen if seen else None

    def finish_stage(self, stage: Stage) -> None:
        """Count a stage as finished."""
        self._done += stage_cost(self._recipe, stage)
        self._show(0.0)

    def within(self, stage: Stage, share: float, loss: float | None, *, resumed: bool) -> None:
        """Show how much of the present stage is done."""
        if loss is not None:
            self._bar.set_postfix_str(f"{stage.input_size} px, loss {loss:.3f}", refresh=False)
        present = share * stage_cost(self._recipe, stage)
        if resumed:
            self._pass_over(present)
        self._show(present)

    def _show(self, present: float) -> None:
        self._bar.update(round(self._done + present) - self._bar.n)

    def _pass_over(self, cost: float) -> None:
        self._bar.n += round(cost)
        self._bar.initial += round(cost)
        self._bar.refresh()

    def _cost(self, stages: tuple[Stage, ...]) -> float:
        return sum(stage_cost(self._recipe, stage) for stage in stages)


class Follower(keras.callbacks.Callback):  # type: ignore[misc]
    """Tell the bar about each batch, also after a resumed stage has skipped epochs."""

    def __init__(self, progress: Progress, stage: Stage) -> None:
        super().__init__()
        self.progress = progress
        self.stage = stage
        self.epoch = -1

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        resumed = self.epoch < 0 < epoch
        self.epoch = epoch
        self.progress.within(self.stage, epoch / self.stage.epochs, None, resumed=resumed)

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        share = (self.epoch + (batch + 1) / self.params["steps"]) / self.stage.epochs
        self.progress.within(self.stage, share, (logs or {}).get("loss"), resumed=False)

    def on_train_end(self, logs: dict[str, float] | None = None) -> None:
        self.progress.finish_stage(self.stage)
