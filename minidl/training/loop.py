"""The training loop."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import closing
from typing import TypeAlias

import numpy as np

from ..batching.minibatches import MiniBatches
from ..batching.sample_weights import split
from ..objective import Objective
from ..optimizers.base import Optimizer
from .callbacks.base import Callback, TrainingRun
from .callbacks.progress_bar import ProgressBar
from .callbacks.stop_on_nonfinite import StopOnNonFinite
from .history import History

Hook: TypeAlias = Callable[[TrainingRun], None]


def train(
    model: Objective,
    batches: MiniBatches,
    *,
    optimizer: Optimizer,
    epochs: int,
    validation: Callable[[], dict[str, float]] | None = None,
    callbacks: Sequence[Callback] = (),
    progress: bool = True,
    resume: Hook | None = None,
    weighted: bool = False,
) -> History:
    """Train `model` on `batches`; `resume` puts the run where another stopped. `weighted` targets have weights as their last column."""
    watchers = [*callbacks, ProgressBar()] if progress else list(callbacks)
    if not any(isinstance(watcher, StopOnNonFinite) for watcher in watchers):
        watchers.insert(0, StopOnNonFinite())
    watchers.sort(key=lambda watcher: watcher.late)
    measured = ["loss", "accuracy"] if model.loss.is_classification else ["loss"]
    validated = [f"val_{name}" for name in measured] if validation else []
    added = [name for watcher in callbacks for name in watcher.adds]
    scheduled = (
        ["learning_rate"] if optimizer.schedule is not None and "learning_rate" not in added else []
    )
    run = TrainingRun(
        model, optimizer, epochs, len(batches), (*measured, *validated, *scheduled, *added)
    )
    run.dealer, run.callbacks, run.weighted = batches, watchers, weighted
    started: list[Callback] = []
    try:
        for watcher in watchers:
            watcher.on_train_begin(run)
            started.append(watcher)
        if resume:
            resume(run)
        on_gradient, on_batch_end = (
            _overriding(watchers, hook) for hook in ("on_gradient", "on_batch_end")
        )
        while not run.stopped and (run.epoch < epochs or run.resumes):
            row = _epoch(run, batches, on_gradient, on_batch_end)
            if run.halted:
                break
            if validation:
                with np.errstate(over="ignore", invalid="ignore"):
                    row |= {f"val_{name}": number for name, number in validation().items()}
            run.history.add(row | dict.fromkeys(scheduled, optimizer.last_learning_rate))
            for watcher in watchers:
                watcher.on_epoch_end(run)
    finally:
        for watcher in reversed(started):
            watcher.on_train_end(run)
        run.history.stopped = run.stopped
        run.history.seconds = time.perf_counter() - run.begin
    return run.history


def _overriding(watchers: Sequence[Callback], hook: str) -> list[Hook]:
    return [
        getattr(watcher, hook)
        for watcher in watchers
        if getattr(type(watcher), hook) is not getattr(Callback, hook)
    ]


def _epoch(
    run: TrainingRun,
    batches: MiniBatches,
    on_gradient: Sequence[Hook],
    on_batch_end: Sequence[Hook],
) -> dict[str, float]:
    if not run.resumes:
        run.epoch += 1
        run.total = run.batch = run.rows = run.right = run.asked = 0
    run.resumes = False
    model, step, weighted = run.model, run.optimizer.step, run.weighted
    theta, grad = model.parameters.theta, model.parameters.grad
    classifies = model.loss.is_classification
    # StopOnNonFinite reports what is not finite.
    with np.errstate(over="ignore", invalid="ignore"), closing(iter(batches)) as dealt:
        for x, y in dealt:
            run.batch += 1
            weight = None
            if weighted:
                y, weight = split(y)
            run.x, run.y, run.weight = x, y, weight
            run.loss = model.value_and_gradient(x, y, weight, training=True)
            for look in on_gradient:
                look(run)
            step(theta, grad)
            run.total += float(run.loss) * len(x)
            run.rows += len(x)
            if classifies:
                right, asked = model.count_correct(y)
                run.right += right
                run.asked += asked
            for look in on_batch_end:
                look(run)
            if run.halted:
                break
    row = {"loss": run.total / run.rows}
    return row | {"accuracy": run.right / run.asked} if classifies else row
