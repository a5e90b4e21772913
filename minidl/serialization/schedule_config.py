"""The configuration of a learning rate schedule in a checkpoint."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import schedules
from ..errors import ArgumentError
from ..schedules.base import Schedule
from ..utils.parts import exported_parts
from ..utils.settings import init_arguments
from .classes import CUSTOM, class_entry
from .strict_json import equal_as_json

SCHEDULES: dict[str, type[Schedule]] = {
    schedule_class.__name__: schedule_class
    for schedule_class in exported_parts(schedules, Schedule)
}


def schedule_config(schedule: Schedule | None) -> dict[str, Any] | None:
    """Return the configuration of a schedule.

    Parameters
    ----------
    schedule : Schedule or None
        Built-in or custom.

    Returns
    -------
    dict or None
        Class, origin and settings; of a custom schedule its text instead of settings.
    """
    if schedule is None:
        return None
    entry = class_entry(type(schedule), SCHEDULES)
    if entry["origin"] == CUSTOM:
        return {**entry, "text": repr(schedule)}
    arguments = init_arguments(schedule)
    return {**entry, "settings": {name: _plain(value) for name, value in arguments.items()}}


def _plain(value: Any) -> Any:
    if isinstance(value, Schedule):
        return schedule_config(value)
    return value.item() if isinstance(value, np.generic) else value


def schedule_from_config(
    config: dict[str, Any] | None, current: Schedule | None
) -> Schedule | None:
    """Return the schedule of a configuration.

    Parameters
    ----------
    config : dict or None
        What `schedule_config` returned.
    current : Schedule or None
        The schedule of the optimizer, which is returned if it has this configuration.

    Returns
    -------
    Schedule or None
        The current schedule, or a new one made of built-in schedules.

    Raises
    ------
    ArgumentError
        If the configuration is that of a custom schedule other than the current one.
    """
    if equal_as_json(config, schedule_config(current)):
        return current
    if config is None:
        return None
    if config["origin"] == CUSTOM:
        raise ArgumentError(
            f"the learning rate followed {config['text']}, got {current}: "
            "give the optimizer the same schedule"
        )
    settings = {
        name: schedule_from_config(value, current) if isinstance(value, dict) else value
        for name, value in config["settings"].items()
    }
    return SCHEDULES[config["class"]](**settings)
