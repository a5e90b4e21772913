"""Schedules as JSON."""

import json
from typing import Any

from ..errors import ArgumentError
from .base import Schedule

_BUILT_IN: dict[str, type[Any]] = {kind.__name__: kind for kind in Schedule.__subclasses__()}


def schedule_to_json(schedule: Schedule | None) -> str:
    """Return a schedule as JSON: its class, and its settings or, of one's own, its text."""
    return json.dumps(schedule, default=_tree)


def _tree(schedule: Schedule) -> dict[str, Any]:
    kind = type(schedule)
    return {"class": kind.__name__} | (
        vars(schedule) if kind in _BUILT_IN.values() else {"text": repr(schedule)}
    )


def schedule_from_json(description: str, present: Schedule | None) -> Any:
    """Return the described schedule: the `present` one, or made of built-in ones."""

    def made(tree: dict[str, Any]) -> Any:
        kind = _BUILT_IN.get(tree.pop("class"))
        if kind is None or "text" in tree:
            raise ArgumentError(
                f"the learning rate followed {tree.get('text')}, got {present}: give the optimizer the same schedule"
            )
        return kind(**tree)

    return (
        present
        if schedule_to_json(present) == description
        else json.loads(description, object_hook=made)
    )
