"""Penalties: terms of the objective from the weights alone."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np

from .errors import ArgumentError
from .utils.self_description import SelfDescribing
from .utils.typing import Array
from .utils.validation import at_least, check_number

__all__ = ["L1", "L2", "Penalty"]


class Penalty(SelfDescribing, ABC):
    """Base of all penalties: define `value` and `gradient`.

    Parameters
    ----------
    strength : float
        lambda, >= 0.
    layers : sequence of int, optional
        Numbers of those whose weights (not biases) it acts on; all by default.
    """

    def __init__(self, strength: float, layers: Sequence[int] | None = None) -> None:
        check_number(strength, "strength (lambda)", at_least(0), self)
        if layers is not None and not _layer_numbers(layers):
            raise ArgumentError(
                f"layers must be a list of different layer numbers >= 0, got {layers!r} in {type(self).__name__}"
            )
        self.strength = strength
        self.layers = None if layers is None else tuple(map(int, layers))

    @abstractmethod
    def value(self, weight: Array, m: int) -> Any:
        """Return the term of one array for `m` examples, complex for complex weights."""

    @abstractmethod
    def gradient(self, weight: Array, m: int, out: Array) -> None:
        """Write d value / d weight into `out`."""

    def __repr__(self) -> str:
        only = f", layers={list(self.layers)}" if self.layers else ""
        return f"{type(self).__name__}({self.strength}{only})"


def _layer_numbers(layers: Sequence[int]) -> bool:
    whole = isinstance(layers, Sequence | np.ndarray) and all(
        isinstance(i, int | np.integer) and i >= 0 for i in layers
    )
    return whole and 0 < len(layers) == len(set(layers))


class L2(Penalty):
    """L2 penalty (weight decay): lambda / (2 m) * sum(weight**2), m the examples of the batch.

    The parameters are those of `Penalty`.
    """

    def value(self, weight: Array, m: int) -> Any:
        """Return the term."""
        flat = weight.ravel()
        return flat.dot(flat) * (self.strength / (2 * m))

    def gradient(self, weight: Array, m: int, out: Array) -> None:
        """Write lambda / m * weight."""
        np.multiply(weight, self.strength / m, out=out)

    def formula(self) -> tuple[str, str]:
        return "lambda / (2 m) * sum of weight**2", "lambda / m * weight"


class L1(Penalty):
    """L1 penalty: lambda / m * sum(abs(weight)).

    The parameters are those of `Penalty`.
    """

    def value(self, weight: Array, m: int) -> Any:
        """Return the term."""
        # |w| as w * sign(real part of w): abs would lose a complex step.
        return weight.ravel().dot(np.sign(weight.real).ravel()) * (self.strength / m)

    def gradient(self, weight: Array, m: int, out: Array) -> None:
        """Write lambda / m * sign(weight), 0 at 0."""
        np.sign(weight, out=out)
        np.multiply(out, self.strength / m, out=out)

    def formula(self) -> tuple[str, str]:
        return "lambda / m * sum of |weight|", "lambda / m * sign(weight)"
