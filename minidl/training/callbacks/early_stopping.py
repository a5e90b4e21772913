"""Early stopping."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...errors import ArgumentError
from ...utils.metrics import higher_is_better
from ...utils.typing import Array
from ...utils.validation import is_integer
from .base import Callback, TrainingRun


class EarlyStopping(Callback):
    """Stop training when a metric has not improved for some epochs.

    Parameters
    ----------
    monitor : str, default "val_loss"
        The name of the metric in the history. Accuracies are better if higher, all other metrics if
        lower.
    patience : int, default 10
        The number of epochs without an improvement after which training stops, >= 1.
    min_delta : float, default 0.0
        By how much the metric must be better than the best so far to count as improved, >= 0.
    restore_best : bool, default True
        Whether to restore the parameters of the best epoch when training ends, early or not: those
        after the epoch. Where an epoch is one step, the "loss" and "accuracy" of training belong to
        the parameters before it, and these are restored.

    Attributes
    ----------
    best : float
        The best value of the metric so far; NaN before the first epoch.
    best_epoch : int
        The number of its epoch; 0 before the first epoch.

    Raises
    ------
    ArgumentError
        If an argument is invalid; from `fit`, if the history will have no `monitor`.

    See Also
    --------
    Checkpoint : Saves the best epoch to a file.

    Examples
    --------
    >>> from minidl import EarlyStopping, GradientDescent, Linear, MeanSquaredError, Sequential
    >>> model = Sequential([Linear(1, 1)], loss=MeanSquaredError())
    >>> X, Y = [[1.0], [2.0]], [2.0, 4.0]
    >>> stopping = EarlyStopping("loss", patience=2, min_delta=0.1)
    >>> optimizer = GradientDescent(0.1)
    >>> history = model.fit(
    ...     X, Y, optimizer=optimizer, epochs=99, callbacks=[stopping], progress=False
    ... )
    >>> history.epochs < 99
    True
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        *,
        patience: int = 10,
        min_delta: float = 0.0,
        restore_best: bool = True,
    ) -> None:
        if not is_integer(patience):
            rule = "patience must be an integer >= 1"
            raise ArgumentError(f"{rule}, got {patience!r} in EarlyStopping")
        if not (math.isfinite(min_delta) and min_delta >= 0):
            rule = "min_delta must be finite and >= 0"
            raise ArgumentError(f"{rule}, got {min_delta} in EarlyStopping")
        self.monitor = monitor
        self.patience = patience
        self.min_delta = min_delta
        self.restore_best = restore_best
        self._reset()

    def _reset(self) -> None:
        self.best = math.nan
        self.best_epoch = 0
        self._best_theta: Array | None = None
        self._measured_theta: Array | None = None  # before the step of the current epoch

    def on_train_begin(self, run: TrainingRun) -> None:
        run.require_metric(self.monitor, self)
        self._reset()
        self._theta_shape = run.model.parameters.theta.shape
        self._keeps_measured = self.restore_best and run.measures_before_step(self.monitor)

    def on_gradient(self, run: TrainingRun) -> None:
        if self._keeps_measured:
            self._measured_theta = run.model.parameters.theta.copy()

    def on_epoch_end(self, run: TrainingRun) -> None:
        value = run.history[self.monitor][-1]
        measured_theta, self._measured_theta = self._measured_theta, None
        if self._is_improved(value):
            self.best = value
            self.best_epoch = run.epoch
            if self.restore_best:
                if measured_theta is None:
                    measured_theta = run.model.parameters.theta.copy()
                self._best_theta = measured_theta
        elif run.epoch - self.best_epoch >= self.patience:
            run.stop(
                f"{self.monitor} has not improved on {self.best:.6g} (epoch {self.best_epoch}) "
                f"for {self.patience} epochs"
            )

    def _is_improved(self, value: float) -> bool:
        if self.best_epoch == 0:
            return True
        if math.isnan(self.best):
            return not math.isnan(value)
        gain = value - self.best if higher_is_better(self.monitor) else self.best - value
        return gain > self.min_delta

    def state(self) -> dict[str, Any]:
        state = {"best": self.best, "best_epoch": self.best_epoch, "theta": self._best_theta}
        if self._measured_theta is not None:  # between the step and the end of the epoch
            state["measured_theta"] = self._measured_theta
        return state

    def restore(self, state: dict[str, Any]) -> None:
        theta, measured_theta = state["theta"], state.get("measured_theta")
        for kept_theta in (theta, measured_theta):
            if kept_theta is not None and np.shape(kept_theta) != self._theta_shape:
                rule = f"the best parameters must have the shape {self._theta_shape}"
                raise ArgumentError(f"{rule}, got {np.shape(kept_theta)}")
        self.best = float(state["best"])
        self.best_epoch = int(state["best_epoch"])
        self._best_theta = theta
        self._measured_theta = measured_theta

    def on_train_end(self, run: TrainingRun) -> None:
        if self._best_theta is None:
            return
        run.model.parameters.theta = self._best_theta
        if run.stopped:
            run.stop(f"{run.stopped}; the parameters of epoch {self.best_epoch} were restored")
