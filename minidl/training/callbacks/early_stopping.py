"""Early stopping."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...errors import ArgumentError
from ...utils.typing import Array
from ...utils.validation import is_integer
from ..history import higher_is_better
from .base import Callback, TrainingRun


class EarlyStopping(Callback):
    """Stop when a number of the history has not improved for some epochs.

    Parameters
    ----------
    monitor : str, default "val_loss"
        Its name; an accuracy is better where larger, anything else where smaller.
    patience : int, default 10
        Epochs without an improvement, >= 1.
    min_delta : float, default 0.0
        >= 0, by which it must be better to count.
    restore_best : bool, default True
        Whether the parameters of the best epoch come back at the end, also after the last epoch.

    Raises
    ------
    ArgumentError
        For bad settings; from `fit`, if the history will have no such number.
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
            raise ArgumentError(
                f"patience must be a whole number >= 1, got {patience!r} in EarlyStopping"
            )
        if not (math.isfinite(min_delta) and min_delta >= 0):
            raise ArgumentError(
                f"min_delta must be finite and >= 0, got {min_delta} in EarlyStopping"
            )
        self.monitor, self.patience, self.min_delta, self.restore_best = (
            monitor,
            patience,
            min_delta,
            restore_best,
        )

    def on_train_begin(self, run: TrainingRun) -> None:
        """Start afresh; refuse to watch what there will not be."""
        run.require_metric(self.monitor, self)
        self.best, self.best_epoch = math.nan, 0
        self._theta: Array | None = None
        self._shape = run.model.parameters.theta.shape

    def on_epoch_end(self, run: TrainingRun) -> None:
        """Compare with the best epoch so far."""
        number = run.history[self.monitor][-1]
        gain = number - self.best if higher_is_better(self.monitor) else self.best - number
        if (
            self.best_epoch == 0
            or gain > self.min_delta
            or math.isnan(self.best) > math.isnan(number)
        ):
            self.best, self.best_epoch = number, run.epoch
            if self.restore_best:
                self._theta = run.model.parameters.theta.copy()
        elif run.epoch - self.best_epoch >= self.patience:
            run.stop(
                f"{self.monitor} has not improved on {self.best:.6g} (epoch {self.best_epoch}) for {self.patience} epochs"
            )

    def state(self) -> dict[str, Any]:
        """Return the best so far."""
        return {"best": self.best, "best_epoch": self.best_epoch, "theta": self._theta}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from there."""
        theta = state["theta"]
        if theta is not None and np.shape(theta) != self._shape:
            raise ArgumentError(
                f"the best parameters must have the shape {self._shape}, got {np.shape(theta)}"
            )
        self.best, self.best_epoch, self._theta = (
            float(state["best"]),
            int(state["best_epoch"]),
            theta,
        )

    def on_train_end(self, run: TrainingRun) -> None:
        """Put the best parameters back."""
        if self._theta is not None:
            run.model.parameters.theta = self._theta
            if run.stopped:
                run.stop(
                    f"{run.stopped}; the parameters of epoch {self.best_epoch} are back in the model"
                )
