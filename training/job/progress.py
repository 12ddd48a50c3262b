"""What a job does after each epoch: it says how far it is, keeps a checkpoint, and looks whether it is to stop."""

from __future__ import annotations

import io
import sys
from types import TracebackType
from typing import Self

import keras

from training.job.checkpoints import Checkpoints
from training.job.log import say
from training.job.places import PlaceError
from training.job.stop import Stop
from training.progress import Follower, Progress
from training.recipe import Recipe, Stage


class JobProgress(Progress):
    """The progress of a job: a bar at a terminal, else a line an epoch; see ``Progress``."""

    def __init__(self, recipe: Recipe, networks: int, step: str, checkpoints: Checkpoints, stop: Stop) -> None:
        super().__init__(recipe, networks, None if sys.stderr.isatty() else io.StringIO())
        self._step = step
        self._checkpoints = checkpoints
        self._stop = stop
        self._title = ""
        self._epochs_before = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        super().__exit__(kind, error, trace)
        self.keep()

    def network(self, title: str) -> None:
        super().network(title)
        self._title = title
        self._epochs_before = 0
        self.keep()
        self._stop.check()

    def skip(self, stages: int) -> None:
        super().skip(stages)
        self._epochs_before = sum(stage.epochs for stage in self._recipe.stages[:stages])

    def stage(self, stage: Stage) -> keras.callbacks.Callback:
        return _Epochs(self, stage)

    def finish_stage(self, stage: Stage) -> None:
        super().finish_stage(stage)
        self._epochs_before += stage.epochs

    def finish_epoch(self, epoch: int, loss: float | None) -> None:
        """Say that an epoch of the present stage is over, and keep a checkpoint."""
        number, total = self._epochs_before + epoch + 1, sum(stage.epochs for stage in self._recipe.stages)
        left = self.seconds_left()
        if not sys.stderr.isatty():
            say(
                f"{self._title}: epoch {number} of {total}",
                step=self._step,
                network=self._title,
                epoch=number,
                of=total,
                loss=None if loss is None else round(loss, 4),
                seconds_left=None if left is None else round(left),
            )
        self.keep()
        self._stop.check()

    def keep(self) -> None:
        """Keep a checkpoint; if that fails, training goes on and the next epoch tries again."""
        try:
            self._checkpoints.save()
        except PlaceError as error:
            say(f"no checkpoint could be kept: {error}", level="warning", step=self._step)

    def look(self) -> None:
        """Stop, if that was asked."""
        self._stop.check()


class _Epochs(Follower):
    """Tell the job about each epoch, after everything else has been written."""

    progress: JobProgress

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        super().on_train_batch_end(batch, logs)
        if batch + 1 < self.params["steps"]:  # after the last one, the epoch counts first
            self.progress.look()

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        self.progress.finish_epoch(epoch, (logs or {}).get("loss"))
