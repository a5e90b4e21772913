"""Early stopping."""

from __future__ import annotations

import math
from typing import Any

from ...errors import ArgumentError
from ...utils.foreign_words import explain_arguments
from ...utils.validation import at_least, check_number, integer_at_least
from ..model_state import ModelState, state_from_dict, state_to_dict
from .base import Callback, TrainingRun, check_monitor


@explain_arguments("__init__")
class EarlyStopping(Callback):
    """Stop training when a metric has not improved for some epochs.

    Parameters
    ----------
    monitor : str, default "val_loss"
        The name of the metric in the history, such as "val_f1".
    patience : int, default 10
        The number of epochs without an improvement after which training stops, >= 1.
    min_delta : float, default 0.0
        By how much the metric must be better than the best so far to count as improved, >= 0.
    restore_best : bool, default True
        Whether to restore the parameters of the best epoch when training ends, early or not: those
        after the epoch. Where an epoch is one step, the "loss" and the metrics of training belong
        to the parameters before it, and these are restored.
    higher_is_better : bool, optional
        Whether a larger value of the metric is a better one. By default it is of accuracies and all
        built-in metrics but errors, and of names that end in "_score"; of other names a smaller one
        is. A metric of your own that tells neither must be told.

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
        higher_is_better: bool | None = None,
    ) -> None:
        self.monitor = monitor
        self.patience = check_number(patience, "patience", integer_at_least(1), self)
        self.min_delta = check_number(min_delta, "min_delta", at_least(0), self)
        self.restore_best = restore_best
        self.higher_is_better = higher_is_better
        self._reset()

    def _reset(self) -> None:
        self.best = math.nan
        self.best_epoch = 0
        self._best_state: ModelState | None = None
        self._measured_state: ModelState | None = None  # before the step of the current epoch

    def on_train_begin(self, run: TrainingRun) -> None:
        self._is_higher_better = run.require_metric(self.monitor, self, self.higher_is_better)
        self._reset()
        self._shapes = ModelState.of(run.model.objective_function).shapes()
        self._keeps_measured = self.restore_best and run.measures_before_step(self.monitor)

    def on_gradient(self, run: TrainingRun) -> None:
        if self._keeps_measured:
            self._measured_state = ModelState.of(run.model.objective_function)

    def on_epoch_end(self, run: TrainingRun) -> None:
        value = run.history[self.monitor][-1]
        measured_state, self._measured_state = self._measured_state, None
        if self._is_improved(value):
            self.best = value
            self.best_epoch = run.epoch
            if self.restore_best:
                if measured_state is None:
                    measured_state = ModelState.of(run.model.objective_function)
                self._best_state = measured_state
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
        gain = value - self.best if self._is_higher_better else self.best - value
        return gain > self.min_delta

    def state(self) -> dict[str, Any]:
        state = {"monitor": self.monitor, "best": self.best, "best_epoch": self.best_epoch}
        state |= state_to_dict(self._best_state, "theta")
        if self._measured_state is not None:  # between the step and the end of the epoch
            state |= state_to_dict(self._measured_state, "measured_theta")
        return state

    def restore(self, state: dict[str, Any]) -> None:
        check_monitor(state, self.monitor)
        best_state = state_from_dict(state, "theta") if self.restore_best else None
        if self.restore_best and best_state is None and state["best_epoch"]:
            rule = "restore_best must be False, as the parameters of the best epoch were not saved"
            raise ArgumentError(f"{rule}, got True")
        measured_state = state_from_dict(state, "measured_theta")
        for kept_state in (best_state, measured_state):
            if kept_state is not None and kept_state.shapes() != self._shapes:
                rule = f"the best parameters must have the shapes {self._shapes}"
                raise ArgumentError(f"{rule}, got {kept_state.shapes()}")
        self.best = float(state["best"])
        self.best_epoch = int(state["best_epoch"])
        self._best_state = best_state
        self._measured_state = measured_state

    def on_train_end(self, run: TrainingRun) -> None:
        if self._best_state is None:
            return
        self._best_state.restore(run.model.objective_function)
        moment = " before its step" if self._keeps_measured else ""
        run.restored = f"epoch {self.best_epoch}{moment}, the best by {self.monitor}"
        if run.stopped:
            run.stop(f"{run.stopped}; the parameters of epoch {self.best_epoch} were restored")
