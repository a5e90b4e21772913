"""Comparison of a saved training with the one that resumes it, before anything changes."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from ..errors import ArgumentError, ResumeError
from ..optimizers.base import Optimizer
from ..optimizers.full_batch import FullBatchOptimizer
from ..serialization.classes import MINIDL, ORIGINS, class_entry
from ..serialization.optimizer_config import (
    config_text,
    optimizer_config,
    optimizer_state,
    restore_optimizer,
)
from ..serialization.strict_json import equal_as_json, matches_schema
from ..utils.parts import exported_parts
from ..utils.random import RandomGenerator, get_rng_state, set_rng_state
from ..utils.typing import Array
from . import callbacks as callbacks_package
from .callbacks.base import Callback, TrainingRun
from .differences import raise_if_any, setting_differences
from .model_state import ModelState

CALLBACKS: dict[str, type[Callback]] = {
    callback_class.__name__: callback_class
    for callback_class in exported_parts(callbacks_package, Callback)
}

STATE_KEYS = {
    *("optimizer", "optimizer_state", "resumed", "minibatches", "rng_states", "epoch_sums"),
    "metric_sums",
    *("history", "callbacks", "seconds", "stopped", "stop_immediately"),
}
_CALLBACK_SCHEMA = {"class": str, "origin": ORIGINS, "state": dict}

# The attributes of `TrainingRun` that are sums over the current epoch.
EPOCH_SUMS = ("loss_sum", "n_examples")


def callback_entry(callback: Callback) -> dict[str, str]:
    """Return name and origin of the class of a callback."""
    return class_entry(type(callback), CALLBACKS)


def check_state(state: Mapping[str, Any], model_state: ModelState, run: TrainingRun) -> None:
    """Raise unless a training can continue from a saved state.

    Parameters
    ----------
    state : mapping of str to object
        What `capture_state` returned.
    model_state : ModelState
        The parameters and buffers from which the training resumes.
    run : TrainingRun
        The training that is about to start.

    Raises
    ------
    ArgumentError
        If an argument differs from that of the saved training.
    Exception
        Of any other class, if the state has a structure that no training has.
    """
    if state.keys() != STATE_KEYS or not matches_schema(state["callbacks"], [_CALLBACK_SCHEMA]):
        raise TypeError(f"the state has the parts {sorted(state)}")
    _check_history(state, run)
    current_optimizer = optimizer_config(run.initial_optimizer)
    if not equal_as_json(state["optimizer"], current_optimizer):
        raise mismatch_error(
            "optimizer",
            config_text(state["optimizer"]),
            config_text(current_optimizer),
            "to change the optimizer, load the model and call fit without resume",
        )
    dealings = state["minibatches"]["dealing"], run.minibatches.state()["dealing"]
    saved, current = ({"lanes": None, **dealing} for dealing in dealings)  # of one process: none
    raise_if_any("batches", setting_differences(saved, current))
    _check_metrics(state, run)
    optimizer_copy = copy.deepcopy(run.optimizer)
    theta_copy = run.trained.theta.copy()
    optimizer_copy.init_state(theta_copy)
    _check_structure(state, model_state, run, optimizer_copy)
    _check_optimizer_state(state, optimizer_copy, theta_copy)
    for rng, rng_state in zip(layer_rngs(run), state["rng_states"], strict=True):
        set_rng_state(copy.deepcopy(rng), rng_state)
    run.minibatches.validate_state(state["minibatches"])


def _check_history(state: Mapping[str, Any], run: TrainingRun) -> None:
    epochs = state["minibatches"]["epoch"]
    column_structures = [structure_of(column) for column in state["history"].values()]
    if any(structure != f"float64 ({epochs},)" for structure in column_structures):
        raise TypeError(f"the columns of the history have the structures {column_structures}")
    if not isinstance(state["stopped"], str | None):
        raise TypeError(f"stopped is {state['stopped']!r}")
    if not isinstance(state["stop_immediately"], bool):
        raise TypeError(f"stop_immediately is {state['stop_immediately']!r}")


def _check_metrics(state: Mapping[str, Any], run: TrainingRun) -> None:
    missing_names = sorted(set(state["history"]) - set(run.metric_names))
    if missing_names:
        raise mismatch_error(
            "metrics",
            ", ".join(state["history"]),
            ", ".join(run.metric_names),
            f"{', '.join(missing_names)} would be missing, pass the same metrics, validation set "
            "and callbacks",
        )
    if run.measurement:
        try:
            run.measurement.check_state(state["metric_sums"])
        except ArgumentError as error:
            raise ResumeError(
                f"resume needs the metrics of the saved training, got {error}", "pass the same"
            ) from None


def _check_structure(
    state: Mapping[str, Any], model_state: ModelState, run: TrainingRun, optimizer: Optimizer
) -> None:
    current_state: dict[str, Any] = {
        "theta": run.model.parameters.theta,
        "buffers": run.model.objective_function.buffers.copy_values(),
        "optimizer_state": _without_schedule(optimizer_state(optimizer)),
        "rng_states": [get_rng_state(rng) for rng in layer_rngs(run)],
        "epoch_sums": dict.fromkeys(EPOCH_SUMS, 0),
        "seconds": 0,
    }
    saved_state = {
        **state,
        **model_state._asdict(),
        "optimizer_state": _without_schedule(state["optimizer_state"]),
    }
    for name, value in current_state.items():
        saved = structure_of(saved_state[name])
        current = structure_of(value)
        if saved != current:
            quantity = f"structure of {name}"
            raise mismatch_error(quantity, saved, current, "pass the same arguments")


def _without_schedule(saved: Mapping[str, Any]) -> dict[str, Any]:
    # A schedule may be another one, and its state grows with what it observes:
    # `_check_optimizer_state` tries to restore both.
    return {name: value for name, value in saved["state"].items() if name != "schedule"}


def _check_optimizer_state(state: Mapping[str, Any], optimizer: Optimizer, theta: Array) -> None:
    """Raise if the optimizer cannot make a step in the saved state; both arguments are copies."""
    restore_optimizer(optimizer, theta, state["optimizer_state"])  # refuses unknown schedules
    if isinstance(optimizer, FullBatchOptimizer):
        return  # it makes no single step
    with np.errstate(all="ignore"):
        optimizer.step(theta, np.zeros_like(theta))  # impossible step counts and the like raise


def match_callbacks(
    saved_states: Sequence[Mapping[str, Any]], callbacks: Sequence[Callback]
) -> Iterator[tuple[Callback, dict[str, Any]]]:
    """Yield each callback that has a saved state, with this state.

    Callbacks of one class get their states in the order in which they were passed to `fit`.
    """
    unmatched = list(callbacks)
    for saved in saved_states:
        saved_entry = {"class": saved["class"], "origin": saved["origin"]}
        unmatched_entries = list(map(callback_entry, unmatched))
        if saved_entry not in unmatched_entries:
            if not saved["state"]:
                continue  # one less that has nothing to remember
            current_names = ", ".join(map(_class_text, map(callback_entry, callbacks)))
            raise mismatch_error(
                "callbacks", _class_text(saved_entry), f"only {current_names}", "pass the same"
            )
        yield unmatched.pop(unmatched_entries.index(saved_entry)), saved["state"]


def _class_text(entry: Mapping[str, str]) -> str:
    return entry["class"] if entry["origin"] == MINIDL else f"{entry['class']} (custom)"


def structure_of(value: Any) -> Any:
    """Return the types and shapes in a state, without its values."""
    if isinstance(value, dict):
        return {name: structure_of(element) for name, element in value.items()}
    if isinstance(value, list):
        return [structure_of(element) for element in value]
    if isinstance(value, np.ndarray):
        return f"{value.dtype} {value.shape}"
    if isinstance(value, int | float) and not isinstance(value, bool):
        return "number"
    return type(value).__name__


def mismatch_error(quantity: str, saved: Any, current: Any, cure: str) -> ResumeError:
    """Return the error for an argument that differs from that of the saved training."""
    return ResumeError(
        f"resume needs the {quantity} of the saved training, {saved}, got {current}", cure
    )


def layer_rngs(run: TrainingRun) -> list[RandomGenerator]:
    """Return the random generators of all layers, nested ones included."""
    layers = run.model.objective_function.stochastic_layers
    return [layer.rng for layer in layers if layer.rng is not None]
