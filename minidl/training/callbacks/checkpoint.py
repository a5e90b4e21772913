"""Checkpoints of a training."""

from __future__ import annotations

import math
import signal
import threading
import time
from contextlib import ExitStack
from pathlib import Path
from types import FrameType
from typing import Any

from ...errors import ArgumentError
from ...serialization.json_codec import encode
from ...serialization.model_file import model_datasets, save_model
from ...utils.atomic_files import FilePath
from ...utils.environment import fingerprint
from ...utils.typing import Array
from ...utils.validation import is_integer
from ..history import higher_is_better
from ..resume import capture_state
from .base import Callback, TrainingRun


class Checkpoint(Callback):
    """Keep the training on disk, and end it well on Ctrl-C and SIGTERM: the step is finished, the training saved, and `fit` returns.

    `fit(..., resume=path)`, with the same model, data, optimizer and callbacks, goes on bit for bit as if it had never stopped, if
    NumPy, its BLAS, the processor and the number of threads are the same; else a warning says what differs.

    Parameters
    ----------
    path : path
        A model's file, which `Sequential.load` reads too; folders are made.
    every_epochs : int or None, default 1
        Save after each so many epochs, and after the last one.
    every_seconds : float, optional
        Save also within an epoch, so many seconds after the last save.
    keep : {"last", "best", "both"}, default "last"
        Which state `path` holds; "best" is that of the epoch with the best `monitor`. "both" keeps it in `best_path`, `name.best.h5`
        beside `name.h5`.
    monitor : str, default "val_loss"
        A name in the history; an accuracy is better where larger, anything else where smaller.

    Raises
    ------
    ArgumentError
        For bad settings; from `fit`, if the history will have no `monitor`, or something is no plain value and cannot be kept.
    DataError
        From `fit`, if the file cannot be written, or is not a training such as this one.
    """

    run_last = True  # the state to keep is the one after all other callbacks

    def __init__(
        self,
        path: FilePath,
        every_epochs: int | None = 1,
        every_seconds: float | None = None,
        keep: str = "last",
        monitor: str = "val_loss",
    ) -> None:
        if not (every_epochs is None or is_integer(every_epochs)):
            raise ArgumentError(
                f"every_epochs must be a whole number >= 1 or None, got {every_epochs!r} in Checkpoint"
            )
        if not (
            every_seconds is None or (isinstance(every_seconds, int | float) and every_seconds > 0)
        ):
            raise ArgumentError(
                f"every_seconds must be > 0 or None, got {every_seconds!r} in Checkpoint"
            )
        if keep not in ("last", "best", "both"):
            raise ArgumentError(
                f"keep must be 'last', 'best' or 'both', got {keep!r} in Checkpoint"
            )
        goal = Path(path)
        self.every_epochs, self.every_seconds, self.keep, self.monitor = (
            every_epochs,
            every_seconds,
            keep,
            monitor,
        )
        self.path = None if keep == "best" else goal
        self.best_path = {
            "last": None,
            "best": goal,
            "both": goal.with_name(f"{goal.stem}.best{goal.suffix}"),
        }[keep]

    def on_train_begin(self, run: TrainingRun) -> None:
        """Refuse what could not be saved or watched; begin to listen for signals."""
        if self.best_path:
            run.require_metric(self.monitor, self)
        model_datasets(run.model.objective_function)
        run.optimizer.state()
        self.best = math.nan
        self._caught: signal.Signals | None = None
        self._saved = time.perf_counter()
        self._signals = ExitStack()
        if threading.current_thread() is threading.main_thread():  # others get no signals
            for number in (signal.SIGINT, signal.SIGTERM):
                self._signals.callback(signal.signal, number, signal.signal(number, self._catch))

    def on_batch_end(self, run: TrainingRun) -> None:
        """Save within an epoch, if it is time."""
        if self._caught:
            self._end(run, self._caught)
        elif self.every_seconds and time.perf_counter() - self._saved >= self.every_seconds:
            self._save(run, self.path)

    def on_epoch_end(self, run: TrainingRun) -> None:
        """Save after an epoch, if it is due."""
        number = run.history[self.monitor][-1] if self.best_path else math.nan
        better = number > self.best if higher_is_better(self.monitor) else number < self.best
        if better or math.isnan(self.best) > math.isnan(number):
            self.best = number
            self._save(run, self.best_path)
        last = run.stopped or run.epoch == run.epochs
        if last or (self.every_epochs and run.epoch % self.every_epochs == 0):
            self._save(run, self.path)
        if self._caught and not last:
            self._end(run, self._caught)

    def on_train_end(self, run: TrainingRun) -> None:
        """Give the signals back."""
        self._signals.close()

    def state(self) -> dict[str, Any]:
        """Return the best number so far."""
        return {"best": self.best} if self.best_path else {}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from there."""
        self.best = float(state["best"])

    def _catch(self, number: int, frame: FrameType | None) -> None:
        self._caught = signal.Signals(number)
        self._signals.close()  # the next one has its usual effect

    def _end(self, run: TrainingRun, caught: signal.Signals) -> None:
        self._save(run, self.path)
        where = (
            f"{self.path} holds the training: fit(resume=...) goes on"
            if self.path
            else f"{self.best_path} holds its best epoch"
        )
        run.stop(
            f"{caught.name} in epoch {run.epoch}, after batch {run.batch} of {run.batches_per_epoch}; {where}",
            now=True,
        )

    def _save(self, run: TrainingRun, path: Path | None) -> None:
        if path:
            arrays: dict[str, Array] = {}
            training = {"state": encode(capture_state(run), arrays), "environment": fingerprint()}
            save_model(run.model.objective_function, path, {"training": training}, arrays)
            self._saved = time.perf_counter()
