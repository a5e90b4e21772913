"""What identifies a training, so that ranks can compare theirs."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import ArgumentError
from ..layers.tree import frozen_paths
from ..objective import Objective
from ..serialization.json_codec import encode
from ..serialization.optimizer_config import config_text, optimizer_config, optimizer_state
from ..utils.environment import fingerprint
from ..utils.random import get_rng_state
from ..utils.typing import Array

if TYPE_CHECKING:
    from ..training.callbacks.base import TrainingRun


def describe_arguments(run: TrainingRun, *, exact: bool) -> dict[str, str]:
    """Return texts and digests of the arguments of a training.

    Parameters
    ----------
    run : TrainingRun
        The training that is about to start.
    exact : bool
        Whether the processor and the threads of BLAS must be the same, too.

    Returns
    -------
    dict of str to str
        By what they are of, in the words of an error.
    """
    batches, validate = run.minibatches, run.validate
    versions = fingerprint()
    if not exact:
        versions = {name: versions[name] for name in ("minidl", "numpy")}
    callbacks = [type(callback).__name__ for callback in run.callbacks if not callback.root_only]
    return {
        "software or processors": " ".join(f"{name} {text}" for name, text in versions.items()),
        "model": _digest(_model_texts(run.model.objective_function)),
        "optimizer": config_text(optimizer_config(run.optimizer)),
        "epochs": str(run.epochs),
        "batch size, shuffling or lanes": _digest(batches.state()["dealing"]),
        "order of the rows": _digest(batches.order_description(batches.epoch + 1)),
        "augmentation": str(batches.augment),
        "training set": _digest(_without_file(batches.data_description())),
        "validation set": _digest(validate and _without_file(validate.data_description())),
        "metrics": ", ".join(run.metric_names),
        "callbacks": ", ".join(callbacks),
    }


def describe_state(run: TrainingRun) -> dict[str, str]:
    """Return digests of what the next step depends on, such as what a seed has drawn."""
    objective = run.model.objective_function
    arrays: dict[str, Array] = {}
    rngs = [layer.rng for layer in objective.stochastic_layers]
    random = [None if rng is None else get_rng_state(rng) for rng in rngs]
    state: Any = None
    with suppress(ArgumentError):  # one of the user's may have a state that no file can store
        state = encode(optimizer_state(run.optimizer), arrays)
    return {
        "parameters (of another seed?)": _digest(
            None, [objective.parameters.theta, *objective.buffers.copy_values().values()]
        ),
        "random generators (of another seed?)": _digest([run.minibatches.state(), random]),
        "state of the optimizer": _digest(state, arrays.values()),
        "epochs trained": str(run.epoch),
    }


def _model_texts(objective: Objective) -> list[Any]:
    """Return what tells models apart, also those that no file can store."""
    parts = [*objective.layers, objective.loss, *objective.penalties, objective.dtype]
    shapes = [(name, parameter.shape) for name, parameter in objective.parameters]
    return [*map(str, parts), shapes, frozen_paths(objective.layers)]


def _digest(value: Any, arrays: Iterable[Array] = ()) -> str:
    sha256 = hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode())
    for array in arrays:
        sha256.update(np.ascontiguousarray(array).data)
    return sha256.hexdigest()


def _without_file(description: dict[str, Any]) -> dict[str, Any]:
    """Return the description of a set without the time stamps of files: ranks may have copies."""
    return {
        name: part and {key: value for key, value in part.items() if key != "file"}
        for name, part in description.items()
    }
