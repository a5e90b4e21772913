"""What a model learns, and the one vector that holds all of it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeAlias

import numpy as np

from .errors import ArgumentError, ShapeError
from .utils.random import RandomStream
from .utils.typing import Array

Initializes: TypeAlias = Callable[..., None]  # init(out, fan_in=..., rng=...) fills `out`


class Parameter:
    """An array that a layer learns: `.value`, and `.grad` of the same shape; what is assigned to them is copied.

    Parameters
    ----------
    shape : tuple of int
    init : callable
        Fills the value, such as `He()`; outside of a model from seed 0, in float32.
    fan_in : int, optional
        The inputs of one output, for `He` and `Xavier`.
    penalized : bool, optional
        Whether L2 and L1 act on it; by default on matrices (weights) alone.
    """

    def __init__(
        self,
        shape: tuple[int, ...],
        *,
        init: Initializes,
        fan_in: int | None = None,
        penalized: bool | None = None,
    ) -> None:
        if not all(isinstance(n, int | np.integer) and n >= 1 for n in shape):
            raise ArgumentError(f"a Parameter's shape must be whole numbers >= 1, got {shape}")
        self.shape = tuple(int(n) for n in shape)
        self.size = math.prod(self.shape)
        self.init = init
        self.fan_in = fan_in
        self.penalized = len(self.shape) >= 2 if penalized is None else penalized
        self._value: Array | None = None
        self._grad: Array | None = None

    @property
    def value(self) -> Array:
        """The array itself."""
        if self._value is None:
            self.initialize()
        return self._value  # type: ignore[return-value]

    @value.setter
    def value(self, new: Array) -> None:
        _copy_into(self.value, new, "a Parameter's value")

    @property
    def grad(self) -> Array:
        """The gradient; NaN before the first `backward`."""
        if self._value is None:
            self.initialize()
        return self._grad  # type: ignore[return-value]

    @grad.setter
    def grad(self, new: Array) -> None:
        _copy_into(self.grad, new, "a Parameter's gradient")

    @property
    def has_value(self) -> bool:
        """Whether the value was drawn or set already."""
        return self._value is not None

    def initialize(
        self, rng: RandomStream | None = None, dtype: np.dtype[Any] | None = None
    ) -> None:
        """Draw the value anew, in place; by default from seed 0."""
        if not self.has_value:
            self.bind(*(np.full(self.shape, np.nan, dtype or np.float32) for _ in range(2)))
        self.init(
            self.value, fan_in=self.fan_in, rng=np.random.default_rng(0) if rng is None else rng
        )

    def bind(self, value: Array, grad: Array) -> None:
        """Make these its memory; what it holds moves there."""
        if self.has_value:
            value[...], grad[...] = self._value, self._grad
        self._value, self._grad = value, grad

    def __getstate__(self) -> dict[str, Any]:
        # A copy owns its memory, and belongs to no model.
        return {
            name: held.copy() if isinstance(held, np.ndarray) else held
            for name, held in vars(self).items()
            if name != "_owner"
        }

    def __repr__(self) -> str:
        return f"Parameter({self.shape}, init={self.init})"


class ParameterVector:
    """All parameters of a model as one vector: `.theta` (P,) and `.grad` (P,), of which they are views.

    They come layer by layer, weight before bias, row by row, as in the course's `dictionary_to_vector`. Iteration yields
    (name, Parameter); `vector["0.weight"]` is one of them.

    Parameters
    ----------
    named : sequence of (str, Parameter)
    dtype : numpy.dtype
    rng : numpy.random.Generator or RandomState
        Draws the values that do not exist yet.
    """

    def __init__(
        self, named: Sequence[tuple[str, Parameter]], dtype: np.dtype[Any], rng: RandomStream
    ) -> None:
        self._named = dict(named)
        self.size = sum(parameter.size for parameter in self._named.values())
        self._theta, self._grad = (np.full(self.size, np.nan, dtype) for _ in range(2))
        start = 0
        for parameter in self._named.values():
            own = slice(start, start + parameter.size)
            drawn = parameter.has_value
            parameter.bind(
                self._theta[own].reshape(parameter.shape), self._grad[own].reshape(parameter.shape)
            )
            if not drawn:
                parameter.initialize(rng)
            start = own.stop

    @property
    def theta(self) -> Array:
        """The values; what is assigned is copied."""
        return self._theta

    @theta.setter
    def theta(self, new: Array) -> None:
        _copy_into(self._theta, new, "theta")

    @property
    def grad(self) -> Array:
        """The gradient of the last backward."""
        return self._grad

    @property
    def dtype(self) -> np.dtype[Any]:
        """That of both."""
        return np.dtype(self._theta.dtype)

    def locate(self, index: int) -> tuple[str, tuple[int, ...]]:
        """Return where element `index` lies, such as ("0.bias", (1,))."""
        rest = index
        for name, parameter in self:
            if 0 <= rest < parameter.size:
                return name, tuple(int(i) for i in np.unravel_index(rest, parameter.shape))
            rest -= parameter.size
        raise ArgumentError(f"index must be in [0, {self.size}), got {index}")

    def __getitem__(self, name: str) -> Parameter:
        if name not in self._named:
            raise ArgumentError(
                f"no parameter is named {name!r}: there are {', '.join(self._named)}"
            )
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
        raise ShapeError(
            f"{name} has shape {array.shape}, got {np.shape(new)}: it is never broadcast"
        )
    array[...] = new
