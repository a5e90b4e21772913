"""Saving the state of a training to a file, and restoring it for `fit(resume=path)`."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from numbers import Real
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..data.hdf5_schema import Limits
from ..errors import (
    ArgumentError,
    DataError,
    EnvironmentWarning,
    MinidlError,
    OptimizerWarning,
    ResumeError,
)
from ..optimizers.full_batch import FullBatchOptimizer
from ..serialization.classes import CUSTOM, add_distinct
from ..serialization.configuration import model_config
from ..serialization.container import StoredArrays, StoredFile, read_verified
from ..serialization.json_codec import decode, encode
from ..serialization.model_file import check_arrays, model_arrays, model_datasets, save_model
from ..serialization.optimizer_config import (
    optimizer_config,
    optimizer_state,
    restore_optimizer,
)
from ..serialization.version_1_models import arrays_by_role, without_origins
from ..serialization.version_1_trainings import split_epoch_sums, training_from_version_1
from ..utils.atomic_files import FilePath
from ..utils.environment import environment_changes, fingerprint
from ..utils.random import get_rng_state, set_rng_state
from ..utils.typing import Array
from ..utils.user_warnings import warn_user
from .callbacks.base import Callback, TrainingRun
from .differences import model_differences, raise_if_any
from .model_state import ModelState
from .resume_checks import (
    EPOCH_SUMS,
    callback_entry,
    check_state,
    layer_rngs,
    match_callbacks,
    mismatch_error,
)
from .run_identity import check_data, check_settings, run_identity

if TYPE_CHECKING:
    from ..model.sequential import Sequential


def check_savable(run: TrainingRun) -> None:
    """Raise `ArgumentError` if the model, the optimizer or the callbacks could not be saved."""
    classes: dict[str, type[Any]] = {}
    for callback in run.callbacks:
        has_state = type(callback).state is not Callback.state
        if has_state and callback_entry(callback)["origin"] == CUSTOM:
            rule = "callbacks with a state must not have two classes of the same name"
            add_distinct(classes, type(callback), rule)
    objective = run.model.objective_function
    content, arrays = _training_content(run, capture_state(run, starting=True))
    stored_arrays = model_arrays(objective)._replace(training=arrays)
    model_datasets(objective, {"training": content}, stored_arrays)


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
    objective = run.model.objective_function
    saved, resumed = state or capture_resumable_state(run)
    stored_arrays = model_arrays(objective)
    if model_state is None:
        model_state = ModelState.of(objective)
    if not resumed.equals(model_state):
        saved = {**saved, "resumed": resumed._asdict()}
        stored_arrays = _arrays_of(run.model, model_state)
    content, arrays = _training_content(run, saved)
    save_model(objective, path, {"training": content}, stored_arrays._replace(training=arrays))


def _training_content(
    run: TrainingRun, state: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Array]]:
    """Return what a file says of a training, and the arrays of its state."""
    arrays: dict[str, Array] = {}
    others = {name: value for name, value in state.items() if name != "callbacks"}
    encoded = encode(others, arrays)
    encoded["callbacks"] = [
        {**entry, "state": encode(entry["state"], arrays, exact=True, place=_state_name(entry))}
        for entry in state["callbacks"]
    ]
    content = {"state": encoded, "identity": run_identity(run), "environment": fingerprint()}
    return content, arrays


def _state_name(entry: Mapping[str, Any]) -> str:
    return f"{entry['class']}.state()"


def _arrays_of(model: Sequential, state: ModelState) -> StoredArrays:
    ends = np.cumsum([parameter.size for _, parameter in model.parameters])
    parameters = {
        name: state.theta[end - parameter.size : end].reshape(parameter.shape)
        for end, (name, parameter) in zip(ends, model.parameters, strict=True)
    }
    return StoredArrays(parameters, state.buffers)


def capture_state(run: TrainingRun, *, starting: bool = False) -> dict[str, Any]:
    """Return everything that the next step depends on, under the keys of the file format.

    "resumed" is the state of the model from which the training resumes, or None if it is that of
    the model in the file. Before the first step, with `starting`, a callback may have no state yet.
    """
    states = [_callback_state(callback, starting) for callback in run.callbacks]
    return {
        "optimizer": optimizer_config(run.initial_optimizer),
        "optimizer_state": optimizer_state(run.optimizer),
        "resumed": None,
        "minibatches": run.minibatches.state(),
        "rng_states": [get_rng_state(rng) for rng in layer_rngs(run)],
        "epoch_sums": {name: getattr(run, name) for name in EPOCH_SUMS},
        "metric_sums": run.measurement.state() if run.measurement else {},
        "history": dict(_history_columns(run)),
        "callbacks": _with_state(states),
        "seconds": time.perf_counter() - run.start_time,
        "stopped": run.stopped,
        "stop_immediately": run.stop_immediately,
    }


def _history_columns(run: TrainingRun) -> Iterator[tuple[str, Array]]:
    """Yield the columns of the history; raise `ArgumentError` if one could not be resumed."""
    epochs = run.history.epochs
    for name, column in run.history.columns.items():
        if name not in run.metric_names:
            rule = "what a callback adds to the history must be in its extra_metrics"
            raise ArgumentError(f"{rule}, got {name!r}: add the name")
        if len(column) != epochs or not all(isinstance(value, Real) for value in column):
            rule = "a column of the history must have one number per epoch"
            raise ArgumentError(f"{rule}, got {column[-1]!r} as number {len(column)} of {name!r}")
        yield name, np.array(column, np.float64)


def _callback_state(callback: Callback, starting: bool) -> dict[str, Any]:
    entry: dict[str, Any] = callback_entry(callback)
    try:
        state = callback.state()
    except AttributeError:
        if not starting:
            raise
        state = {}  # an attribute that the first step makes
    if not isinstance(state, dict):
        name = type(state).__name__
        raise ArgumentError(
            f"{_state_name(entry)} must return a dict, got an object of class {name}"
        )
    return {**entry, "state": state}


def _with_state(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the entries of the classes of which a callback has a state.

    Callbacks of one class get their states back in order, so that those without count.
    """
    classes = [(entry["class"], entry["origin"]) for entry in entries if entry["state"]]
    return [entry for entry in entries if (entry["class"], entry["origin"]) in classes]


def restore_training(path: FilePath, run: TrainingRun, limit: int | None = None) -> None:
    """Continue `run` from the training state in a checkpoint.

    If an error is raised, only callbacks may have changed.

    Parameters
    ----------
    path : path-like
        The checkpoint.
    run : TrainingRun
        The training that is about to start.
    limit : int, optional
        Bytes that the file may have; by default `default_limit` of them.

    Raises
    ------
    ArgumentError
        If the model, the optimizer, the data, the callbacks or another argument differs from that
        of the saved training.
    DataError
        If the file is not a checkpoint, is too large, or was changed after it was written.

    Warns
    -----
    EnvironmentWarning
        If results may differ in the last digits, because NumPy, its BLAS, the processor or the
        number of threads differs; or if the file does not tell the data of the saved training.
    OptimizerWarning
        If the optimizer begins anew at the point that the training had reached.
    """
    limit = default_limit(run) if limit is None else limit
    stored = read_verified(path, limit, limit_name="resume_limit")
    training = stored.content.pop("training", None)
    if training is None:
        raise DataError(
            f"{path}: must be a checkpoint, found a model without a training state: "
            "use Sequential.load"
        )
    try:
        identity = training.get("identity")
        if identity is not None:
            check_settings(identity, run)
        arrays = _check_model(path, stored, run)
        if identity is not None:
            check_data(identity, run)
        state, model_state = _decode_state(training, arrays, stored.version, run)
        check_state(state, model_state, run)
        saved_environment = dict(training["environment"])
        _restore_state(state, model_state, run)
    except ResumeError as error:
        raise ResumeError(f"{path}: {error.differences}", error.cure) from None
    except ArgumentError as error:
        raise ArgumentError(f"{path}: {error}") from None
    except DataError:
        raise
    except Exception as error:  # e.g. if another program wrote the file
        raise DataError(
            f"{path}: must hold the state of a training, found an unexpected structure: "
            "restore a copy"
        ) from error
    if identity is None:
        warn_user(
            f"{path}: the training resumes, but the file, of an earlier minidl, does not tell its "
            "data, weights and validation set: make sure that they are the same",
            EnvironmentWarning,
        )
    _warn_of_other_environment(path, saved_environment)
    optimizer = run.optimizer
    if isinstance(optimizer, FullBatchOptimizer) and optimizer.step_count and run.has_next_epoch:
        warn_user(
            f"{path}: the training resumes at the point that it had reached, but "
            f"{type(optimizer).__name__} begins anew: what its iterations have learned of the "
            "objective is not saved",
            OptimizerWarning,
        )


def default_limit(run: TrainingRun) -> int:
    """Return how many bytes a checkpoint of a training may have, unless the user says it.

    It may have a copy of the model for each array of the optimizer's state and for each callback,
    the state to resume from, and as much besides as any other file.
    """
    objective = run.model.objective_function
    model_bytes = sum(array.nbytes for array in ModelState.of(objective).arrays().values())
    n_copies = 2 + len(run.optimizer.state_names) + len(run.callbacks)
    return Limits.max_bytes + n_copies * model_bytes


def _check_model(path: FilePath, stored: StoredFile, run: TrainingRun) -> StoredArrays:
    """Raise unless the model in the file is that of the training; return its arrays."""
    current, arrays = model_config(run.model.objective_function), stored.arrays
    if stored.version == 1:
        current, arrays = without_origins(current), arrays_by_role(arrays)
    if stored.content != current:
        differences = [*model_differences(stored.content, current)] or ["other entries"]
        raise_if_any("model", differences, "build the same model")
    check_arrays(path, run.model.layers, arrays, run.model.dtype.name)
    return arrays


def _decode_state(
    training: Mapping[str, Any], arrays: StoredArrays, version: int, run: TrainingRun
) -> tuple[dict[str, Any], ModelState]:
    """Return the state in the file, and that of the model from which the training resumes."""
    state = decode(training["state"], arrays.training)
    if version == 1:
        entries = [callback_entry(callback) for callback in run.callbacks]
        state = training_from_version_1(state, run.optimizer, run.initial_optimizer, entries)
    state = {"stop_immediately": False, **state}  # earlier files were never saved at such a stop
    if "metric_sums" not in state:
        state |= split_epoch_sums(**state["epoch_sums"])
    if state["resumed"] is not None:
        return state, ModelState(**state["resumed"])
    parameters = [arrays.parameters[name].reshape(-1) for name, _ in run.model.parameters]
    theta = np.concatenate(parameters or [np.empty(0, run.model.dtype)])
    return state, ModelState(theta, dict(arrays.buffers))


def _restore_state(state: Mapping[str, Any], model_state: ModelState, run: TrainingRun) -> None:
    for callback, callback_state in list(match_callbacks(state["callbacks"], run.callbacks)):
        try:
            if callback_state:
                callback.restore(callback_state)
        except Exception as error:
            name = type(callback).__name__
            reason = error if isinstance(error, MinidlError) else repr(error)
            raise mismatch_error(
                "callbacks", name, f"one that cannot restore its state: {reason}", "pass the same"
            ) from error
    minibatches_state = state["minibatches"]
    run.minibatches.restore(minibatches_state)
    for rng, rng_state in zip(layer_rngs(run), state["rng_states"], strict=True):
        set_rng_state(rng, rng_state)
    model_state.restore(run.model.objective_function)
    restore_optimizer(run.optimizer, run.trained.theta, state["optimizer_state"])
    # In the order of a training that was not stopped: in the file the names are sorted.
    columns = state["history"]
    run.history.columns = {
        name: columns[name].tolist() for name in run.metric_names if name in columns
    }
    run.start_time = time.perf_counter() - state["seconds"]
    run.stopped = state["stopped"]
    run.stop_immediately = state["stop_immediately"]
    run.batch = minibatches_state["batch"]
    run.resuming_mid_epoch = run.batch > 0
    run.epoch = minibatches_state["epoch"] + run.resuming_mid_epoch
    run.epoch_ended = not run.resuming_mid_epoch
    for name in EPOCH_SUMS:
        setattr(run, name, state["epoch_sums"][name])
    if run.measurement:
        run.measurement.restore(state["metric_sums"])


def _warn_of_other_environment(path: FilePath, saved: Mapping[str, str]) -> None:
    changes = environment_changes(saved, fingerprint())
    if changes:
        warn_user(
            f"{path}: the training resumes, but its last digits may differ: {'; '.join(changes)}",
            EnvironmentWarning,
        )
