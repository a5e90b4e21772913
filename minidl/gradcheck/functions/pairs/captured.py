"""Inputs that a backward function reads from where they were made, not as arguments."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np


def captured_names(
    function: Callable[..., Any], names: Sequence[str], inputs: Sequence[Any]
) -> list[str]:
    """Return the names of those inputs that a function holds itself, in a closure or a global.

    Such a function, ``lambda dy: dy * np.cos(x)`` beside ``check_function(np.sin, ..., x)``, is
    right for these very inputs alone.
    """
    try:
        variables = inspect.getclosurevars(function)
    except TypeError:  # of a method, an object or a function written in C
        return []
    held = [
        value
        for value in (*variables.nonlocals.values(), *variables.globals.values())
        if isinstance(value, np.ndarray)
    ]
    return [
        name
        for name, value in zip(names, inputs, strict=True)
        if isinstance(value, np.ndarray) and any(np.may_share_memory(value, each) for each in held)
    ]
