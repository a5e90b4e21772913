"""Parameters: what a model learns, and the one vector that they all are views into.

Optimizers, penalties, checks and copies act on `ParameterVector.theta` and `.grad` and need not know any layer; a layer sees its
own weights as arrays of the shape it wants. Both are the same memory: the views are bound once, when a model takes its layers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Protocol

import numpy as np

from .arrays import Array
from .errors import ArgumentError, ShapeError
from .randomness import RandomStream


class Initializes(Protocol):
    """What a `Parameter` asks of its initializer: fill `out` in place."""

    def __call__(self, out: Array, *, fan_in: int | None, rng: RandomStream) -> None:
        """Fill `out`."""


class Parameter:
    """An array that a layer learns: `.value`, and `.grad` of the same shape.

    Parameters
    ----------
    shape : tuple of int
    init : callable
        Fills the value, such as `He()`.
    fan_in : int, optional
        How many inputs feed one output; the variance of `He` and `Xavier` follows from it.
    penalized : bool, optional
        Whether L2 and L1 act on it. By default they do on matrices (weights) and not on vectors (biases, gains).

    Notes
    -----
    Outside of a model the value is drawn with seed 0 in float32 at its first use; `initialize` chooses otherwise. Assigning to
    `.value` copies into the array: it stays the view into its model's vector.

    Examples
    --------
    >>> from minidl import Ones
    >>> gain = Parameter((3,), init=Ones())
    >>> gain.value
    array([1., 1., 1.], dtype=float32)
    """

    def __init__(self, shape: tuple[int, ...], *, init: Initializes, fan_in: int | None = None, penalized: bool | None = None) -> None:
        if not all(isinstance(n, int | np.integer) and n >= 1 for n in shape):
            raise ArgumentError(f"a Parameter's shape must be whole numbers >= 1, got {shape}")
        self.shape = tuple(int(n) for n in shape)
        self.size = int(np.prod(self.shape))
        self.init = init
        self.fan_in = fan_in
        self.penalized = len(self.shape) >= 2 if penalized is None else penalized
        self._value: Array | None = None
        self._grad: Array | None = None

    @property
    def value(self) -> Array:
        """The array itself; write into it, or assign to copy into it."""
        if self._value is None:
            self.initialize()
        return self._value  # type: ignore[return-value]  # initialize has just bound it

    @value.setter
    def value(self, new: Array) -> None:
        _copy_into(self.value, new, "a Parameter's value")

    @property
    def grad(self) -> Array:
        """Its gradient after `backward`; NaN before, so that a forgotten one is loud."""
        if self._grad is None:
            self.initialize()
        return self._grad  # type: ignore[return-value]

    @grad.setter
    def grad(self, new: Array) -> None:
        _copy_into(self.grad, new, "a Parameter's gradient")

    @property
    def has_value(self) -> bool:
        """Whether the value exists already (drawn, or set by hand)."""
        return self._value is not None

    def initialize(self, rng: RandomStream | None = None, dtype: np.dtype[Any] | None = None) -> None:
        """Draw the value anew, in place if it exists; without arguments from seed 0, in float32."""
        if self._value is None:
            self.bind(np.full(self.shape, np.nan, dtype or np.float32), np.full(self.shape, np.nan, dtype or np.float32))
        self.init(self.value, fan_in=self.fan_in, rng=np.random.default_rng(0) if rng is None else rng)

    def bind(self, value: Array, grad: Array) -> None:
        """Make `value` and `grad` this parameter's memory; what it already holds moves there."""
        if self._value is not None:
            value[...] = self._value
        if self._grad is not None:
            grad[...] = self._grad
        self._value, self._grad = value, grad

    def __getstate__(self) -> dict[str, Any]:
        # A copy owns its memory: it is bound again when its model is.
        copied = None if self._value is None else self._value.copy()
        gradient = None if self._grad is None else self._grad.copy()
        kept = {name: held for name, held in vars(self).items() if name != "_owner"}  # and it belongs to no model
        return {**kept, "_value": copied, "_grad": gradient}

    def __repr__(self) -> str:
        return f"Parameter({self.shape}, init={self.init})"


class ParameterVector:
    """All parameters of a model as one vector: `.theta` (P,) and `.grad` (P,), C-contiguous, of one dtype.

    The order is that of the layers, weight before bias, each matrix row by row: the order of the course's
    `dictionary_to_vector`. Iteration yields (name, Parameter); `vector["0.weight"]` is one by its name.

    Parameters
    ----------
    named : sequence of (str, Parameter)
    dtype : numpy.dtype
    rng : numpy.random.Generator or RandomState
        Draws every value that does not exist yet, in order.
    """

    def __init__(self, named: Sequence[tuple[str, Parameter]], dtype: np.dtype[Any], rng: RandomStream) -> None:
        self._named = dict(named)
        self.size = sum(parameter.size for parameter in self._named.values())
        self._theta = np.full(self.size, np.nan, dtype)
        self._grad = np.full(self.size, np.nan, dtype)
        self._starts: dict[str, int] = {}
        start = 0
        for name, parameter in self._named.items():
            stop = start + parameter.size
            drawn = parameter.has_value
            parameter.bind(self._theta[start:stop].reshape(parameter.shape), self._grad[start:stop].reshape(parameter.shape))
            if not drawn:
                parameter.initialize(rng)
            self._starts[name] = start
            start = stop

    @property
    def theta(self) -> Array:
        """The values (P,). Assigning copies into them."""
        return self._theta

    @theta.setter
    def theta(self, new: Array) -> None:
        _copy_into(self._theta, new, "theta")

    @property
    def grad(self) -> Array:
        """The gradient (P,) of the last backward."""
        return self._grad

    @property
    def dtype(self) -> np.dtype[Any]:
        """The dtype of values and gradients."""
        return np.dtype(self._theta.dtype)

    def locate(self, index: int) -> tuple[str, tuple[int, ...]]:
        """Return the name and the index within its array of element `index` of the vector.

        Examples
        --------
        >>> from minidl import Linear, MeanSquaredError, Sequential
        >>> Sequential([Linear(4, 3)], loss=MeanSquaredError()).parameters.locate(13)
        ('0.bias', (1,))
        """
        if not 0 <= index < self.size:
            raise ArgumentError(f"index must be in [0, {self.size}), got {index}")
        name = [name for name, start in self._starts.items() if start <= index][-1]
        inside = np.unravel_index(index - self._starts[name], self._named[name].shape)
        return name, tuple(int(i) for i in inside)

    def __getitem__(self, name: str) -> Parameter:
        if name not in self._named:
            raise ArgumentError(f"no parameter is named {name!r}: there are {', '.join(self._named)}")
        return self._named[name]

    def __iter__(self) -> Iterator[tuple[str, Parameter]]:
        return iter(self._named.items())

    def __len__(self) -> int:
        return len(self._named)

    def __repr__(self) -> str:
        listed = ", ".join(f"{name} {parameter.shape}" for name, parameter in self)
        return f"ParameterVector({self.size} {self.dtype}: {listed})"


def _copy_into(array: Array, new: Array, name: str) -> None:
    if np.shape(new) != array.shape:
        raise ShapeError(f"{name} has shape {array.shape}, got {np.shape(new)}: values are copied, never broadcast")
    array[...] = new
