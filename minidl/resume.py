"""Checkpoints: a training on disk, from which `fit(resume=path)` goes on as if it had never stopped.

A checkpoint is a model's file that has the training in it as well, under "training" in its description: `Sequential.load` reads the
model from it like from any other.
"""

from __future__ import annotations

import math
import signal
import threading
import time
import warnings
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np

from . import checkpoints, sealed
from .arrays import Array
from .callbacks import Callback, Run
from .data.hdf5 import write_hdf5
from .environment import differences, fingerprint
from .errors import ArgumentError, DataError, EnvironmentWarning
from .files import FilePath
from .history import larger_is_better
from .state import TrainingState, capture, restore

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_PREFIX = "training."


class Checkpoint(Callback):
    """Keep the training on disk, and end it well on Ctrl-C and SIGTERM.

    `fit(..., resume=path)`, with the same model, data, optimizer and callbacks, goes on from the file: parameters, optimizer, place in the
    epoch, shuffling, dropout, history and what the callbacks remember are as they were, and the rest of the training is bit for bit
    what it would have been, as long as NumPy, its BLAS, the processor and the number of threads are the same (else a warning says what
    differs).

    A file is replaced whole or not at all. On Ctrl-C or SIGTERM the current step is finished, the training saved, and `fit` returns the
    history so far; a second Ctrl-C interrupts at once.

    Parameters
    ----------
    path : path
        An HDF5 file; folders are made.
    every_epochs : int or None, default 1
        Save after each so many epochs, and after the last one.
    every_seconds : float, optional
        Save also within an epoch, after the first step that ends so many seconds after the last save.
    keep : {"last", "best", "both"}, default "last"
        Which state `path` holds. "best" is that of the epoch with the best `monitor`; "both" keeps it beside the last one, in
        `name.best.h5` for a path `name.h5`.
    monitor : str, default "val_loss"
        A name in the history; an accuracy is better where larger, anything else where smaller.

    Attributes
    ----------
    path, best_path : Path or None
        Where the last and the best state are kept.

    Examples
    --------
    >>> import tempfile
    >>> from minidl import Adam, Linear, MeanSquaredError, Sequential
    >>> X, Y = [[1], [2], [3]], [[2], [4], [6]]
    >>> def fit(epochs, path, resume=None):
    ...     model = Sequential([Linear(1, 1)], loss=MeanSquaredError())
    ...     kept = Checkpoint(path)
    ...     return model.fit(X, Y, optimizer=Adam(0.1), epochs=epochs, callbacks=[kept], resume=resume, progress=False)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     whole = fit(10, f"{folder}/whole.h5")
    ...     half = fit(5, f"{folder}/half.h5")
    ...     rest = fit(10, f"{folder}/half.h5", resume=f"{folder}/half.h5")
    >>> rest.loss == whole.loss
    True
    """

    late = True  # the state to keep is the one after all other callbacks

    def __init__(
        self,
        path: FilePath,
        every_epochs: int | None = 1,
        every_seconds: float | None = None,
        keep: str = "last",
        monitor: str = "val_loss",
    ) -> None:
        whole = isinstance(every_epochs, int | np.integer) and not isinstance(every_epochs, bool) and every_epochs >= 1
        if every_epochs is not None and not whole:
            raise ArgumentError(f"every_epochs must be a whole number >= 1 or None, got {every_epochs!r} in Checkpoint")
        if every_seconds is not None and not (isinstance(every_seconds, int | float) and every_seconds > 0):
            raise ArgumentError(f"every_seconds must be > 0 or None, got {every_seconds!r} in Checkpoint")
        if keep not in ("last", "best", "both"):
            raise ArgumentError(f"keep must be 'last', 'best' or 'both', got {keep!r} in Checkpoint")
        goal = Path(path)
        self.every_epochs, self.every_seconds, self.keep, self.monitor = every_epochs, every_seconds, keep, monitor
        self.path = None if keep == "best" else goal
        self.best_path = {"last": None, "best": goal, "both": goal.with_name(f"{goal.stem}.best{goal.suffix}")}[keep]
        self._caught: signal.Signals | None = None
        self._handlers: dict[signal.Signals, Any] = {}

    def on_start(self, run: Run) -> None:
        """Refuse what could not be saved or watched, before the first step; begin to listen for signals."""
        if self.best_path and self.monitor not in run.names:
            hint = ": give fit(validation=(X, Y))" if self.monitor.startswith("val_") else ""
            raise ArgumentError(f"Checkpoint watches {self.monitor!r}, but the history will have only {', '.join(run.names)}{hint}")
        checkpoints.contents(run.model)
        run.optimizer.state()
        self.best, self._caught = math.nan, None
        self._saved = time.perf_counter()
        if threading.current_thread() is threading.main_thread():  # others get no signals
            self._handlers = {name: signal.signal(name, self._catch) for name in _SIGNALS}

    def on_update(self, run: Run) -> None:
        """Save within an epoch, if it is time."""
        if self._caught:
            self._end(run)
        elif self.every_seconds and time.perf_counter() - self._saved >= self.every_seconds:
            self._save(run, self.path)

    def on_epoch(self, run: Run) -> None:
        """Save after an epoch, if it is due."""
        number = run.history[self.monitor][-1] if self.best_path else math.nan
        better = number > self.best if larger_is_better(self.monitor) else number < self.best
        if better or math.isnan(self.best) > math.isnan(number):
            self.best = number
            self._save(run, self.best_path)
        last = run.stopped or run.epoch == run.epochs
        if last or (self.every_epochs and run.epoch % self.every_epochs == 0):
            self._save(run, self.path)
        if self._caught and not last:
            self._end(run)

    def on_end(self, run: Run) -> None:
        """Give the signals back."""
        self._listen_no_more()

    def state(self) -> dict[str, Any]:
        """Return the best number so far."""
        return {"best": self.best} if self.best_path else {}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from there."""
        self.best = float(state["best"])

    def _catch(self, number: int, frame: FrameType | None) -> None:
        self._caught = signal.Signals(number)
        self._listen_no_more()  # the next one has its usual effect

    def _listen_no_more(self) -> None:
        while self._handlers:
            name, handler = self._handlers.popitem()
            signal.signal(name, handler)

    def _end(self, run: Run) -> None:
        self._save(run, self.path)
        where = f"{self.path} holds the training: fit(resume=...) goes on" if self.path else f"{self.best_path} holds its best epoch"
        name = self._caught.name if self._caught else ""
        run.stop(f"{name} in epoch {run.epoch}, after batch {run.batch} of {run.batches}; {where}", now=True)

    def _save(self, run: Run, path: Path | None) -> None:
        if path:
            write(path, run, capture(run))
            self._saved = time.perf_counter()


def write(path: Path, run: Run, state: TrainingState) -> None:
    """Write a checkpoint; an old file of that name is replaced whole, or left as it is where anything fails."""
    arrays: dict[str, Array] = {}
    tree = _packed({**state._asdict(), "theta": None}, arrays)  # the parameters are in the file already
    training = {"state": tree, "environment": fingerprint()}
    write_hdf5({path: checkpoints.contents(run.model, {"training": training}, arrays)}, replace=True)


def go_on(path: FilePath, run: Run) -> None:
    """Put `run` where the training in the file at `path` was stopped.

    Warns
    -----
    EnvironmentWarning
        If it was written where the last digits may be others.

    Raises
    ------
    MissingDataError, DataError
        If there is no such file, or it is damaged, or holds a model without its training.
    ArgumentError
        If the training was of another model, optimizer, or kind.
    """
    content, arrays = sealed.read(path, checkpoints.FORMAT, checkpoints.VERSION)
    training = content.pop("training", None)
    if training is None:
        raise DataError(f"{path}: must be a checkpoint, found a model without its training: load it with Sequential.load")
    if content != checkpoints.description(run.model):
        raise ArgumentError(f"{path}: resume goes on with the model that was stopped, {content}, got {checkpoints.description(run.model)}")
    try:
        tree = _unpacked(training["state"], arrays)
        tree["theta"] = np.concatenate([arrays[name].reshape(-1) for name, _ in run.model.parameters] or [np.empty(0, run.model.dtype)])
        state, then = TrainingState(**tree), dict(training["environment"])
        _check_form(state)
        restore(run, state)
    except ArgumentError as error:
        raise ArgumentError(f"{path}: {error}") from None
    except Exception as error:  # the file was written by something else
        raise DataError(f"{path}, key 'description': must hold the state of a training, found it otherwise: restore a copy") from error
    if changed := differences(then, fingerprint()):
        warnings.warn(
            f"{path}: the training goes on, but its last digits may differ from those it would have had: {'; '.join(changed)}",
            EnvironmentWarning,
            stacklevel=5,
        )


def _check_form(state: TrainingState) -> None:
    """Raise unless everything is of the type that it must be."""
    kinds = TrainingState.__annotations__
    plain = {"recipe": str, "optimizer": dict, "dealing": dict, "streams": list, "sums": dict, "history": dict, "callbacks": list}
    if set(kinds) != set(state._fields) or any(not isinstance(getattr(state, name), kind) for name, kind in plain.items()):
        raise TypeError("a field is of another type")


def _packed(value: Any, arrays: dict[str, Array]) -> Any:
    """Return `value` as JSON can hold it to the last bit; arrays go into `arrays`, under a name each."""
    if isinstance(value, dict):
        packed = {name: _packed(held, arrays) for name, held in value.items()}
        return {"dict": packed} if len(packed) == 1 and next(iter(packed)) in _KINDS else packed  # lest it be taken for one of these
    if isinstance(value, list | tuple):
        return [_packed(held, arrays) for held in value]
    if isinstance(value, np.ndarray):
        name = f"{_PREFIX}{len(arrays)}"
        arrays[name] = value
        return {"array": name}
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return {"float": str(value)}
    if isinstance(value, int) and abs(value) >= 2**53:  # such as the state of a random stream
        return {"int": hex(value)}
    return value


def _unpacked(value: Any, arrays: dict[str, Array]) -> Any:
    """Return what `_packed` was given."""
    if isinstance(value, list):
        return [_unpacked(held, arrays) for held in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        ((kind, held),) = value.items()
        if kind == "dict":
            value = held
        elif kind in _KINDS:
            return arrays[held] if kind == "array" else _KINDS[kind](held)
    return {name: _unpacked(held, arrays) for name, held in value.items()}


_KINDS: dict[str, Any] = {"array": None, "dict": None, "float": float, "int": lambda text: int(text, 16)}
