"""The training loop."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from .arrays import Array
from .batches import MiniBatches
from .callbacks import Callback, ProgressBar, Run, StopOnNonFinite
from .history import History
from .objective import Objective
from .optimizers import Optimizer


def train(
    model: Objective,
    batches: MiniBatches,
    *,
    optimizer: Optimizer,
    epochs: int,
    validation: tuple[Array, Array] | None = None,
    callbacks: Sequence[Callback] = (),
    progress: bool = True,
) -> History:
    """Train `model` on `batches` and return its `History`; `Sequential.fit` is the door to it."""
    watchers = list(callbacks)
    if not any(isinstance(watcher, StopOnNonFinite) for watcher in watchers):
        watchers.insert(0, StopOnNonFinite())
    if progress:
        watchers.append(ProgressBar())
    on_step = [watcher.on_step for watcher in watchers if type(watcher).on_step is not Callback.on_step]
    measured = ("loss", "accuracy") if model.loss.accuracy_of else ("loss",)
    names = measured if validation is None else (*measured, *(f"val_{name}" for name in measured))
    names += tuple(name for watcher in watchers for name in watcher.adds)
    run = Run(model, optimizer, epochs, len(batches), names)
    begin = time.perf_counter()
    started: list[Callback] = []
    try:
        for watcher in watchers:
            watcher.on_start(run)
            started.append(watcher)
        for run.epoch in range(1, epochs + 1):
            run.history.add(_epoch(run, batches, on_step) | _validate(model, validation))
            for watcher in watchers:
                watcher.on_epoch(run)
            if run.stopped:
                break
    finally:
        for watcher in reversed(started):
            watcher.on_end(run)
        run.history.stopped = run.stopped
        run.history.seconds = time.perf_counter() - begin
    return run.history


def _epoch(run: Run, batches: MiniBatches, on_step: Sequence[Any]) -> dict[str, float]:
    """Train one epoch; return its mean loss and, for classifiers, its accuracy."""
    model = run.model
    theta, grad = model.parameters.theta, model.parameters.grad
    losses = np.empty(len(batches))
    sizes = np.empty(len(batches))
    hits = 0
    classifies = model.loss.accuracy_of
    with np.errstate(over="ignore", invalid="ignore"):  # StopOnNonFinite reports them, with their place
        for run.batch, (x, y) in enumerate(batches, 1):
            run.x, run.y = x, y
            run.loss = model.value_and_gradient(x, y, training=True)
            for look in on_step:
                look(run)
            run.optimizer.step(theta, grad)
            losses[run.batch - 1], sizes[run.batch - 1] = run.loss, len(x)
            if classifies:
                hits += model.hits(model.output, y)
    row = {"loss": float(losses @ sizes / sizes.sum())}
    return row | {"accuracy": hits / model.labels(batches.y).size} if classifies else row


def _validate(model: Objective, validation: tuple[Array, Array] | None) -> dict[str, float]:
    if validation is None:
        return {}
    with np.errstate(over="ignore", invalid="ignore"):
        return {f"val_{name}": number for name, number in model.measure(*validation).items()}
