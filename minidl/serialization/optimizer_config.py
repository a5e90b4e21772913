"""The configuration and the state of an optimizer in a checkpoint."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import optimizers
from ..optimizers.base import Optimizer
from ..schedules.base import Schedule
from ..utils.parts import exported_parts
from ..utils.typing import Array
from .classes import CUSTOM, class_entry
from .schedule_config import schedule_config, schedule_from_config

OPTIMIZERS: dict[str, type[Optimizer]] = {
    optimizer_class.__name__: optimizer_class
    for optimizer_class in exported_parts(optimizers, Optimizer)
}


def optimizer_config(optimizer: Optimizer) -> dict[str, Any]:
    """Return the configuration of an optimizer, which is the same when a training is resumed.

    Parameters
    ----------
    optimizer : Optimizer
        Built-in or custom.

    Returns
    -------
    dict
        Class, origin and settings: the arguments that are numbers, strings, None or a schedule,
        except those that are part of the state, and `fast`, which does not change results. The
        text as well, if the class defines its own.
    """
    settings = {
        name: schedule_config(value) if isinstance(value, Schedule) else _plain(value)
        for name, value in optimizer.hyperparameters().items()
        if name not in ("fast", *optimizer.state_names)
        and isinstance(value, int | float | str | np.generic | Schedule | None)
    }
    config = {**class_entry(type(optimizer), OPTIMIZERS), "settings": settings}
    if type(optimizer).__repr__ is not Optimizer.__repr__:
        config["text"] = str(optimizer)
    return config


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


def config_text(config: dict[str, Any]) -> str:
    """Return the configuration of an optimizer or schedule as an error message shows it."""
    text = config.get("text")
    if text is None:
        settings = config["settings"]
        shown = [
            f"{name}={config_text(value) if isinstance(value, dict) else value}"
            for name in sorted(settings, key=lambda name: (name != "learning_rate", name))
            if (value := settings[name]) is not None
        ]
        text = f"{config['class']}({', '.join(shown)})"
    return f"{text} (custom)" if config.get("origin") == CUSTOM else str(text)


def optimizer_state(optimizer: Optimizer) -> dict[str, Any]:
    """Return the state of an optimizer in the form that a checkpoint stores.

    Parameters
    ----------
    optimizer : Optimizer
        Built-in or custom.

    Returns
    -------
    dict
        "state": plain values and arrays; "schedule": its configuration or None, since another one
        may have been assigned during training.

    Raises
    ------
    ArgumentError
        If the state has a value that a file cannot store.
    """
    return {"state": optimizer.state(), "schedule": schedule_config(optimizer.schedule)}


def restore_optimizer(optimizer: Optimizer, theta: Array, saved: dict[str, Any]) -> None:
    """Continue with an optimizer from its state in a checkpoint.

    Parameters
    ----------
    optimizer : Optimizer
        An optimizer with the same arguments as the saved one. Its schedule is replaced if another
        one was assigned to the saved optimizer during training.
    theta : ndarray of shape (P,), float
        The parameter vector.
    saved : dict of str to object
        What `optimizer_state` returned.

    Raises
    ------
    ArgumentError
        If the saved optimizer followed a custom schedule that this one does not have, or the
        state belongs to another class.
    """
    state = saved["state"]
    schedule = schedule_from_config(saved["schedule"], optimizer.schedule)
    if schedule is None and optimizer.schedule is not None:
        optimizer.learning_rate = float(state["learning_rate"])
    elif schedule is not None and schedule is not optimizer.schedule:
        optimizer.learning_rate = schedule
    optimizer.restore(theta, state)
