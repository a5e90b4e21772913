"""Decay of the learning rate on a plateau."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..errors import ArgumentError
from ..metrics.monitoring import check_monitored, higher_is_better
from ..utils.validation import at_least, check_flag, greater_than, in_range, integer_at_least
from .base import MeasuredEpochs, Schedule, check_fields

SMALLEST_DECAY = 1e-8
"""The learning rate that is not worth a decay, as in PyTorch (`eps`)."""


@dataclass(frozen=True)
class PlateauDecay(Schedule):
    """Multiplies the learning rate by a factor when a metric has stopped improving.

    After each epoch, the metric is compared with its best value so far. An epoch improves on it if
    the metric is better by more than `min_delta`, relative to the best value. After more than
    `patience` epochs in a row without an improvement, the learning rate is multiplied by `factor`
    and the count starts again, after `cooldown` epochs: the rule of PyTorch's
    ``ReduceLROnPlateau``, also in that a decay of at most 1e-8 is left out. A resumed training
    continues the count.

    Parameters
    ----------
    initial_learning_rate : float
        The learning rate at the start, > 0.
    monitor : str, default "loss"
        A column of the history, such as "val_loss", "val_f1", or what a callback measures.
    factor : float, default 0.1
        What the learning rate is multiplied by, in (0, 1].
    patience : int, default 10
        Number of epochs without an improvement that are tolerated, >= 1.
    min_delta : float, default 1e-4
        The improvement that counts, >= 0: ``threshold`` in PyTorch.
    min_learning_rate : float, default 0.0
        The learning rate does not fall below this, >= 0.
    cooldown : int, default 0
        Number of epochs after a decay that do not count, >= 0.
    relative : bool, default True
        Whether `min_delta` is relative to the best value, or an amount.
    higher_is_better : bool, optional
        Whether a larger value of the metric is a better one. By default it is of accuracies and all
        built-in metrics but errors, and of names that end in "_score"; of other names a smaller one
        is. A metric of your own that tells neither must be told.

    Raises
    ------
    ArgumentError
        If an argument is out of its range; from `fit`, if the history has no such column.

    See Also
    --------
    EarlyStopping : Stops training on a plateau.
    StepDecay : Decays after a fixed number of steps.

    Examples
    --------
    >>> from minidl import PlateauDecay
    >>> schedule = PlateauDecay(0.1, patience=1)
    >>> for loss in (1.0, 0.5, 0.5, 0.5):
    ...     schedule.observe({"loss": [loss]})
    >>> round(schedule(step=40), 3)
    0.01
    """

    option_name = "plateau"

    initial_learning_rate: float
    monitor: str = "loss"
    factor: float = 0.1
    patience: int = 10
    min_delta: float = 1e-4
    min_learning_rate: float = 0.0
    cooldown: int = 0
    relative: bool = True
    higher_is_better: bool | None = None
    # What `observe` changes, as a checkpoint stores it; empty before the first epoch.
    _observed: dict[str, float] = field(init=False, repr=False, compare=False, default_factory=dict)

    def __post_init__(self) -> None:
        check_fields(
            self,
            initial_learning_rate=greater_than(0),
            factor=in_range(0, 1, closed="right"),
            patience=integer_at_least(1),
            min_delta=at_least(0),
            min_learning_rate=at_least(0),
            cooldown=integer_at_least(0),
        )
        check_flag(self.relative, "relative", self)
        if not isinstance(self.monitor, str):
            rule = 'monitor must be the name of a column of the history, such as "val_loss"'
            raise ArgumentError(f"{rule}, got {self.monitor!r} in PlateauDecay")

    @classmethod
    def over(cls, learning_rate: float, steps: int) -> float | Schedule:
        return cls(learning_rate)

    def __call__(self, step: int) -> float:
        return self._observed.get("learning_rate", self.initial_learning_rate)

    def check_columns(self, directions: Mapping[str, bool | None]) -> None:
        check_monitored(self.monitor, self.higher_is_better, directions, self)

    def observe(self, history: MeasuredEpochs) -> None:
        value = float(history[self.monitor][-1])
        directions = getattr(history, "directions", None)
        is_higher_better = higher_is_better(self.monitor, self.higher_is_better, directions)
        n_epochs = self._observed.get("epochs_without_improvement", 0) + 1
        if self._improves(value, is_higher_better):
            self._observed["best"] = value
            n_epochs = 0
        cooldown = self._observed.get("cooldown", 0)
        if cooldown:
            self._observed["cooldown"] = cooldown - 1
            n_epochs = 0
        if n_epochs > self.patience:
            reduced = max(self(0) * self.factor, self.min_learning_rate)
            if self(0) - reduced > SMALLEST_DECAY:
                self._observed["learning_rate"] = reduced
            if self.cooldown:
                self._observed["cooldown"] = self.cooldown
            n_epochs = 0
        self._observed["epochs_without_improvement"] = n_epochs

    def _improves(self, value: float, is_higher_better: bool) -> bool:
        best = self._observed.get("best", math.nan)
        if not math.isfinite(value) or math.isnan(best):
            return math.isfinite(value)
        sign = 1 if is_higher_better else -1
        bound = (
            best * (1 + sign * self.min_delta) if self.relative else best + sign * self.min_delta
        )
        return value > bound if is_higher_better else value < bound

    def state(self) -> dict[str, Any]:
        return dict(self._observed)

    def restore(self, state: Mapping[str, Any]) -> None:
        self._observed.clear()
        self._observed.update(state)

    def reset(self) -> None:
        self._observed.clear()
