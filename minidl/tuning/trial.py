"""Short trainings of a copy of the model."""

from __future__ import annotations

import copy

import numpy.typing as npt

from ..errors import ArgumentError
from ..model.sequential import Sequential
from ..optimizers.base import Optimizer
from ..optimizers.full_batch import FullBatchOptimizer
from ..training.callbacks.base import Callback
from ..training.callbacks.stop_on_nonfinite import StopOnNonFinite
from ..utils.validation import is_integer


def check_arguments(
    model: object, optimizer: object, steps: object, min_steps: int, function: str
) -> None:
    """Raise `ArgumentError` unless a trial with these arguments can start."""
    if not isinstance(model, Sequential):
        raise ArgumentError(f"model must be a Sequential, got {model!r} in {function}")
    if not isinstance(optimizer, Optimizer):
        raise ArgumentError(
            f"optimizer must be an Optimizer such as Adam(), got {optimizer!r} in {function}"
        )
    if isinstance(optimizer, FullBatchOptimizer):
        raise ArgumentError(
            f"optimizer must make a step of each gradient, as Adam() does, got {optimizer!r} in "
            f"{function}"
        )
    if not is_integer(steps, min_steps):
        raise ArgumentError(f"steps must be an integer >= {min_steps}, got {steps!r} in {function}")


def fit_copy(
    model: Sequential,
    X: npt.ArrayLike,
    Y: npt.ArrayLike,
    *,
    optimizer: Optimizer,
    callback: Callback,
    epochs: int,
    batch_size: int | None,
) -> None:
    """Train copies of the model and the optimizer until `callback` stops the training."""
    new_optimizer = copy.deepcopy(optimizer)
    new_optimizer.reset()
    copy.deepcopy(model).fit(
        X,
        Y,
        optimizer=new_optimizer,
        epochs=epochs,
        batch_size=batch_size,
        # The callback handles losses that are not finite: they must not be an error here.
        callbacks=[callback, StopOnNonFinite(False)],
        progress=False,
    )
