"""Callbacks: what looks on while a model trains, and may end it."""

from __future__ import annotations

import math
import sys
import time
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .arrays import Array
from .errors import ArgumentError, NonFiniteError
from .history import History, larger_is_better
from .objective import Objective
from .optimizers import Optimizer


@dataclass
class Run:
    """The state of a training that callbacks see. Epochs and batches count from 1; `names` are what the history will have."""

    model: Objective
    optimizer: Optimizer
    epochs: int
    batches: int
    names: tuple[str, ...] = ("loss",)
    history: History = field(default_factory=History)
    epoch: int = 0
    batch: int = 0
    x: Array | None = None
    y: Array | None = None
    loss: Any = math.nan
    stopped: str | None = None

    def stop(self, why: str) -> None:
        """End the training after this epoch; `why` is kept in `history.stopped`."""
        self.stopped = why


class Callback:
    """Base of all callbacks: override the hooks that are wanted.

    Attributes
    ----------
    adds : tuple of str
        The names of numbers of its own that a callback writes into `run.history` in `on_epoch`, so that others can watch them.
    """

    adds: tuple[str, ...] = ()

    def on_start(self, run: Run) -> None:
        """Look on before the first epoch."""

    def on_step(self, run: Run) -> None:
        """Look on at every batch, when its loss and gradient are known and the parameters have not moved yet."""

    def on_epoch(self, run: Run) -> None:
        """Look on after an epoch, when its row is in `run.history`."""

    def on_end(self, run: Run) -> None:
        """Look on at the end: also when training was stopped, interrupted, or failed."""


class ProgressBar(Callback):
    """A tqdm progress bar with the loss, the validation loss and the time left, on stderr."""

    def on_start(self, run: Run) -> None:
        """Open the bar."""
        from tqdm.auto import tqdm  # here, so that `import minidl` need not wait for it

        self._bar = tqdm(total=run.epochs * run.batches, unit="step", dynamic_ncols=True, file=sys.stderr)
        self._pending = 0
        self._shown = 0.0

    def on_step(self, run: Run) -> None:
        """Count, and show at most ten times per second."""
        self._pending += 1
        if time.perf_counter() - self._shown > 0.1:
            self._show(run)

    def on_end(self, run: Run) -> None:
        """Show the last state and close the bar."""
        self._show(run)
        self._bar.close()

    def _show(self, run: Run) -> None:
        losses = [f"{name} {run.history[name][-1]:.4f}" for name in ("loss", "val_loss") if name in run.history]
        self._bar.set_description_str(f"epoch {run.epoch}/{run.epochs}", refresh=False)
        self._bar.set_postfix_str(", ".join(losses) or f"loss {float(run.loss):.4f}", refresh=False)
        self._bar.update(self._pending)
        self._pending, self._shown = 0, time.perf_counter()


class EarlyStopping(Callback):
    """Stop when a number has not improved for some epochs, and go back to the parameters of its best epoch.

    Parameters
    ----------
    monitor : str, default "val_loss"
        A name in the history. An accuracy is better where larger, anything else where smaller.
    patience : int, default 10
        How many epochs without improvement are borne.
    min_delta : float, default 0.0
        By how much a number must be better to count.
    restore_best : bool, default True
        Whether the model gets the parameters of the best epoch at the end, also where training ran to its last epoch.
    """

    def __init__(self, monitor: str = "val_loss", *, patience: int = 10, min_delta: float = 0.0, restore_best: bool = True) -> None:
        if isinstance(patience, bool) or not isinstance(patience, int | np.integer) or patience < 1:
            raise ArgumentError(f"patience must be a whole number >= 1, got {patience!r} in EarlyStopping")
        if not (math.isfinite(min_delta) and min_delta >= 0):
            raise ArgumentError(f"min_delta must be finite and >= 0, got {min_delta} in EarlyStopping")
        self.monitor, self.patience, self.min_delta, self.restore_best = monitor, patience, min_delta, restore_best

    def on_start(self, run: Run) -> None:
        """Forget what an earlier training left; refuse to watch what there will not be."""
        if self.monitor not in run.names:
            hint = ": give fit(validation=(X, Y))" if self.monitor.startswith("val_") else ""
            raise ArgumentError(f"EarlyStopping watches {self.monitor!r}, but the history will have only {', '.join(run.names)}{hint}")
        self.best = math.nan
        self.best_epoch = 0
        self._theta: Array | None = None

    def on_epoch(self, run: Run) -> None:
        """Compare with the best epoch so far."""
        number = run.history[self.monitor][-1]
        gain = number - self.best if larger_is_better(self.monitor) else self.best - number
        if self.best_epoch == 0 or gain > self.min_delta or math.isnan(self.best) > math.isnan(number):
            self.best, self.best_epoch = number, run.epoch
            if self.restore_best:
                self._theta = run.model.parameters.theta.copy()
        elif run.epoch - self.best_epoch >= self.patience:
            run.stop(f"{self.monitor} has not improved on {self.best:.6g} (epoch {self.best_epoch}) for {self.patience} epochs")

    def on_end(self, run: Run) -> None:
        """Put the best parameters back."""
        if self._theta is not None:
            run.model.parameters.theta = self._theta
            if run.stopped:
                run.stop(f"{run.stopped}; the parameters of epoch {self.best_epoch} are back in the model")


class StopOnNonFinite(Callback):
    """Stop before the update when the loss or the gradient is NaN or infinite; on by default.

    The error names epoch, batch and layer, and the model is given back the last parameters whose loss and gradient were finite.

    Parameters
    ----------
    enabled : bool, default True
        `fit(callbacks=[StopOnNonFinite(False)])` trains on regardless.
    """

    def __init__(self, enabled: bool = True) -> None:
        self.enabled = enabled

    def on_start(self, run: Run) -> None:
        """Keep the parameters as they are."""
        self._good = run.model.parameters.theta.copy()

    def on_step(self, run: Run) -> None:
        """Look at the loss and the gradient; keep the parameters if both are finite."""
        if not self.enabled:
            return
        parameters = run.model.parameters
        grad = parameters.grad
        # The dot product is one fast pass; where it overflows or is NaN, the elements decide.
        if math.isfinite(run.loss) and (math.isfinite(grad.dot(grad)) or bool(np.isfinite(grad).all())):
            np.copyto(self._good, parameters.theta)
            return
        what = self._blame(run)
        parameters.theta = self._good
        raise NonFiniteError(
            f"training must stay finite, but at epoch {run.epoch}, batch {run.batch}, {what}. The model holds the last parameters for "
            f"which all was finite. Try a smaller learning rate (now {run.optimizer.learning_rate:g}), or scale the inputs"
        )

    @staticmethod
    def _blame(run: Run) -> str:
        """Walk the batch forward and back, and say where the first number is that is not finite."""
        model = run.model
        out: Any = run.x
        with np.errstate(all="ignore"):
            for i, layer in enumerate(model.layers):
                for name, parameter in layer.parameters().items():
                    if not np.isfinite(parameter.value).all():
                        return f"layer {i}, {layer}, has a {name} that is not finite"
                out = layer.forward(out)
                if not np.isfinite(out).all():
                    return f"layer {i}, {layer}, gives an output that is not finite"
            if not math.isfinite(run.loss):
                return f"the loss, {model.loss}, is {run.loss}"
            dy: Any = model._head.backward()
            if not np.isfinite(dy).all():
                return f"the loss, {model.loss}, gives a gradient that is not finite"
            for i, layer in reversed(list(enumerate(model._body))):
                dy = layer.backward(dy)
                for name, parameter in layer.parameters().items():
                    if not np.isfinite(parameter.grad).all():
                        return f"layer {i}, {layer}, has a gradient of its {name} that is not finite"
                if dy is not None and not np.isfinite(dy).all():
                    return f"layer {i}, {layer}, gives a gradient of its input that is not finite"
        return "the gradient is not finite"
