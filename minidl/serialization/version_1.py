"""Names of file format 1 that differ from today's names in Python.

A checkpoint contains the state of the optimizer, its schedule as JSON, its text, which must be the
same when the training is resumed, and sums over the current epoch. The files keep the names that
were in use when the format was fixed. Only this module translates between them and the names in
Python.
"""

from __future__ import annotations

import json
from typing import Any

from .. import schedules
from ..errors import ArgumentError
from ..optimizers.adam import Adam
from ..optimizers.base import Optimizer
from ..optimizers.nesterov import Nesterov
from ..optimizers.rmsprop import RMSProp
from ..schedules.base import Schedule
from ..utils.parts import exported_parts
from ..utils.settings import init_arguments
from ..utils.typing import Array

# Name -> name in the file, of the parts of a training state, in the order of their arrays in the
# file; see `training.resume`.
TRAINING_STATE_KEYS = {
    "optimizer_repr": "recipe",
    "theta": "theta",
    "optimizer": "optimizer",
    "minibatches": "dealing",
    "rng_states": "streams",
    "epoch_sums": "sums",
    "history": "history",
    "callbacks": "callbacks",
    "seconds": "seconds",
    "stopped": "stopped",
}

# Attribute of `TrainingRun` -> name in the file, of the sums over the current epoch.
EPOCH_SUM_KEYS = {
    "loss_sum": "total",
    "n_examples": "rows",
    "n_correct": "right",
    "n_predictions": "asked",
}

# Key of the state of the schedule within the state of the optimizer. It is absent while empty.
SCHEDULE_STATE_KEY = "_schedule_state"

# Class of a callback -> name in the file; other callbacks have the same name.
CALLBACK_NAMES = {"KeepBestEpoch": "BestSoFar"}  # of the command line

# Attribute -> name in the file, of the state of a built-in optimizer and of classes derived from
# it; other attributes have the same name.
STATE_NAMES: dict[type[Optimizer], dict[str, str]] = {
    Adam: {"first_moment": "mean", "second_moment": "square"},
    Nesterov: {"lookahead_velocity": "ahead"},
    RMSProp: {"mean_square": "square"},
}

# Constructor argument -> name in the file, of a built-in schedule; other arguments, and those of
# schedules that are newer than this table, have the same name.
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

SCHEDULES: dict[str, type[Schedule]] = {
    schedule_class.__name__: schedule_class
    for schedule_class in exported_parts(schedules, Schedule)
}


def callback_name_v1(callback: object) -> str:
    """Return the name of a callback's class in a checkpoint."""
    name = type(callback).__name__
    return CALLBACK_NAMES.get(name, name)


def optimizer_state_to_v1(optimizer: Optimizer) -> dict[str, Any]:
    """Return the state of an optimizer in the form that a checkpoint stores.

    Parameters
    ----------
    optimizer : Optimizer
        Built-in or custom.

    Returns
    -------
    dict of str to object
        Plain values and arrays: the state, the schedule as JSON, and the constructor's arguments
        apart from the learning rate and `clip_norm`.

    Raises
    ------
    ArgumentError
        If the state has a value that a file cannot store.
    """
    state = optimizer.state()
    saved = {
        "learning_rate": state.pop("learning_rate"),
        "_schedule": schedule_to_json(optimizer.schedule),
        "steps_made": state.pop("step_count"),
    }
    schedule_state = state.pop("schedule", None)
    if schedule_state:
        saved[SCHEDULE_STATE_KEY] = schedule_state
    saved |= _saved_hyperparameters(optimizer)
    names = _state_names(optimizer)
    return saved | {names.get(name, name): value for name, value in state.items()}


def restore_optimizer_from_v1(optimizer: Optimizer, theta: Array, saved: dict[str, Any]) -> None:
    """Continue with an optimizer from its state in a checkpoint.

    Parameters
    ----------
    optimizer : Optimizer
        An optimizer with the same arguments as the saved one. Its schedule is replaced if another
        one was assigned to the saved optimizer during training.
    theta : ndarray of shape (P,), float
        The parameter vector.
    saved : dict of str to object
        What `optimizer_state_to_v1` returned.

    Raises
    ------
    ArgumentError
        If the saved optimizer followed a custom schedule that this one does not have, or the
        state belongs to another class.
    """
    values = {
        name: value
        for name, value in saved.items()
        if name not in _saved_hyperparameters(optimizer)
    }
    schedule = schedule_from_json(values.pop("_schedule"), optimizer.schedule)
    if schedule is None and optimizer.schedule is not None:
        optimizer.learning_rate = float(values["learning_rate"])
    elif schedule is not None and schedule is not optimizer.schedule:
        optimizer.learning_rate = schedule
    state = {
        "learning_rate": values.pop("learning_rate"),
        "step_count": values.pop("steps_made"),
    }
    if SCHEDULE_STATE_KEY in values:
        state["schedule"] = values.pop(SCHEDULE_STATE_KEY)
    python_names = {saved_name: name for name, saved_name in _state_names(optimizer).items()}
    state |= {python_names.get(name, name): value for name, value in values.items()}
    optimizer.restore(theta, state)


def optimizer_text_v1(optimizer: Optimizer) -> str:
    """Return the text by which a checkpoint identifies the arguments of an optimizer.

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


def schedule_to_json(schedule: Schedule | None) -> str:
    """Return a schedule as JSON.

    Parameters
    ----------
    schedule : Schedule or None
        Built-in or custom.

    Returns
    -------
    str
        The class and its arguments; of a custom schedule its text instead of arguments.
    """
    return json.dumps(schedule, default=_schedule_fields)


def schedule_from_json(description: str, current: Schedule | None) -> Schedule | None:
    """Return the schedule that a JSON string describes.

    Parameters
    ----------
    description : str
        What `schedule_to_json` returned.
    current : Schedule or None
        The schedule of the optimizer, which is returned if the string describes it.

    Returns
    -------
    Schedule or None
        The current schedule, or a new one made of built-in schedules.

    Raises
    ------
    ArgumentError
        If the string describes a custom schedule other than the current one.
    """
    if schedule_to_json(current) == description:
        return current

    def make(fields: dict[str, Any]) -> Schedule:
        schedule_class = SCHEDULES.get(fields.pop("class"))
        if schedule_class is None or "text" in fields:
            raise ArgumentError(
                f"the learning rate followed {fields.get('text')}, got {current}: "
                "give the optimizer the same schedule"
            )
        names = {saved: name for name, saved in SCHEDULE_FIELDS.get(schedule_class, {}).items()}
        return schedule_class(**{names.get(name, name): value for name, value in fields.items()})

    schedule: Schedule | None = json.loads(description, object_hook=make)
    return schedule


def _state_names(optimizer: Optimizer) -> dict[str, str]:
    names: dict[str, str] = {}
    for optimizer_class, renamed in STATE_NAMES.items():
        if isinstance(optimizer, optimizer_class):
            names |= renamed
    return names


def _saved_hyperparameters(optimizer: Optimizer) -> dict[str, Any]:
    return {
        name: value
        for name, value in optimizer.hyperparameters().items()
        if name not in ("learning_rate", "clip_norm", *optimizer.state_names)
        and isinstance(value, int | float | str | None)
    }


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
