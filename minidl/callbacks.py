"""Callbacks: what looks on while a model trains, and may end it."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from .arrays import Array
from .batches import MiniBatches
from .errors import ArgumentError, NonFiniteError
from .history import History, larger_is_better
from .objective import Objective
from .optimizers import Optimizer


class Run:
    """The state of a training that callbacks see.

    Attributes
    ----------
    model, optimizer : Objective, Optimizer
    dealer : MiniBatches or None
        Who deals the batches.
    callbacks : sequence of Callback
        All who look on, in the order in which they are asked.
    epochs, batches : int
        How many there will be; `batches` are those of an epoch.
    names : tuple of str
        What the history will have.
    history : History
    epoch, batch : int
        The present ones, from 1.
    x, y, weight, loss
        The present batch, the weights of its examples if there are any, and its loss, penalties included.
    weighted : bool
        Whether there are weights.
    total, rows, right, asked : float, int, int, int
        Sums over the epoch so far: loss times rows, rows, right classes, all classes.
    begin : float
        When training began, by `time.perf_counter`; a resumed one began as much earlier as it had lasted.
    stopped : str or None
        Why training is to end, once it is.
    """

    def __init__(self, model: Objective, optimizer: Optimizer, epochs: int, batches: int, names: tuple[str, ...] = ("loss",)) -> None:
        self.model, self.optimizer = model, optimizer
        self.epochs, self.batches, self.names = epochs, batches, names
        self.recipe = str(optimizer)  # as training began, before any schedule
        self.dealer: MiniBatches | None = None
        self.callbacks: Sequence[Callback] = ()
        self.history = History()
        self.epoch = self.batch = self.rows = self.right = self.asked = 0
        self.total = 0.0
        self.resumes = False
        self.x: Array | None = None
        self.y: Array | None = None
        self.weight: Array | None = None
        self.weighted = False
        self.loss: Any = math.nan
        self.begin = time.perf_counter()
        self.stopped: str | None = None
        self.halted = False

    def stop(self, why: str, *, now: bool = False) -> None:
        """End the training after this epoch, or after this step; `why` is kept in `history.stopped`."""
        self.stopped = why
        self.halted = now

    def next_epoch(self) -> None:
        """Begin an epoch, or go on with the one that a resumed training was stopped in."""
        if not self.resumes:
            self.epoch += 1
            self.batch = self.rows = self.right = self.asked = 0
            self.total = 0.0
        self.resumes = False


class Callback:
    """Base of all callbacks: override the hooks that are wanted.

    One that remembers something between epochs also overrides `state` and `restore`, so that a training that is resumed goes on as
    if it had never stopped.

    Attributes
    ----------
    adds : tuple of str
        The names of numbers of its own that a callback writes into `run.history` in `on_epoch`, so that others can watch them.
    late : bool
        Whether it is asked after all others, because it wants to see what they did.
    """

    adds: tuple[str, ...] = ()
    late = False

    def on_start(self, run: Run) -> None:
        """Look on before the first epoch."""

    def on_step(self, run: Run) -> None:
        """Look on at every batch, when its loss and gradient are known and the parameters have not moved yet."""

    def on_update(self, run: Run) -> None:
        """Look on after every batch, when the parameters have moved."""

    def on_epoch(self, run: Run) -> None:
        """Look on after an epoch, when its row is in `run.history`."""

    def on_end(self, run: Run) -> None:
        """Look on at the end: also when training was stopped, interrupted, or failed."""

    def state(self) -> dict[str, Any]:
        """Return what to remember over an interruption: numbers, texts, None, arrays, and lists and dictionaries of them."""
        return {}

    def restore(self, state: dict[str, Any]) -> None:
        """Take back what `state` returned; called after `on_start` where a training is resumed."""


class ProgressBar(Callback):
    """A tqdm progress bar with the loss, the validation loss and the time left, on stderr."""

    def on_start(self, run: Run) -> None:
        """Open the bar."""
        from tqdm.auto import tqdm  # here, so that `import minidl` need not wait for it

        self._bar = tqdm(total=run.epochs * run.batches, unit="step", dynamic_ncols=True, file=sys.stderr)
        self._shown = 0.0

    def on_update(self, run: Run) -> None:
        """Show at most ten times per second."""
        if self._bar.n == 0:
            self._bar.initial = self._done(run) - 1  # what a resumed training has done before is not counted into its speed
        if time.perf_counter() - self._shown > 0.1:
            self._show(run)

    def on_end(self, run: Run) -> None:
        """Show the last state and close the bar."""
        self._show(run)
        self._bar.close()

    @staticmethod
    def _done(run: Run) -> int:
        return max(0, run.epoch - 1) * run.batches + run.batch

    def _show(self, run: Run) -> None:
        losses = [f"{name} {run.history[name][-1]:.4f}" for name in ("loss", "val_loss") if name in run.history]
        self._bar.set_description_str(f"epoch {run.epoch}/{run.epochs}", refresh=False)
        self._bar.set_postfix_str(", ".join(losses) or f"loss {float(run.loss):.4f}", refresh=False)
        self._bar.n = self._done(run)
        self._bar.refresh()
        self._shown = time.perf_counter()


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
        self._shape = run.model.parameters.theta.shape

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

    def state(self) -> dict[str, Any]:
        """Return the best number so far, its epoch and its parameters."""
        return {"best": self.best, "best_epoch": self.best_epoch, "theta": self._theta}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from there."""
        theta = state["theta"]
        if theta is not None and np.shape(theta) != self._shape:
            raise ArgumentError(f"the best parameters must have the shape {self._shape}, got {np.shape(theta)}")
        self.best, self.best_epoch, self._theta = float(state["best"]), int(state["best_epoch"]), theta

    def on_end(self, run: Run) -> None:
        """Put the best parameters back."""
        if self._theta is not None:
            run.model.parameters.theta = self._theta
            if run.stopped:
                run.stop(f"{run.stopped}; the parameters of epoch {self.best_epoch} are back in the model")


class StopOnNonFinite(Callback):
    """Stop before the update when the loss or the gradient is NaN or infinite; on by default.

    The error names epoch, batch and layer. The model is given back parameters whose loss and gradient were finite: those of the first
    step, or of one at most 16 steps ago. (Keeping those of every step would cost 2 % of the time of a large model.)

    Parameters
    ----------
    enabled : bool, default True
        `fit(callbacks=[StopOnNonFinite(False)])` trains on regardless.
    """

    EVERY = 16

    def __init__(self, enabled: bool = True) -> None:
        self.enabled = enabled

    def on_start(self, run: Run) -> None:
        """Keep the parameters as they are."""
        self._good, self._age = run.model.parameters.theta.copy(), 0
        self._place = "the start"
        self._learning = [i for i, layer in enumerate(run.model.layers) if layer.parameters()]

    def on_step(self, run: Run) -> None:
        """Look at the loss and the gradient; if both are finite, keep the parameters now and then."""
        if not self.enabled:
            return
        parameters = run.model.parameters
        outputs = run.model.outputs
        # An infinite output may leave no trace in the loss: tanh makes it 1, with a slope of 0. Those of the layers with parameters are
        # enough: a parameter that is not finite shows in its layer's output, and any other output in the gradient of the next weight.
        if math.isfinite(run.loss) and _finite(parameters.grad, *[outputs[i] for i in self._learning]):
            if self._age % self.EVERY == 0:
                np.copyto(self._good, parameters.theta)
                self._place = f"epoch {run.epoch}, batch {run.batch}"
            self._age += 1
            return
        what = self._blame(run)
        parameters.theta = self._good
        raise NonFiniteError(
            f"training must stay finite, but at epoch {run.epoch}, batch {run.batch}, {what}. The model holds the parameters of "
            f"{self._place}, for which all was finite. "
            f"Try a smaller learning rate (now {run.optimizer.learning_rate:g}), or scale the inputs"
        )

    @staticmethod
    def _blame(run: Run) -> str:
        """Look along the batch, forward and back, and say where the first number is that is not finite."""
        model = run.model
        with np.errstate(all="ignore"):
            for i, (layer, out) in enumerate(zip(model.layers, model.outputs, strict=False)):
                for name, parameter in layer.parameters().items():
                    if not _finite(parameter.value):
                        return f"layer {i}, {layer}, has a {name} that is not finite"
                if not _finite(out):
                    return f"layer {i}, {layer}, gives an output that is not finite"
            if not math.isfinite(run.loss):
                return f"the loss, {model.loss}, is {run.loss}"
            dy: Any = model.loss_gradient()
            if not _finite(dy):
                return f"the loss, {model.loss}, gives a gradient that is not finite"
            for i, layer in reversed(list(enumerate(model._body))):
                dy = layer.backward(dy)
                for name, parameter in layer.parameters().items():
                    if not _finite(parameter.grad):
                        return f"layer {i}, {layer}, has a gradient of its {name} that is not finite"
                if dy is not None and not _finite(dy):
                    return f"layer {i}, {layer}, gives a gradient of its input that is not finite"
        return "the gradient is not finite"


def _finite(*arrays: Array) -> bool:
    """Return whether all elements are finite."""
    for array in arrays:
        flat = array.ravel()
        # The dot product is one fast pass; where it overflows or is NaN, the elements decide.
        if not math.isfinite(flat.dot(flat)) and not np.isfinite(flat).all():
            return False
    return True
