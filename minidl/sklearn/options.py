"""The values that the estimators accept as strings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from .. import layers, optimizers
from ..errors import ArgumentError
from ..layers.activation import Activation
from ..optimizers.base import Optimizer
from ..optimizers.lbfgs import LBFGS
from ..utils.parts import parts_by_estimator_name
from .solvers import SGD, AdamEpsilonHat

Option = TypeVar("Option")

SOLVERS: dict[str, type[Optimizer]] = {"adam": AdamEpsilonHat, "lbfgs": LBFGS, "sgd": SGD}
OPTIMIZERS: dict[str, type[Optimizer]] = {
    **parts_by_estimator_name(optimizers, Optimizer),
    **SOLVERS,
}
ACTIVATIONS: dict[str, type[Activation] | None] = {
    "identity": None,
    **parts_by_estimator_name(layers, Activation),
}
CONSTANT, INVERSE_SCALING, ADAPTIVE = "constant", "invscaling", "adaptive"
LEARNING_RATES: dict[str, str] = {name: name for name in (CONSTANT, INVERSE_SCALING, ADAPTIVE)}


def choose(
    options: Mapping[str, Option], parameter: str, value: object, alternative: str = ""
) -> Option:
    """Return the option named `value`; `alternative` ends the list of options in the error."""
    if not isinstance(value, str) or value not in options:
        names = ", ".join(map(repr, options))
        raise ArgumentError(f"{parameter} must be one of {names}{alternative}, got {value!r}")
    return options[value]
