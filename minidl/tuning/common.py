"""What both trials have in common."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..callbacks import Callback, StopOnNonFinite
from ..errors import ArgumentError
from ..optimizers import Optimizer
from ..sequential import Sequential


def check(model: object, optimizer: object, steps: object, least: int, where: str) -> None:
    """Raise `ArgumentError` unless these are a model, an optimizer and at least `least` steps."""
    if not isinstance(model, Sequential):
        raise ArgumentError(f"model must be a Sequential, got {model!r} in {where}")
    if not isinstance(optimizer, Optimizer):
        raise ArgumentError(f"optimizer must be an Optimizer such as Adam(), got {optimizer!r} in {where}")
    if isinstance(steps, bool) or not isinstance(steps, int | np.integer) or steps < least:
        raise ArgumentError(f"steps must be a whole number >= {least}, got {steps!r} in {where}")


def fit(twin: Sequential, X: Any, Y: Any, optimizer: Optimizer, batch_size: int | None, epochs: int, watcher: Callback) -> None:
    """Train `twin` under the eyes of `watcher`, who ends it."""
    callbacks = [watcher, StopOnNonFinite(False)]
    twin.fit(X, Y, optimizer=optimizer, epochs=epochs, batch_size=batch_size, callbacks=callbacks, progress=False)
