"""A progress bar."""

from __future__ import annotations

import sys
import time

from ...utils.output import LenientStream
from .base import Callback, TrainingRun

_SECONDS_BETWEEN_UPDATES = 0.1


class ProgressBar(Callback):
    """Show a progress bar on stderr, with the losses, metrics asked for, and the time left.

    `fit` adds one by default; pass ``progress=False`` for none.

    Examples
    --------
    >>> from minidl import Adam, Linear, MeanSquaredError, ProgressBar, Sequential
    >>> model = Sequential([Linear(1, 1)], loss=MeanSquaredError())
    >>> bar = ProgressBar()
    >>> history = model.fit(
    ...     [[1.0]], [2.0], optimizer=Adam(), epochs=3, callbacks=[bar], progress=False
    ... )
    """

    root_only = True

    def on_train_begin(self, run: TrainingRun) -> None:
        from tqdm.auto import tqdm  # only needed where a bar is shown

        self._bar = tqdm(
            total=run.epochs * run.batches_per_epoch,
            unit="step",
            dynamic_ncols=True,
            file=LenientStream(sys.stderr),  # a bar that nobody sees must not end a training
        )
        asked = run.measurement.shown if run.measurement else ()
        self._metrics = [f"val_{name}" if run.validate else name for name in asked]
        self._last_update = 0.0

    def on_batch_end(self, run: TrainingRun) -> None:
        if time.perf_counter() - self._last_update > _SECONDS_BETWEEN_UPDATES:
            self._update(run)

    def on_train_end(self, run: TrainingRun) -> None:
        self._update(run)
        self._bar.close()

    def clear(self) -> None:
        """Remove the bar from the screen until its next update, for a line that is printed."""
        self._bar.clear()

    def _update(self, run: TrainingRun) -> None:
        bar = self._bar
        n_steps = max(0, run.epoch - 1) * run.batches_per_epoch + run.batch
        if bar.n == 0:
            # Steps made before training was resumed do not count for the speed.
            bar.initial = max(0, n_steps - 1)
        names = [name for name in ("loss", "val_loss", *self._metrics) if name in run.history]
        losses = ", ".join(f"{name} {run.history[name][-1]:.4f}" for name in names)
        bar.set_description_str(f"epoch {run.epoch}/{run.epochs}", refresh=False)
        bar.set_postfix_str(losses or f"loss {float(run.loss):.4f}", refresh=False)
        bar.n = n_steps
        bar.refresh()
        self._last_update = time.perf_counter()
