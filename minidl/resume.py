"""Checkpoints: a training on disk, from which `fit(resume=path)` goes on as if it had never stopped."""

from __future__ import annotations

import copy
import math
import signal
import threading
import time
import warnings
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np

from . import checkpoints
from .arrays import Array, is_whole
from .callbacks import Callback, Run
from .environment import fingerprint
from .errors import ArgumentError, DataError, EnvironmentWarning
from .files import FilePath
from .history import larger_is_better
from .randomness import RandomStream, set_state, state_of

_TAGS = {"array", "dict", "float", "int"}
_SUMS = ("total", "rows", "right", "asked")


class Checkpoint(Callback):
    """Keep the training on disk, and end it well on Ctrl-C and SIGTERM: the step is finished, the training saved, and `fit` returns.

    `fit(..., resume=path)`, with the same model, data, optimizer and callbacks, goes on bit for bit as if it had never stopped, if
    NumPy, its BLAS, the processor and the number of threads are the same; else a warning says what differs.

    Parameters
    ----------
    path : path
        A model's file, which `Sequential.load` reads too; folders are made.
    every_epochs : int or None, default 1
        Save after each so many epochs, and after the last one.
    every_seconds : float, optional
        Save also within an epoch, so many seconds after the last save.
    keep : {"last", "best", "both"}, default "last"
        Which state `path` holds; "best" is that of the epoch with the best `monitor`. "both" keeps it in `best_path`, `name.best.h5`
        beside `name.h5`.
    monitor : str, default "val_loss"
        A name in the history; an accuracy is better where larger, anything else where smaller.

    Raises
    ------
    ArgumentError
        For bad settings; from `fit`, if the history will have no `monitor`, or something is no plain value and cannot be kept.
    DataError
        From `fit`, if the file cannot be written, or is not a training such as this one.
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
        if not (every_epochs is None or is_whole(every_epochs)):
            raise ArgumentError(f"every_epochs must be a whole number >= 1 or None, got {every_epochs!r} in Checkpoint")
        if not (every_seconds is None or (isinstance(every_seconds, int | float) and every_seconds > 0)):
            raise ArgumentError(f"every_seconds must be > 0 or None, got {every_seconds!r} in Checkpoint")
        if keep not in ("last", "best", "both"):
            raise ArgumentError(f"keep must be 'last', 'best' or 'both', got {keep!r} in Checkpoint")
        goal = Path(path)
        self.every_epochs, self.every_seconds, self.keep, self.monitor = every_epochs, every_seconds, keep, monitor
        self.path = None if keep == "best" else goal
        self.best_path = {"last": None, "best": goal, "both": goal.with_name(f"{goal.stem}.best{goal.suffix}")}[keep]

    def on_start(self, run: Run) -> None:
        """Refuse what could not be saved or watched; begin to listen for signals."""
        if self.best_path:
            run.must_have(self.monitor, self)
        checkpoints.contents(run.model)
        run.optimizer.state()
        self.best = math.nan
        self._caught: signal.Signals | None = None
        self._saved = time.perf_counter()
        self._signals = ExitStack()
        if threading.current_thread() is threading.main_thread():  # others get no signals
            for number in (signal.SIGINT, signal.SIGTERM):
                self._signals.callback(signal.signal, number, signal.signal(number, self._catch))

    def on_update(self, run: Run) -> None:
        """Save within an epoch, if it is time."""
        if self._caught:
            self._end(run, self._caught)
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
            self._end(run, self._caught)

    def on_end(self, run: Run) -> None:
        """Give the signals back."""
        self._signals.close()

    def state(self) -> dict[str, Any]:
        """Return the best number so far."""
        return {"best": self.best} if self.best_path else {}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from there."""
        self.best = float(state["best"])

    def _catch(self, number: int, frame: FrameType | None) -> None:
        self._caught = signal.Signals(number)
        self._signals.close()  # the next one has its usual effect

    def _end(self, run: Run, caught: signal.Signals) -> None:
        self._save(run, self.path)
        where = f"{self.path} holds the training: fit(resume=...) goes on" if self.path else f"{self.best_path} holds its best epoch"
        run.stop(f"{caught.name} in epoch {run.epoch}, after batch {run.batch} of {run.batches}; {where}", now=True)

    def _save(self, run: Run, path: Path | None) -> None:
        if path:
            arrays: dict[str, Array] = {}
            training = {"state": _packed(_captured(run), arrays), "environment": fingerprint()}
            checkpoints.save(run.model, path, {"training": training}, arrays)
            self._saved = time.perf_counter()


def go_on(path: FilePath, run: Run) -> None:
    """Put `run` where the training in the file at `path` was stopped; where that fails, nothing but a callback has changed."""
    content, arrays = checkpoints.read(path)
    training = content.pop("training", None)
    if training is None:
        raise DataError(f"{path}: must be a checkpoint, found a model without its training: use Sequential.load")
    if content != (due := checkpoints.description(run.model)):
        raise ArgumentError(f"{path}: resume goes on with the model that was stopped, {content}, got {due}")
    try:
        state, then = _unpacked(training["state"], arrays), dict(training["environment"])
        state["theta"] = np.concatenate([arrays[name].reshape(-1) for name, _ in run.model.parameters] or [np.empty(0, run.model.dtype)])
        _restore(run, state)
    except ArgumentError as error:
        raise ArgumentError(f"{path}: {error}") from None
    except Exception as error:  # something else wrote it
        raise DataError(f"{path}: must hold the state of a training, found it otherwise: restore a copy") from error
    now = fingerprint()
    if changed := [f"{name} was {then.get(name)} and is {now.get(name)}" for name in {**then, **now} if then.get(name) != now.get(name)]:
        warnings.warn(
            f"{path}: the training goes on, but its last digits may differ: {'; '.join(changed)}", EnvironmentWarning, stacklevel=5
        )


def _captured(run: Run) -> dict[str, Any]:
    """Return all that the next step depends on; the parameters are in the file already."""
    return {
        "recipe": run.recipe,
        "theta": None,
        "optimizer": run.optimizer.state(),
        "dealing": run.dealer.state() if run.dealer else None,
        "streams": [state_of(rng) for rng in _streams(run)],
        "sums": {name: getattr(run, name) for name in _SUMS},
        "history": {name: np.array(column, np.float64) for name, column in run.history.columns.items()},
        "callbacks": [[type(callback).__name__, state] for callback in run.callbacks if (state := callback.state())],
        "seconds": time.perf_counter() - run.begin,
        "stopped": run.stopped,
    }


def _restore(run: Run, state: dict[str, Any]) -> None:
    _check(run, state)
    for callback, remembered in list(_matched(run, state["callbacks"])):
        try:
            callback.restore(remembered)
        except Exception as error:
            raise _differs(f"with {type(callback).__name__}", f"one that cannot take its state back: {error!r}") from error
    if run.dealer:
        run.dealer.restore(state["dealing"])
    for rng, stood in zip(_streams(run), state["streams"], strict=True):
        set_state(rng, stood)
    run.model.parameters.theta = state["theta"]
    run.optimizer.restore(run.model.parameters.theta, state["optimizer"])
    run.history.columns = {name: column.tolist() for name, column in state["history"].items()}
    run.begin = time.perf_counter() - state["seconds"]
    run.stopped = state["stopped"]
    run.batch = state["dealing"]["batch"]
    run.resumes = run.batch > 0
    run.epoch = state["dealing"]["epoch"] + run.resumes
    for name in _SUMS:
        setattr(run, name, state["sums"][name])


def _check(run: Run, state: dict[str, Any]) -> None:
    """Raise unless `run` can go on from `state`."""
    history, epochs = state["history"], state["dealing"]["epoch"]
    if not isinstance(state["stopped"], str | None) or any(_form(column) != f"float64 ({epochs},)" for column in history.values()):
        raise TypeError("no training leaves such a state")
    if state["recipe"] != run.recipe:
        raise _differs(state["recipe"], f"{run.recipe}: for another optimizer, load the model and call fit without resume")
    if extra := sorted(set(history) - set(run.names)):
        raise _differs(f"a history of {', '.join(history)}", f"{', '.join(run.names)}: {', '.join(extra)} would end")
    theta, streams = run.model.parameters.theta, _streams(run)
    twin, trial = copy.deepcopy(run.optimizer), theta.copy()
    twin.start(trial)
    due: dict[str, Any] = {
        "theta": theta,
        "optimizer": twin.state(),
        "streams": [state_of(rng) for rng in streams],
        "sums": dict.fromkeys(_SUMS, 0),
        "seconds": 0,
    }
    for name, value in due.items():
        if (found := _form(state[name])) != _form(value):
            raise _differs(f"with {name} of the form {found}", f"{_form(value)}: use the same settings")
    twin.restore(trial, state["optimizer"])  # it refuses a learning rate's schedule that it does not know
    with np.errstate(all="ignore"):
        twin.step(trial, np.zeros_like(trial))  # numbers that no optimizer can have raise here
    for rng, stood in zip(streams, state["streams"], strict=True):
        set_state(copy.deepcopy(rng), stood)
    if run.dealer:
        run.dealer.check(state["dealing"])


def _matched(run: Run, states: list[list[Any]]) -> Iterator[tuple[Callback, dict[str, Any]]]:
    """Yield each callback that had a state, with it."""
    names = [type(callback).__name__ for callback in run.callbacks]
    mine = ", ".join(names)
    for name, remembered in states:
        if name not in names:
            raise _differs(f"with the callback {name}", f"only {mine}: give the same callbacks")
        place = names.index(name)
        names[place] = ""  # it is taken
        yield run.callbacks[place], remembered


def _streams(run: Run) -> list[RandomStream]:
    return [layer.rng for top in run.model.layers for layer in top.walk() if layer.stochastic and layer.rng is not None]


def _form(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _form(held) for name, held in value.items()}
    if isinstance(value, list):
        return [_form(held) for held in value]
    if isinstance(value, np.ndarray):
        return f"{value.dtype} {value.shape}"
    return "number" if isinstance(value, int | float) and not isinstance(value, bool) else type(value).__name__


def _differs(due: str, found: str) -> ArgumentError:
    return ArgumentError(f"resume goes on with what was stopped, {due}, got {found}")


def _packed(value: Any, arrays: dict[str, Array]) -> Any:
    """Return `value` as JSON can hold it to the last bit; arrays go into `arrays`."""
    if isinstance(value, dict):
        packed = {name: _packed(held, arrays) for name, held in value.items()}
        return {"dict": packed} if len(packed) == 1 and packed.keys() <= _TAGS else packed  # lest it be taken for one of these
    if isinstance(value, list | tuple):
        return [_packed(held, arrays) for held in value]
    if isinstance(value, np.ndarray):
        name = f"training.{len(arrays)}"
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
    match [*value.items()]:
        case [("array", held)]:
            return arrays[held]
        case [("float", held)]:
            return float(held)
        case [("int", held)]:
            return int(held, 16)
        case [("dict", held)]:
            value = held
    return {name: _unpacked(held, arrays) for name, held in value.items()}
