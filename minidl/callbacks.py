"""Callbacks: what looks on while a model trains."""

from __future__ import annotations

import csv
import io
import math
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from .arrays import Array, all_finite, is_whole
from .batches import MiniBatches
from .errors import ArgumentError, DataError, NonFiniteError, needs
from .files import FilePath, make_folder, write_whole
from .history import History, larger_is_better
from .objective import Objective
from .optimizers import Optimizer


class Run:
    """The state of a training that callbacks see.

    `epoch` and `batch` are the present ones, from 1, of `epochs` and `batches` in an epoch; `x`, `y`, `weight`, `loss` are those of the
    batch. `names` is what `history` will have. `total`, `rows`, `right`, `asked` are sums over the epoch so far: loss times rows, rows,
    right classes, all classes. `stopped` tells why training is to end, once it is.
    """

    dealer: MiniBatches | None = None
    callbacks: Sequence[Callback] = ()
    epoch = batch = rows = right = asked = 0
    total = 0.0
    x: Array | None = None
    y: Array | None = None
    weight: Array | None = None
    loss: Any = math.nan
    weighted = resumes = halted = False
    stopped: str | None = None

    def __init__(self, model: Objective, optimizer: Optimizer, epochs: int, batches: int, names: tuple[str, ...] = ("loss",)) -> None:
        self.model, self.optimizer = model, optimizer
        self.epochs, self.batches, self.names = epochs, batches, names
        self.recipe = str(optimizer)  # before any schedule
        self.history = History()
        self.begin = time.perf_counter()  # earlier, in a resumed training

    def stop(self, why: str, *, now: bool = False) -> None:
        """End the training after this epoch, or `now`; `history.stopped` tells `why`."""
        self.stopped, self.halted = why, now

    def must_have(self, name: str, watcher: object) -> None:
        """Raise `ArgumentError` unless `history` will have what `watcher` watches."""
        if name not in self.names:
            hint = ": give fit(validation=(X, Y))" if name.startswith("val_") else ""
            what = f"{type(watcher).__name__} watches {name!r}, but the history will have only {', '.join(self.names)}{hint}"
            raise ArgumentError(what)


class Callback:
    """Base of all callbacks: override the hooks that are wanted, and `state` and `restore` to remember over an interruption.

    `adds` names the numbers that `on_epoch` writes into `run.history`; who is `late` is asked after all others.
    """

    adds: tuple[str, ...] = ()
    late = False

    def on_start(self, run: Run) -> None:
        """Look on before the first epoch."""

    def on_step(self, run: Run) -> None:
        """Look on at every batch, when its gradient is known and the parameters have not moved yet."""

    def on_update(self, run: Run) -> None:
        """Look on after every batch, when the parameters have moved."""

    def on_epoch(self, run: Run) -> None:
        """Look on after an epoch, when its row is in `run.history`."""

    def on_end(self, run: Run) -> None:
        """Look on at the end: also when training was stopped, interrupted, or failed."""

    def state(self) -> dict[str, Any]:
        """Return what to remember: numbers, texts, None, arrays, and lists and dictionaries of them."""
        return {}

    def restore(self, state: dict[str, Any]) -> None:
        """Take back what `state` returned, after `on_start`."""


class ProgressBar(Callback):
    """A tqdm progress bar with the losses and the time left, on stderr."""

    def on_start(self, run: Run) -> None:
        """Open the bar."""
        from tqdm.auto import tqdm

        self._bar = tqdm(total=run.epochs * run.batches, unit="step", dynamic_ncols=True, file=sys.stderr)
        self._shown = 0.0

    def on_update(self, run: Run) -> None:
        """Show at most ten times per second."""
        if time.perf_counter() - self._shown > 0.1:
            self._show(run)

    def on_end(self, run: Run) -> None:
        """Show the last state and close the bar."""
        self._show(run)
        self._bar.close()

    def _show(self, run: Run) -> None:
        bar, done = self._bar, max(0, run.epoch - 1) * run.batches + run.batch
        if bar.n == 0:
            bar.initial = max(0, done - 1)  # what was done before a stop does not count as speed
        losses = [f"{name} {run.history[name][-1]:.4f}" for name in ("loss", "val_loss") if name in run.history]
        bar.set_description_str(f"epoch {run.epoch}/{run.epochs}", refresh=False)
        bar.set_postfix_str(", ".join(losses) or f"loss {float(run.loss):.4f}", refresh=False)
        bar.n = done
        bar.refresh()
        self._shown = time.perf_counter()


class EarlyStopping(Callback):
    """Stop when a number of the history has not improved for some epochs.

    Parameters
    ----------
    monitor : str, default "val_loss"
        Its name; an accuracy is better where larger, anything else where smaller.
    patience : int, default 10
        Epochs without an improvement, >= 1.
    min_delta : float, default 0.0
        >= 0, by which it must be better to count.
    restore_best : bool, default True
        Whether the parameters of the best epoch come back at the end, also after the last epoch.

    Raises
    ------
    ArgumentError
        For bad settings; from `fit`, if the history will have no such number.
    """

    def __init__(self, monitor: str = "val_loss", *, patience: int = 10, min_delta: float = 0.0, restore_best: bool = True) -> None:
        if not is_whole(patience):
            raise ArgumentError(f"patience must be a whole number >= 1, got {patience!r} in EarlyStopping")
        if not (math.isfinite(min_delta) and min_delta >= 0):
            raise ArgumentError(f"min_delta must be finite and >= 0, got {min_delta} in EarlyStopping")
        self.monitor, self.patience, self.min_delta, self.restore_best = monitor, patience, min_delta, restore_best

    def on_start(self, run: Run) -> None:
        """Start afresh; refuse to watch what there will not be."""
        run.must_have(self.monitor, self)
        self.best, self.best_epoch = math.nan, 0
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
        """Return the best so far."""
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
    """Stop before the update when the loss or the gradient is NaN or infinite; on by default, unless not `enabled`.

    The error names epoch, batch and layer. The model gets back parameters of at most 16 steps ago, for which all was finite.
    """

    EVERY = 16  # steps: to keep the parameters of each would take 2 % of the time

    def __init__(self, enabled: bool = True) -> None:
        self.enabled = enabled

    def on_start(self, run: Run) -> None:
        """Keep the parameters as they are."""
        self._good, self._age = run.model.parameters.theta.copy(), 0
        self._place = "the start"
        self._learning = [i for i, layer in enumerate(run.model.layers) if layer.parameters()]

    def on_step(self, run: Run) -> None:
        """Look at the numbers; if all are finite, keep the parameters now and then."""
        if not self.enabled:
            return
        parameters, outputs = run.model.parameters, run.model.outputs
        # An infinite output may not show in the loss: tanh makes it 1. Those of layers without parameters show in a gradient.
        if math.isfinite(run.loss) and all_finite(parameters.grad, *[outputs[i] for i in self._learning]):
            if self._age % self.EVERY == 0:
                np.copyto(self._good, parameters.theta)
                self._place = f"epoch {run.epoch}, batch {run.batch}"
            self._age += 1
            return
        with np.errstate(all="ignore"):
            what = next((place for place, array in _places(run) if not all_finite(np.asarray(array))), "the gradient is not finite")
        parameters.theta = self._good
        raise NonFiniteError(
            f"training must stay finite, but at epoch {run.epoch}, batch {run.batch}, {what}. The model holds the parameters of "
            f"{self._place}, for which all was finite. "
            f"Try a smaller learning rate (now {run.optimizer.learning_rate:g}), or scale the inputs"
        )


def _places(run: Run) -> Iterator[tuple[str, Any]]:
    """Yield each array, forward and back, with what to say where it is not finite."""
    model = run.model
    for i, (layer, out) in enumerate(zip(model.layers, model.outputs, strict=False)):
        for name, parameter in layer.parameters().items():
            yield f"layer {i}, {layer}, has a {name} that is not finite", parameter.value
        yield f"layer {i}, {layer}, gives an output that is not finite", out
    yield f"the loss, {model.loss}, is {run.loss}", run.loss
    dy: Any = model.loss_gradient()
    yield f"the loss, {model.loss}, gives a gradient that is not finite", dy
    for i, layer in reversed(list(enumerate(model._body))):
        dy = layer.backward(dy)
        for name, parameter in layer.parameters().items():
            yield f"layer {i}, {layer}, has a gradient of its {name} that is not finite", parameter.grad
        if dy is not None:
            yield f"layer {i}, {layer}, gives a gradient of its input that is not finite", dy


class CSVLog(Callback):
    """Write the history to the CSV file `path`, a row as soon as an epoch ends; all before as well where training is resumed.

    `fit` raises `DataError` if it cannot be written.
    """

    late = True  # after others' numbers

    def __init__(self, path: FilePath) -> None:
        self.path = Path(path)

    def on_start(self, run: Run) -> None:
        """Make the folder; an old file stays until there is a row."""
        make_folder(self.path.parent)
        self._begins: list[int] = []  # in which epoch, from 0, each column does

    def on_epoch(self, run: Run) -> None:
        """Write a row: the first time, all that there are."""
        columns = [run.history.columns.get(name, []) for name in run.names]
        new, rows = not self._begins, io.StringIO()
        table = csv.writer(rows, lineterminator="\n")
        if new:
            # A resumed training may have got a column later.
            self._begins = [run.epoch - len(column) if run.epoch > 1 else 0 for column in columns]
            table.writerow(["epoch", *run.names])
        for epoch in range(0 if new else run.epoch - 1, run.epoch):
            cells = [(column, epoch - begin) for column, begin in zip(columns, self._begins, strict=True)]
            table.writerow([epoch + 1, *(column[place] if 0 <= place < len(column) else "" for column, place in cells)])
        content = rows.getvalue().encode()
        if new:
            write_whole(self.path, content)
            return
        try:
            with open(self.path, "ab") as file:
                file.write(content)
        except OSError as error:
            raise DataError(f"{self.path}: a row cannot be added, {error.strerror}: choose a place with enough room") from error


class TensorBoardLog(Callback):
    """Write the history for TensorBoard, epoch by epoch, into `folder`; look at it with `tensorboard --logdir FOLDER`.

    "val_loss" is the "loss" of the run "validation"; a resumed training goes on in its place. `fit` raises `DataError` if the folder cannot
    be written. Needs tensorboardX: pip install minidl[tensorboard].
    """

    late = True

    def __init__(self, folder: FilePath) -> None:
        with needs("tensorboardX", "tensorboard", "TensorBoardLog"):
            from tensorboardX import SummaryWriter
        self.folder, self._writer = Path(folder), SummaryWriter
        self._writers: dict[str, Any] = {}

    def on_start(self, run: Run) -> None:
        """Make the folder."""
        make_folder(self.folder)

    def on_epoch(self, run: Run) -> None:
        """Write the numbers of the epoch."""
        for name in run.names:
            if column := run.history.columns.get(name):
                part = "validation" if name.startswith("val_") else "training"
                if part not in self._writers:
                    place = make_folder(self.folder / part)
                    new = f".{len(list(place.iterdir()))}"  # a file's name has but the second of its beginning
                    self._writers[part] = self._writer(str(place), purge_step=run.epoch, flush_secs=1, filename_suffix=new)
                self._writers[part].add_scalar(name.removeprefix("val_"), column[-1], run.epoch)

    def on_end(self, run: Run) -> None:
        """Close the files."""
        while self._writers:
            self._writers.popitem()[1].close()
