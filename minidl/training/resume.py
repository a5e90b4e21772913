"""Saving the state of a training to a file, and restoring it for `fit(resume=path)`."""

from __future__ import annotations

import copy
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..errors import ArgumentError, DataError, EnvironmentWarning
from ..optimizers.base import Optimizer
from ..serialization.configuration import model_config
from ..serialization.container import StoredArrays, StoredFile, read_verified
from ..serialization.json_codec import decode, encode
from ..serialization.model_file import check_arrays, model_arrays, model_datasets, save_model
from ..serialization.version_1 import (
    EPOCH_SUM_KEYS,
    SCHEDULE_STATE_KEY,
    TRAINING_STATE_KEYS,
    callback_name_v1,
    optimizer_state_to_v1,
    optimizer_text_v1,
    restore_optimizer_from_v1,
)
from ..serialization.version_1_models import arrays_by_role, without_origins
from ..utils.atomic_files import FilePath
from ..utils.environment import fingerprint
from ..utils.random import RandomGenerator, get_rng_state, set_rng_state
from ..utils.typing import Array
from ..utils.user_warnings import warn_user
from .callbacks.base import Callback, TrainingRun
from .model_state import ModelState, state_from_dict, state_to_dict

if TYPE_CHECKING:
    from ..model.sequential import Sequential

_THETA_KEY = TRAINING_STATE_KEYS["theta"]
# The parameters to resume from, in files whose model has others, such as the restored best ones.
RESUMED_THETA_KEY = "resumed_theta"


def check_savable(run: TrainingRun) -> None:
    """Raise `ArgumentError` if the model or the optimizer could not be saved."""
    model_datasets(run.model.objective_function)
    run.optimizer.state()


class ResumableState(NamedTuple):
    """What a file of a training holds besides the model.

    Parameters
    ----------
    state : dict
        What `capture_state` returned.
    model_state : ModelState
        The parameters and buffers with which the training is resumed.
    """

    state: dict[str, Any]
    model_state: ModelState

    def differs_from(self, model: Sequential) -> bool:
        """Return whether the model has other parameters or buffers, bit for bit."""
        return not self.model_state.equals(ModelState.of(model.objective_function))


def capture_resumable_state(run: TrainingRun) -> ResumableState:
    """Return the state of a training between two steps, with a copy of the model's state."""
    return ResumableState(capture_state(run), ModelState.of(run.model.objective_function))


def save_training(
    path: FilePath,
    run: TrainingRun,
    *,
    state: ResumableState | None = None,
    model_state: ModelState | None = None,
) -> None:
    """Save the model and the state of its training; see `restore_training`.

    Parameters
    ----------
    path : path-like
        The file, which is replaced if it exists.
    run : TrainingRun
        The training, between two steps.
    state : ResumableState, optional
        The state to resume from; by default the present one.
    model_state : ModelState, optional
        The parameters and buffers of the model in the file; by default the present ones.

    Raises
    ------
    ArgumentError
        If a state contains a value that a file cannot store.
    DataError
        If the file cannot be written.
    """
    arrays: dict[str, Array] = {}
    saved, resumed = state or capture_resumable_state(run)
    objective = run.model.objective_function
    stored_arrays = model_arrays(objective)
    if model_state is None:
        model_state = ModelState.of(objective)
    if not resumed.equals(model_state):
        # Under another key: who does not know it refuses the file, and does not resume from the
        # parameters of the model.
        saved = {name: value for name, value in saved.items() if name != _THETA_KEY}
        saved |= state_to_dict(resumed, RESUMED_THETA_KEY)
        stored_arrays = _arrays_of(run.model, model_state)
    training = {"state": encode(saved, arrays), "environment": fingerprint()}
    stored_arrays = stored_arrays._replace(training=arrays)
    save_model(objective, path, {"training": training}, stored_arrays)


def _arrays_of(model: Sequential, state: ModelState) -> StoredArrays:
    ends = np.cumsum([parameter.size for _, parameter in model.parameters])
    parameters = {
        name: state.theta[end - parameter.size : end].reshape(parameter.shape)
        for end, (name, parameter) in zip(ends, model.parameters, strict=True)
    }
    return StoredArrays(parameters, state.buffers)


def capture_state(run: TrainingRun) -> dict[str, Any]:
    """Return everything that the next step depends on, under the keys of the file format.

    "theta" is None: the file stores the parameters beside the training state.
    """
    state = {
        "optimizer_repr": optimizer_text_v1(run.initial_optimizer),
        "theta": None,
        "optimizer": optimizer_state_to_v1(run.optimizer),
        "minibatches": run.minibatches.state(),
        "rng_states": [get_rng_state(rng) for rng in _layer_rngs(run)],
        "epoch_sums": {key: getattr(run, attribute) for attribute, key in EPOCH_SUM_KEYS.items()},
        "history": {
            name: np.array(column, np.float64) for name, column in run.history.columns.items()
        },
        "callbacks": _callback_states(run.callbacks),
        "seconds": time.perf_counter() - run.start_time,
        "stopped": run.stopped,
    }
    return {key: state[name] for name, key in TRAINING_STATE_KEYS.items()}


def _callback_states(callbacks: Sequence[Callback]) -> list[list[Any]]:
    """Return [class name, state] of each callback that has a state."""
    states = [[callback_name_v1(callback), callback.state()] for callback in callbacks]
    return [[name, state] for name, state in states if state]


def restore_training(path: FilePath, run: TrainingRun) -> None:
    """Continue `run` from the training state in a checkpoint.

    If an error is raised, only callbacks may have changed.

    Parameters
    ----------
    path : path-like
        The checkpoint.
    run : TrainingRun
        The training that is about to start.

    Raises
    ------
    ArgumentError
        If the model, the optimizer, the data, the callbacks or another argument differs from that
        of the saved training.
    DataError
        If the file is not a checkpoint, or was changed after it was written.

    Warns
    -----
    EnvironmentWarning
        If results may differ in the last digits, because NumPy, its BLAS, the processor or the
        number of threads differs.
    """
    stored = read_verified(path)
    training = stored.content.pop("training", None)
    if training is None:
        raise DataError(
            f"{path}: must be a checkpoint, found a model without a training state: "
            "use Sequential.load"
        )
    arrays = _check_model(path, stored, run)
    try:
        state, saved_environment = _decode_training(training, arrays, run)
        _check_state(state, run)
        _restore_state(state, run)
    except ArgumentError as error:
        raise ArgumentError(f"{path}: {error}") from None
    except Exception as error:  # e.g. if another program wrote the file
        raise DataError(
            f"{path}: must hold the state of a training, found an unexpected structure: "
            "restore a copy"
        ) from error
    _warn_of_other_environment(path, saved_environment)


def _check_model(path: FilePath, stored: StoredFile, run: TrainingRun) -> StoredArrays:
    """Raise unless the model in the file is that of the training; return its arrays."""
    current, arrays = model_config(run.model.objective_function), stored.arrays
    if stored.version == 1:
        current, arrays = without_origins(current), arrays_by_role(arrays)
    if stored.content != current:
        mismatch = mismatch_error("model", stored.content, current, "build the same model")
        raise ArgumentError(f"{path}: {mismatch}")
    check_arrays(path, run.model.layers, arrays, run.model.dtype.name)
    return arrays


def _decode_training(
    training: Mapping[str, Any], arrays: StoredArrays, run: TrainingRun
) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the training state and the environment in which it was saved."""
    decoded = decode(training["state"], arrays.training)
    resumed = state_from_dict(decoded, RESUMED_THETA_KEY)
    if resumed is None:
        parameters = [arrays.parameters[name].reshape(-1) for name, _ in run.model.parameters]
        theta = np.concatenate(parameters or [np.empty(0, run.model.dtype)])
        resumed = ModelState(theta, dict(arrays.buffers))
    else:
        decoded[_THETA_KEY] = None
    state = {name: decoded[key] for name, key in TRAINING_STATE_KEYS.items()}
    state["theta"] = resumed.theta
    state["buffers"] = resumed.buffers
    return state, dict(training["environment"])


def _check_state(state: Mapping[str, Any], run: TrainingRun) -> None:
    """Raise unless `run` can continue from `state`."""
    _check_history(state, run)
    optimizer_repr = optimizer_text_v1(run.initial_optimizer)
    if state["optimizer_repr"] != optimizer_repr:
        raise mismatch_error(
            "optimizer",
            state["optimizer_repr"],
            optimizer_repr,
            "to change the optimizer, load the model and call fit without resume",
        )
    _check_metrics(state, run)
    optimizer_copy = copy.deepcopy(run.optimizer)
    theta_copy = run.model.parameters.theta.copy()
    optimizer_copy.init_state(theta_copy)
    _check_structure(state, run, optimizer_copy)
    _check_optimizer_state(state, optimizer_copy, theta_copy)
    for rng, rng_state in zip(_layer_rngs(run), state["rng_states"], strict=True):
        set_rng_state(copy.deepcopy(rng), rng_state)
    run.minibatches.validate_state(state["minibatches"])


def _check_history(state: Mapping[str, Any], run: TrainingRun) -> None:
    epochs = state["minibatches"]["epoch"]
    column_structures = [structure_of(column) for column in state["history"].values()]
    if any(structure != f"float64 ({epochs},)" for structure in column_structures):
        raise TypeError(f"the columns of the history have the structures {column_structures}")
    if not isinstance(state["stopped"], str | None):
        raise TypeError(f"stopped is {state['stopped']!r}")


def _check_metrics(state: Mapping[str, Any], run: TrainingRun) -> None:
    missing_names = sorted(set(state["history"]) - set(run.metric_names))
    if missing_names:
        raise mismatch_error(
            "metrics",
            ", ".join(state["history"]),
            ", ".join(run.metric_names),
            f"{', '.join(missing_names)} would be missing, pass the same validation set and "
            "callbacks",
        )


def _check_structure(state: Mapping[str, Any], run: TrainingRun, optimizer: Optimizer) -> None:
    current_state: dict[str, Any] = {
        "theta": run.model.parameters.theta,
        "buffers": run.model.objective_function.buffers.copy_values(),
        "optimizer": _without_schedule_state(optimizer_state_to_v1(optimizer)),
        "rng_states": [get_rng_state(rng) for rng in _layer_rngs(run)],
        "epoch_sums": dict.fromkeys(EPOCH_SUM_KEYS.values(), 0),
        "seconds": 0,
    }
    saved_state = {**state, "optimizer": _without_schedule_state(state["optimizer"])}
    for name, value in current_state.items():
        saved = structure_of(saved_state[name])
        current = structure_of(value)
        if saved != current:
            quantity = f"structure of {name}"
            raise mismatch_error(quantity, saved, current, "pass the same arguments")


def _without_schedule_state(optimizer_state: Mapping[str, Any]) -> dict[str, Any]:
    # A schedule's state grows with what it observes: `_check_optimizer_state` tries to restore it.
    return {name: value for name, value in optimizer_state.items() if name != SCHEDULE_STATE_KEY}


def _check_optimizer_state(state: Mapping[str, Any], optimizer: Optimizer, theta: Array) -> None:
    """Raise if the optimizer cannot make a step in the saved state; both arguments are copies."""
    restore_optimizer_from_v1(optimizer, theta, state["optimizer"])  # refuses unknown schedules
    with np.errstate(all="ignore"):
        optimizer.step(theta, np.zeros_like(theta))  # impossible step counts and the like raise


def _restore_state(state: Mapping[str, Any], run: TrainingRun) -> None:
    for callback, callback_state in list(match_callbacks(state["callbacks"], run.callbacks)):
        try:
            callback.restore(callback_state)
        except Exception as error:
            name = type(callback).__name__
            raise mismatch_error(
                "callbacks", name, f"one that cannot restore its state, {error!r}", "pass the same"
            ) from error
    minibatches_state = state["minibatches"]
    run.minibatches.restore(minibatches_state)
    for rng, rng_state in zip(_layer_rngs(run), state["rng_states"], strict=True):
        set_rng_state(rng, rng_state)
    ModelState(state["theta"], state["buffers"]).restore(run.model.objective_function)
    restore_optimizer_from_v1(run.optimizer, run.model.parameters.theta, state["optimizer"])
    run.history.columns = {name: column.tolist() for name, column in state["history"].items()}
    run.start_time = time.perf_counter() - state["seconds"]
    run.stopped = state["stopped"]
    run.batch = minibatches_state["batch"]
    run.resuming_mid_epoch = run.batch > 0
    run.epoch = minibatches_state["epoch"] + run.resuming_mid_epoch
    for attribute, key in EPOCH_SUM_KEYS.items():
        setattr(run, attribute, state["epoch_sums"][key])


def match_callbacks(
    saved_states: Sequence[Sequence[Any]], callbacks: Sequence[Callback]
) -> Iterator[tuple[Callback, dict[str, Any]]]:
    """Yield each callback that has a saved state, with this state.

    Callbacks of one class get their states in the order in which they were passed to `fit`.
    """
    unmatched = list(callbacks)
    for name, callback_state in saved_states:
        unmatched_names = [callback_name_v1(callback) for callback in unmatched]
        if name not in unmatched_names:
            current_names = ", ".join(map(callback_name_v1, callbacks))
            raise mismatch_error("callbacks", name, f"only {current_names}", "pass the same")
        yield unmatched.pop(unmatched_names.index(name)), callback_state


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


def mismatch_error(quantity: str, saved: Any, current: Any, cure: str) -> ArgumentError:
    """Return the error for an argument that differs from that of the saved training."""
    return ArgumentError(
        f"resume needs the {quantity} of the saved training, {saved}, got {current}: {cure}"
    )


def _layer_rngs(run: TrainingRun) -> list[RandomGenerator]:
    """Return the random generators of all layers, nested ones included."""
    layers = run.model.objective_function.stochastic_layers
    return [layer.rng for layer in layers if layer.rng is not None]


def _warn_of_other_environment(path: FilePath, saved: Mapping[str, str]) -> None:
    current = fingerprint()
    changes = [
        f"{name} was {saved.get(name)} and is {current.get(name)}"
        for name in {**saved, **current}
        if saved.get(name) != current.get(name)
    ]
    if changes:
        warn_user(
            f"{path}: the training resumes, but its last digits may differ: {'; '.join(changes)}",
            EnvironmentWarning,
        )
