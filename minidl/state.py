"""The state of a training: all that its next step depends on, taken from one run and put into another.

A run that is given the state of another goes on as that one would have, bit for bit, where both compute alike: the same arrays, the
same NumPy and BLAS, as many threads.
"""

from __future__ import annotations

import copy
import time
from typing import Any, NamedTuple

import numpy as np

from .arrays import Array
from .callbacks import Callback, Run
from .errors import ArgumentError, MinidlError
from .randomness import RandomStream, set_state, state_of


class TrainingState(NamedTuple):
    """Numbers, texts and arrays only, in lists and dictionaries.

    Parameters
    ----------
    recipe : str
        The optimizer as it was given, such as "Adam(learning_rate=0.001, ...)".
    theta : ndarray (P,)
    optimizer : dict
        Its state, by name.
    dealing : dict
        Where the batches stand: `MiniBatches.state`.
    streams : list of dict
        Where the random streams of the layers stand, in the order of the layers.
    sums : dict
        What is summed over the epoch so far.
    history : dict of str to ndarray
    callbacks : list of [str, dict]
        The class and the state of each callback that has one.
    seconds : float
    stopped : str or None
    """

    recipe: str
    theta: Array
    optimizer: dict[str, Any]
    dealing: dict[str, Any]
    streams: list[dict[str, Any]]
    sums: dict[str, float]
    history: dict[str, Array]
    callbacks: list[list[Any]]
    seconds: float
    stopped: str | None


def capture(run: Run) -> TrainingState:
    """Return the state of `run` between two steps or two epochs: a copy, in which nothing changes any more."""
    if run.dealer is None:
        raise ArgumentError("only a run of `train` has a state to capture, got one without batches")
    return copy.deepcopy(
        TrainingState(
            recipe=run.recipe,
            theta=run.model.parameters.theta,
            optimizer=run.optimizer.state(),
            dealing=run.dealer.state(),
            streams=[state_of(rng) for rng in _streams(run)],
            sums={name: getattr(run, name) for name in _SUMS},
            history={name: np.array(column, np.float64) for name, column in run.history.columns.items()},
            callbacks=[[type(callback).__name__, state] for callback in run.callbacks if (state := callback.state())],
            seconds=time.perf_counter() - run.begin,
            stopped=run.stopped,
        )
    )


_SUMS = ("total", "rows", "right", "asked")


def check(run: Run, state: TrainingState) -> None:
    """Raise `ArgumentError` unless `run` can go on from `state`; nothing is changed."""
    theta = run.model.parameters.theta
    if (state.theta.shape, state.theta.dtype) != (theta.shape, theta.dtype):
        raise _differs(f"a model of {state.theta.size} parameters of {state.theta.dtype}", f"{theta.size} of {theta.dtype}")
    if state.recipe != run.recipe:
        raise _differs(state.recipe, f"{run.recipe}: to train on with another optimizer, load the model and call fit without resume")
    twin = copy.deepcopy(run.optimizer)
    twin.start(theta.copy())
    due: dict[str, Any] = {
        "optimizer": twin.state(),
        "streams": [state_of(rng) for rng in _streams(run)],
        "sums": {name: getattr(run, name) for name in _SUMS},
        "seconds": 0.0,
    }
    for name, value in due.items():
        if _form(getattr(state, name)) != _form(value):
            raise _differs(f"with {name} of the form {_form(getattr(state, name))}", f"{_form(value)}: use the same model and settings")
    trial = theta.copy()
    twin.restore(trial, state.optimizer)  # it refuses a learning rate's schedule that it does not know
    with np.errstate(all="ignore"):
        twin.step(trial, np.zeros_like(trial))  # numbers that no optimizer can have raise here, not in the middle of training
    for rng, stood in zip(_streams(run), state.streams, strict=True):
        set_state(copy.deepcopy(rng), stood)
    if run.dealer:
        run.dealer.check(state.dealing)
    _matched(run, state)
    if extra := set(state.history) - set(run.names):
        raise _differs(f"a history of {', '.join(state.history)}", f"{', '.join(run.names)}: {', '.join(sorted(extra))} would end")
    shape = f"float64 ({state.dealing['epoch']},)"
    if wrong := [name for name, column in state.history.items() if _form(column) != shape]:
        raise _differs(
            f"after {state.dealing['epoch']} epochs", f"a history of another length: {wrong[0]} is {_form(state.history[wrong[0]])}"
        )
    if not (state.stopped is None or isinstance(state.stopped, str)):
        raise _differs("for a reason or none", f"{state.stopped!r}")


def restore(run: Run, state: TrainingState) -> None:
    """Put the run, model, optimizer, batches, random streams and callbacks where they stood when `state` was taken.

    Raises
    ------
    ArgumentError
        If they cannot go on from there; nothing but a callback has changed then.
    """
    check(run, state)
    state = copy.deepcopy(state)
    for callback, remembered in _matched(run, state):
        try:
            callback.restore(remembered)
        except Exception as error:
            raise _differs(f"with {type(callback).__name__} in a state", f"one that cannot take it back: {error!r}") from error
    if run.dealer:
        run.dealer.restore(state.dealing)
    for rng, stood in zip(_streams(run), state.streams, strict=True):
        set_state(rng, stood)
    run.model.parameters.theta = state.theta
    run.optimizer.restore(run.model.parameters.theta, state.optimizer)
    run.history.columns = {name: column.tolist() for name, column in state.history.items()}
    run.begin = time.perf_counter() - state.seconds
    run.stopped = state.stopped
    run.batch = state.dealing["batch"]
    run.resumes = run.batch > 0
    run.epoch = state.dealing["epoch"] + run.resumes
    for name in _SUMS:
        setattr(run, name, state.sums[name])


def _matched(run: Run, state: TrainingState) -> list[tuple[Callback, dict[str, Any]]]:
    """Return each callback that had a state, with that state."""
    waiting = list(run.callbacks)
    pairs = []
    for name, remembered in state.callbacks:
        callback = next((callback for callback in waiting if type(callback).__name__ == name), None)
        if callback is None:
            mine = ", ".join(type(callback).__name__ for callback in run.callbacks)
            raise _differs(f"with the callback {name}", f"only {mine}: give the same callbacks")
        waiting.remove(callback)
        pairs.append((callback, remembered))
    return pairs


def _streams(run: Run) -> list[RandomStream]:
    return [layer.rng for top in run.model.layers for layer in top.walk() if layer.stochastic and layer.rng is not None]


def _form(value: Any) -> Any:
    """Return what kind of value it is, down to the last: two states of the same form can take each other's place."""
    if isinstance(value, dict):
        return {name: _form(held) for name, held in value.items()}
    if isinstance(value, list):
        return [_form(held) for held in value]
    if isinstance(value, np.ndarray):
        return f"{value.dtype} {value.shape}"
    return "number" if isinstance(value, int | float) and not isinstance(value, bool) else type(value).__name__


def _differs(due: str, found: str) -> MinidlError:
    return ArgumentError(f"resume goes on with what was stopped, {due}, got {found}")
