"""A callback that lets others decide when a training goes on: run, pause, one step, end."""

from __future__ import annotations

import threading
import time

from ..training.callbacks.base import Callback, TrainingRun

CLOSED = "the page was closed, or its settings changed"


class Control(Callback):
    """Holds a training until it is to go on.

    A training that waits takes no time of the processor. It begins paused. All methods but the
    hooks may be called from any thread.

    Parameters
    ----------
    epochs_per_second : float or None, default None
        At most this many epochs are trained in a second; None for as many as possible.

    Attributes
    ----------
    is_running : bool
        Whether the training goes on without being asked for single steps.

    Examples
    --------
    >>> control = Control()
    >>> control.step()
    >>> control.is_running
    False
    """

    def __init__(self, epochs_per_second: float | None = None) -> None:
        self.epochs_per_second = epochs_per_second
        self.is_running = False
        self._steps = 0
        self._is_closed = False
        self._changed = threading.Condition()
        self._next_epoch = 0.0

    def start(self) -> None:
        """Let the training run."""
        self._set(is_running=True)

    def pause(self) -> None:
        """Hold the training after the current batch."""
        self._set(is_running=False)

    def step(self) -> None:
        """Hold the training after one more batch."""
        with self._changed:
            self.is_running = False
            self._steps += 1
            self._changed.notify_all()

    def close(self) -> None:
        """End the training after the current batch, and the batches that `step` has asked for."""
        with self._changed:
            self._is_closed = True
            self.is_running = False
            self._changed.notify_all()

    def set_speed(self, epochs_per_second: float | None) -> None:
        """Set how many epochs are trained in a second at most.

        Parameters
        ----------
        epochs_per_second : float or None
            The number; None for as many as possible.
        """
        with self._changed:
            self.epochs_per_second = epochs_per_second
            self._next_epoch = 0.0
            self._changed.notify_all()

    def on_train_begin(self, run: TrainingRun) -> None:
        """Wait for the first batch."""
        self._wait(run)

    def on_batch_end(self, run: TrainingRun) -> None:
        """Wait for the next batch, of a new epoch as long as the speed asks for."""
        if run.batch == run.batches_per_epoch:
            return  # the epoch is to be in the history first
        self._wait(run)

    def on_epoch_end(self, run: TrainingRun) -> None:
        """Wait for the next epoch."""
        with self._changed:
            while not self._is_closed and self.is_running and self.epochs_per_second:
                seconds = self._next_epoch - time.monotonic()
                if seconds <= 0:
                    break
                self._changed.wait(seconds)
            if self.epochs_per_second:
                self._next_epoch = (
                    max(self._next_epoch, time.monotonic()) + 1 / self.epochs_per_second
                )
        self._wait(run)

    def _set(self, *, is_running: bool) -> None:
        with self._changed:
            self.is_running = is_running
            self._steps = 0
            self._changed.notify_all()

    def _wait(self, run: TrainingRun) -> None:
        with self._changed:
            while not (self._is_closed or self.is_running or self._steps):
                self._changed.wait()
            if self._steps:  # also before the training ends: what was asked for is done
                self._steps -= 1
            elif self._is_closed:
                run.stop(CLOSED, now=True)
