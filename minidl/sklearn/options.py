"""The values that the estimators accept as strings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from .. import layers, optimizers
from ..errors import ArgumentError
from ..layers.activation import Activation
from ..optimizers.base import Optimizer
from ..utils.parts import parts_by_estimator_name

Option = TypeVar("Option")

OPTIMIZERS: dict[str, type[Optimizer]] = parts_by_estimator_name(optimizers, Optimizer)
ACTIVATIONS: dict[str, type[Activation] | None] = {
    "identity": None,
    **parts_by_estimator_name(layers, Activation),
}


def choose(
    options: Mapping[str, Option], parameter: str, value: object, alternative: str = ""
) -> Option:
    """Return the option named `value`; `alternative` ends the list of options in the error."""
    if not isinstance(value, str) or value not in options:
        names = ", ".join(map(repr, options))
        raise ArgumentError(f"{parameter} must be one of {names}{alternative}, got {value!r}")
    return options[value]
