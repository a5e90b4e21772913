"""States of trainings in files of format version 1, as version 2 has them.

Version 1 kept the names that were in use when it was fixed, and knew classes by name or by a text.
Where it does not say whose a class is, it is taken for that of the training that resumes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from .. import schedules
from ..optimizers.adam import Adam
from ..optimizers.base import Optimizer
from ..optimizers.nesterov import Nesterov
from ..optimizers.rmsprop import RMSProp
from ..schedules.base import Schedule
from ..utils.settings import init_arguments
from .classes import CUSTOM, MINIDL
from .optimizer_config import optimizer_config
from .schedule_config import SCHEDULES, schedule_config

# Name in version 2 -> name in version 1, of the parts of a training state that are else the same.
STATE_KEYS = {
    "minibatches": "dealing",
    "rng_states": "streams",
    "history": "history",
    "seconds": "seconds",
    "stopped": "stopped",
}

# The same for the sums over the current epoch.
EPOCH_SUM_KEYS = {
    "loss_sum": "total",
    "n_examples": "rows",
    "n_correct": "right",
    "n_predictions": "asked",
}

# The same for the state of a built-in optimizer and of classes derived from it.
OPTIMIZER_STATE_NAMES: dict[type[Optimizer], dict[str, str]] = {
    Adam: {"first_moment": "mean", "second_moment": "square"},
    Nesterov: {"lookahead_velocity": "ahead"},
    RMSProp: {"mean_square": "square"},
}

# The same for the arguments of a built-in schedule.
SCHEDULE_FIELDS: dict[type[Schedule], dict[str, str]] = {
    schedules.Constant: {"learning_rate": "rate"},
    schedules.StepDecay: {"initial_learning_rate": "rate", "decay_steps": "every"},
    schedules.ExponentialDecay: {"initial_learning_rate": "rate", "decay_steps": "every"},
    schedules.Cosine: {
        "initial_learning_rate": "rate",
        "decay_steps": "steps",
        "final_learning_rate": "final",
    },
    schedules.WarmUp: {"warmup_steps": "steps", "after": "then"},
}

# The same for the class of a callback; other callbacks have the same name.
CALLBACK_NAMES = {"KeepBestEpoch": "BestSoFar"}  # of the command line


def training_from_version_1(
    saved: Mapping[str, Any],
    optimizer: Optimizer,
    initial_optimizer: Optimizer,
    callbacks: Sequence[Mapping[str, str]],
) -> dict[str, Any]:
    """Return the state of a training in a file of version 1 as version 2 has it.

    Parameters
    ----------
    saved : mapping of str to object
        The state in the file, with its arrays.
    optimizer : Optimizer
        The optimizer of the training that resumes.
    initial_optimizer : Optimizer
        The same, as it was passed to `fit`.
    callbacks : sequence of mapping
        Name and origin of the class of each of its callbacks, as `class_entry` returns them.

    Returns
    -------
    dict of str to object
        The state; a part that a file of version 1 must have, but this one lacks, is a `KeyError`.
    """
    text = saved["recipe"]
    matches = text == optimizer_text(initial_optimizer)
    return {
        "optimizer": optimizer_config(initial_optimizer) if matches else {"text": text},
        "optimizer_state": optimizer_state_from_version_1(saved["optimizer"], optimizer),
        "resumed": None,
        "stop_immediately": False,
        **split_epoch_sums(**{name: saved["sums"][key] for name, key in EPOCH_SUM_KEYS.items()}),
        "callbacks": _callback_states(saved["callbacks"], callbacks),
        **{name: saved[key] for name, key in STATE_KEYS.items()},
    }


def split_epoch_sums(
    *, loss_sum: float, n_examples: int, n_correct: int, n_predictions: int
) -> dict[str, Any]:
    """Return the sums of a file that has those of the accuracy among the others.

    Parameters
    ----------
    loss_sum, n_examples, n_correct, n_predictions : float, int, int, int
        The sums over the current epoch.

    Returns
    -------
    dict of str to object
        "epoch_sums" and "metric_sums" of a state.
    """
    accuracy = {"accuracy": [np.array(count, np.float64) for count in (n_correct, n_predictions)]}
    return {
        "epoch_sums": {"loss_sum": loss_sum, "n_examples": n_examples},
        "metric_sums": accuracy if n_predictions else {},
    }


def _callback_states(
    saved: Sequence[Sequence[Any]], callbacks: Sequence[Mapping[str, str]]
) -> list[dict[str, Any]]:
    """Return the states with the classes of the callbacks that have these names, in order."""
    unmatched = list(callbacks)
    states = []
    for name, state in saved:
        entry: Mapping[str, str] = {"class": name, "origin": CUSTOM}
        for candidate in unmatched:
            if CALLBACK_NAMES.get(candidate["class"], candidate["class"]) == name:
                entry = candidate
                unmatched.remove(candidate)
                break
        states.append({**entry, "state": state})
    return states


def optimizer_state_from_version_1(
    saved: Mapping[str, Any], optimizer: Optimizer
) -> dict[str, Any]:
    """Return the state of an optimizer in version 1 as `optimizer_state` returns it.

    Parameters
    ----------
    saved : mapping of str to object
        State, arguments and schedule in one.
    optimizer : Optimizer
        The optimizer of the training that resumes.

    Returns
    -------
    dict of str to object
        The state and the configuration of the schedule.
    """
    names = {
        "steps_made": "step_count",
        "_schedule_state": "schedule",
        **{
            saved_name: name
            for optimizer_class, renamed in OPTIMIZER_STATE_NAMES.items()
            if isinstance(optimizer, optimizer_class)
            for name, saved_name in renamed.items()
        },
    }
    arguments = {
        name
        for name, value in optimizer.hyperparameters().items()
        if name not in ("learning_rate", "clip_norm", *optimizer.state_names)
        and isinstance(value, int | float | str | None)
    }
    state = {
        names.get(name, name): value
        for name, value in saved.items()
        if name not in arguments and name != "_schedule"
    }
    return {"state": state, "schedule": _schedule_config(saved["_schedule"], optimizer.schedule)}


def optimizer_text(optimizer: Optimizer) -> str:
    """Return the text by which version 1 identifies the arguments of an optimizer.

    Parameters
    ----------
    optimizer : Optimizer
        Built-in or custom.

    Returns
    -------
    str
        Such as "Adam(learning_rate=0.001, beta1=0.9, beta2=0.999, epsilon=1e-08)".
    """
    if type(optimizer).__repr__ is not Optimizer.__repr__:
        return str(optimizer)
    arguments = optimizer.hyperparameters()
    rate = arguments.pop("learning_rate")
    clip_norm = arguments.pop("clip_norm", None)  # appended last
    shown = {"learning_rate": _schedule_text(rate) if isinstance(rate, Schedule) else rate}
    # A custom optimizer may set a number of its state already when it is constructed.
    numbers = {name: getattr(optimizer, name, None) for name in optimizer.state_names}
    shown |= {
        name: value for name, value in (arguments | numbers).items() if isinstance(value, float)
    }
    if clip_norm is not None:
        shown["clip_norm"] = clip_norm
    text = ", ".join(f"{name}={value}" for name, value in shown.items())
    return f"{type(optimizer).__name__}({text})"


def _schedule_config(description: str, current: Schedule | None) -> dict[str, Any] | None:
    """Return the configuration of the schedule that the JSON in a file of version 1 describes."""
    if json.dumps(current, default=_schedule_fields) == description:
        return schedule_config(current)

    def config(fields: dict[str, Any]) -> dict[str, Any]:
        name = fields.pop("class")
        if "text" in fields:
            return {"class": name, "origin": CUSTOM, "text": fields["text"]}
        renamed = SCHEDULE_FIELDS.get(SCHEDULES[name], {})
        names = {saved_name: argument for argument, saved_name in renamed.items()}
        settings = {names.get(key, key): value for key, value in fields.items()}
        return {"class": name, "origin": MINIDL, "settings": settings}

    parsed: dict[str, Any] | None = json.loads(description, object_hook=config)
    return parsed


def _schedule_fields(schedule: Schedule) -> dict[str, Any]:
    schedule_class = type(schedule)
    if schedule_class not in SCHEDULES.values():
        return {"class": schedule_class.__name__, "text": repr(schedule)}
    names = SCHEDULE_FIELDS.get(schedule_class, {})
    arguments = init_arguments(schedule)
    return {"class": schedule_class.__name__} | {
        names.get(name, name): value for name, value in arguments.items()
    }


def _schedule_text(schedule: Schedule) -> str:
    names = SCHEDULE_FIELDS.get(type(schedule))
    if names is None:
        return repr(schedule)
    fields = [
        f"{names.get(name, name)}="
        f"{_schedule_text(value) if isinstance(value, Schedule) else repr(value)}"
        for name, value in init_arguments(schedule).items()
    ]
    return f"{type(schedule).__name__}({', '.join(fields)})"
