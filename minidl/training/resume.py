"""The state of a training as plain values, and how `fit(resume=path)` restores it."""

from __future__ import annotations

import copy
import time
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np

from ..errors import ArgumentError, DataError, EnvironmentWarning
from ..serialization.container import read_verified
from ..serialization.json_codec import decode
from ..serialization.model_file import model_config
from ..serialization.version_1 import optimizer_state_to_v1, restore_optimizer_from_v1
from ..utils.atomic_files import FilePath
from ..utils.environment import fingerprint
from ..utils.random import RandomStream, get_rng_state, set_rng_state
from .callbacks.base import Callback, TrainingRun

# The names of the sums over an epoch in files of version 1, and of the attributes of TrainingRun.
_SUMS = {
    "total": "loss_sum",
    "rows": "n_examples",
    "right": "n_correct",
    "asked": "n_predictions",
}


def restore_training(path: FilePath, run: TrainingRun) -> None:
    """Put `run` where the training in the file at `path` was stopped; where that fails, nothing but a callback has changed."""
    content, arrays = read_verified(path)
    training = content.pop("training", None)
    if training is None:
        raise DataError(
            f"{path}: must be a checkpoint, found a model without its training: use Sequential.load"
        )
    if content != (due := model_config(run.model.objective_function)):
        raise ArgumentError(
            f"{path}: resume goes on with the model that was stopped, {content}, got {due}"
        )
    try:
        state, then = decode(training["state"], arrays), dict(training["environment"])
        state["theta"] = np.concatenate(
            [arrays[name].reshape(-1) for name, _ in run.model.parameters]
            or [np.empty(0, run.model.dtype)]
        )
        _restore(run, state)
    except ArgumentError as error:
        raise ArgumentError(f"{path}: {error}") from None
    except Exception as error:  # something else wrote it
        raise DataError(
            f"{path}: must hold the state of a training, found it otherwise: restore a copy"
        ) from error
    now = fingerprint()
    if changed := [
        f"{name} was {then.get(name)} and is {now.get(name)}"
        for name in {**then, **now}
        if then.get(name) != now.get(name)
    ]:
        warnings.warn(
            f"{path}: the training goes on, but its last digits may differ: {'; '.join(changed)}",
            EnvironmentWarning,
            stacklevel=5,
        )


def capture_state(run: TrainingRun) -> dict[str, Any]:
    """Return all that the next step depends on; the parameters are in the file already."""
    return {
        "recipe": run.optimizer_repr,
        "theta": None,
        "optimizer": optimizer_state_to_v1(run.optimizer),
        "dealing": run.minibatches.state(),
        "streams": [get_rng_state(rng) for rng in _streams(run)],
        "sums": {name: getattr(run, attribute) for name, attribute in _SUMS.items()},
        "history": {
            name: np.array(column, np.float64) for name, column in run.history.columns.items()
        },
        "callbacks": [
            [type(callback).__name__, state]
            for callback in run.callbacks
            if (state := callback.state())
        ],
        "seconds": time.perf_counter() - run.start_time,
        "stopped": run.stopped,
    }


def _restore(run: TrainingRun, state: dict[str, Any]) -> None:
    _check(run, state)
    for callback, remembered in list(_matched(run, state["callbacks"])):
        try:
            callback.restore(remembered)
        except Exception as error:
            raise _differs(
                f"with {type(callback).__name__}", f"one that cannot take its state back: {error!r}"
            ) from error
    run.minibatches.restore(state["dealing"])
    for rng, stood in zip(_streams(run), state["streams"], strict=True):
        set_rng_state(rng, stood)
    run.model.parameters.theta = state["theta"]
    restore_optimizer_from_v1(run.optimizer, run.model.parameters.theta, state["optimizer"])
    run.history.columns = {name: column.tolist() for name, column in state["history"].items()}
    run.start_time = time.perf_counter() - state["seconds"]
    run.stopped = state["stopped"]
    run.batch = state["dealing"]["batch"]
    run.resuming_mid_epoch = run.batch > 0
    run.epoch = state["dealing"]["epoch"] + run.resuming_mid_epoch
    for name, attribute in _SUMS.items():
        setattr(run, attribute, state["sums"][name])


def _check(run: TrainingRun, state: dict[str, Any]) -> None:
    """Raise unless `run` can go on from `state`."""
    history, epochs = state["history"], state["dealing"]["epoch"]
    if not isinstance(state["stopped"], str | None) or any(
        _form(column) != f"float64 ({epochs},)" for column in history.values()
    ):
        raise TypeError("no training leaves such a state")
    if state["recipe"] != run.optimizer_repr:
        raise _differs(
            state["recipe"],
            f"{run.optimizer_repr}: for another optimizer, load the model and call fit without resume",
        )
    if extra := sorted(set(history) - set(run.metric_names)):
        raise _differs(
            f"a history of {', '.join(history)}",
            f"{', '.join(run.metric_names)}: {', '.join(extra)} would end",
        )
    theta, streams = run.model.parameters.theta, _streams(run)
    twin, trial = copy.deepcopy(run.optimizer), theta.copy()
    twin.init_state(trial)
    due: dict[str, Any] = {
        "theta": theta,
        "optimizer": optimizer_state_to_v1(twin),
        "streams": [get_rng_state(rng) for rng in streams],
        "sums": dict.fromkeys(_SUMS, 0),
        "seconds": 0,
    }
    for name, value in due.items():
        if (found := _form(state[name])) != _form(value):
            raise _differs(
                f"with {name} of the form {found}", f"{_form(value)}: use the same settings"
            )
    # It refuses a schedule that it does not know.
    restore_optimizer_from_v1(twin, trial, state["optimizer"])
    with np.errstate(all="ignore"):
        twin.step(trial, np.zeros_like(trial))  # numbers that no optimizer can have raise here
    for rng, stood in zip(streams, state["streams"], strict=True):
        set_rng_state(copy.deepcopy(rng), stood)
    run.minibatches.validate_state(state["dealing"])


def _matched(
    run: TrainingRun, states: list[list[Any]]
) -> Iterator[tuple[Callback, dict[str, Any]]]:
    """Yield each callback that had a state, with it."""
    names = [type(callback).__name__ for callback in run.callbacks]
    mine = ", ".join(names)
    for name, remembered in states:
        if name not in names:
            raise _differs(f"with the callback {name}", f"only {mine}: give the same callbacks")
        place = names.index(name)
        names[place] = ""  # it is taken
        yield run.callbacks[place], remembered


def _streams(run: TrainingRun) -> list[RandomStream]:
    return [
        layer.rng
        for top in run.model.layers
        for layer in top.modules()
        if layer.stochastic and layer.rng is not None
    ]


def _form(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _form(held) for name, held in value.items()}
    if isinstance(value, list):
        return [_form(held) for held in value]
    if isinstance(value, np.ndarray):
        return f"{value.dtype} {value.shape}"
    return (
        "number"
        if isinstance(value, int | float) and not isinstance(value, bool)
        else type(value).__name__
    )


def _differs(due: str, found: str) -> ArgumentError:
    return ArgumentError(f"resume goes on with what was stopped, {due}, got {found}")
