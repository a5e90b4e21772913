"""A progress bar."""

from __future__ import annotations

import sys
import time

from .base import Callback, TrainingRun


class ProgressBar(Callback):
    """A tqdm progress bar with the losses and the time left, on stderr."""

    def on_train_begin(self, run: TrainingRun) -> None:
        """Open the bar."""
        from tqdm.auto import tqdm

        self._bar = tqdm(
            total=run.epochs * run.batches_per_epoch,
            unit="step",
            dynamic_ncols=True,
            file=sys.stderr,
        )
        self._shown = 0.0

    def on_batch_end(self, run: TrainingRun) -> None:
        """Show at most ten times per second."""
        if time.perf_counter() - self._shown > 0.1:
            self._show(run)

    def on_train_end(self, run: TrainingRun) -> None:
        """Show the last state and close the bar."""
        self._show(run)
        self._bar.close()

    def _show(self, run: TrainingRun) -> None:
        bar, done = self._bar, max(0, run.epoch - 1) * run.batches_per_epoch + run.batch
        if bar.n == 0:
            bar.initial = max(0, done - 1)  # what was done before a stop does not count as speed
        losses = [
            f"{name} {run.history[name][-1]:.4f}"
            for name in ("loss", "val_loss")
            if name in run.history
        ]
        bar.set_description_str(f"epoch {run.epoch}/{run.epochs}", refresh=False)
        bar.set_postfix_str(", ".join(losses) or f"loss {float(run.loss):.4f}", refresh=False)
        bar.n = done
        bar.refresh()
        self._shown = time.perf_counter()
