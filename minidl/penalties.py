"""Penalties, the terms of the objective that depend on the weights alone."""

import functools
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .errors import ArgumentError
from .utils.foreign_words import explain_arguments
from .utils.self_description import SelfDescribing
from .utils.typing import Array
from .utils.underflow import repeat_without_underflow
from .utils.validation import at_least, check_number

__all__ = ["L1", "L2", "Penalty"]


@explain_arguments("__init__")
class Penalty(SelfDescribing, ABC):
    """Base of all penalties, defined by `value` and `gradient`.

    A model adds the term of each weight array to its objective, and the gradients to the
    gradient of the data loss. Biases are not penalized.

    Parameters
    ----------
    strength : float
        The factor of the term, lambda, >= 0.
    layers : sequence of int, optional
        The indices of the layers whose weights are penalized, by default all layers.

    Raises
    ------
    ArgumentError
        If `strength` is not a finite number >= 0, or `layers` are not different indices >= 0.

    Examples
    --------
    >>> import numpy as np
    >>> from minidl import Penalty
    >>> class Quartic(Penalty):
    ...     def value(self, weight, m):
    ...         return (weight**4).sum() * self.strength / m
    ...
    ...     def gradient(self, weight, m, out):
    ...         out[...] = 4 * weight**3 * self.strength / m
    >>> float(Quartic(0.5).value(np.array([[2.0]]), 4))
    2.0
    """

    def __init__(self, strength: float, layers: Sequence[int] | None = None) -> None:
        check_number(strength, "strength (lambda)", at_least(0), self)
        if layers is not None and not _are_layer_indices(layers):
            raise ArgumentError(
                f"layers must be a list of different layer numbers >= 0, got {layers!r} "
                f"in {type(self).__name__}"
            )
        self.strength = strength
        self.layers = None if layers is None else tuple(map(int, layers))

    @abstractmethod
    def value(self, weight: Array, m: int) -> Any:
        """Compute the term of one weight array.

        Parameters
        ----------
        weight : ndarray of any shape
            The weights. They must not be modified.
        m : int
            The number of examples of the batch.

        Returns
        -------
        float
            The term; complex for complex weights, so that the complex step passes through it.
        """

    @abstractmethod
    def gradient(self, weight: Array, m: int, out: Array) -> None:
        """Compute the gradient of the term of one weight array in place.

        Parameters
        ----------
        weight : ndarray of any shape
            The weights. They must not be modified.
        m : int
            The number of examples of the batch.
        out : ndarray of the shape and dtype of weight
            Uninitialized; the gradient is written into all of it.
        """

    def __repr__(self) -> str:
        layers = f", layers={list(self.layers)}" if self.layers else ""
        return f"{type(self).__name__}({self.strength}{layers})"


def _are_layer_indices(layers: Sequence[int]) -> bool:
    if not isinstance(layers, Sequence | np.ndarray):
        return False
    are_indices = all(isinstance(i, int | np.integer) and i >= 0 for i in layers)
    return are_indices and 0 < len(layers) == len(set(layers))


# The methods of a penalty are called in each step, so their guards have fixed arguments.
def _guard_value(value: Callable[[Any, Array, int], Any]) -> Callable[[Any, Array, int], Any]:
    """Call `value` again, without underflow, where NumPy raised."""

    @functools.wraps(value)
    def guarded(self: Penalty, weight: Array, m: int) -> Any:
        try:
            return value(self, weight, m)
        except FloatingPointError:
            return repeat_without_underflow(value, self, weight, m)

    return guarded


def _guard_gradient(
    gradient: Callable[[Any, Array, int, Array], None],
) -> Callable[[Any, Array, int, Array], None]:
    """Call `gradient` again, without underflow, where NumPy raised."""

    @functools.wraps(gradient)
    def guarded(self: Penalty, weight: Array, m: int, out: Array) -> None:
        try:
            gradient(self, weight, m, out)
        except FloatingPointError:
            repeat_without_underflow(gradient, self, weight, m, out)

    return guarded


class L2(Penalty):
    """L2 penalty (weight decay): lambda / (2 m) * sum(weight**2), for a batch of m examples.

    Its gradient is lambda / m * weight.

    Parameters
    ----------
    strength : float
        The factor lambda, >= 0.
    layers : sequence of int, optional
        The indices of the layers whose weights are penalized, by default all layers.

    Raises
    ------
    ArgumentError
        If `strength` is not a finite number >= 0, or `layers` are not different indices >= 0.

    See Also
    --------
    L1 : Makes weights exactly 0 rather than small.

    Examples
    --------
    >>> import numpy as np
    >>> from minidl import L2
    >>> penalty = L2(0.1)
    >>> weight = np.array([[3.0, -4.0]])
    >>> float(penalty.value(weight, 5))
    0.25
    >>> gradient = np.empty_like(weight)
    >>> penalty.gradient(weight, 5, gradient)
    >>> gradient
    array([[ 0.06, -0.08]])
    """

    @_guard_value
    def value(self, weight: Array, m: int) -> Any:
        flat = weight.ravel()
        return flat.dot(flat) * (self.strength / (2 * m))

    @_guard_gradient
    def gradient(self, weight: Array, m: int, out: Array) -> None:
        np.multiply(weight, self.strength / m, out=out)

    def formula(self) -> tuple[str, str]:
        return "lambda / (2 m) * sum of weight**2", "lambda / m * weight"


class L1(Penalty):
    """L1 penalty: lambda / m * sum(abs(weight)), for a batch of m examples.

    Its gradient is lambda / m * sign(weight), taken as 0 where a weight is 0.

    Parameters
    ----------
    strength : float
        The factor lambda, >= 0.
    layers : sequence of int, optional
        The indices of the layers whose weights are penalized, by default all layers.

    Raises
    ------
    ArgumentError
        If `strength` is not a finite number >= 0, or `layers` are not different indices >= 0.

    See Also
    --------
    L2 : Makes weights small, but not exactly 0.

    Examples
    --------
    >>> import numpy as np
    >>> from minidl import L1
    >>> penalty = L1(0.5)
    >>> weight = np.array([[3.0, -4.0]])
    >>> round(float(penalty.value(weight, 5)), 3)
    0.7
    >>> gradient = np.empty_like(weight)
    >>> penalty.gradient(weight, 5, gradient)
    >>> gradient
    array([[ 0.1, -0.1]])
    """

    @_guard_value
    def value(self, weight: Array, m: int) -> Any:
        # abs(weight) as weight * sign(real part of weight): abs would lose a complex step.
        return weight.ravel().dot(np.sign(weight.real).ravel()) * (self.strength / m)

    @_guard_gradient
    def gradient(self, weight: Array, m: int, out: Array) -> None:
        np.sign(weight, out=out)
        np.multiply(out, self.strength / m, out=out)

    def formula(self) -> tuple[str, str]:
        return "lambda / m * sum of |weight|", "lambda / m * sign(weight)"
