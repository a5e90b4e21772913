"""Initializers: the first values of a parameter, drawn in float64 for any dtype."""

import math
from abc import ABC, abstractmethod
from typing import ClassVar

from .errors import ArgumentError
from .utils.random import RandomStream
from .utils.typing import Array
from .utils.validation import check_number, greater_than

__all__ = ["He", "Initializer", "Ones", "Random", "Xavier", "Zeros"]


class Initializer(ABC):
    """Base of all initializers; a function does as well.

    Attributes
    ----------
    option_name : str or None
        The name on the command line, such as "he". None if the initializer is not offered there.
    """

    option_name: ClassVar[str | None] = None

    @abstractmethod
    def __call__(self, out: Array, *, fan_in: int | None, rng: RandomStream) -> None:
        """Fill `out`, by chance only from `rng`; `fan_in` inputs feed one output."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


class Zeros(Initializer):
    """Fill with 0, as biases; units whose weights are 0 stay equal for ever."""

    option_name = "zeros"

    def __call__(self, out: Array, *, fan_in: int | None, rng: RandomStream) -> None:
        """Fill `out`."""
        out[...] = 0


class Ones(Initializer):
    """Fill with 1, as gains."""

    option_name = None  # for gains, not for weights

    def __call__(self, out: Array, *, fan_in: int | None, rng: RandomStream) -> None:
        """Fill `out`."""
        out[...] = 1


class Random(Initializer):
    """Draw from scale * N(0, 1), whatever the width.

    Parameters
    ----------
    scale : float, default 10.0
        > 0. The course takes 10, far too much, to show it.
    """

    option_name = "random"

    def __init__(self, scale: float = 10.0) -> None:
        check_number(scale, "scale", greater_than(0), self, "such as 0.01")
        self.scale = scale

    def __call__(self, out: Array, *, fan_in: int | None, rng: RandomStream) -> None:
        """Fill `out`."""
        out[...] = rng.standard_normal(out.shape) * self.scale

    def __repr__(self) -> str:
        return f"Random({self.scale})"


class He(Initializer):
    """Draw from N(0, 2 / fan_in): keeps the variance of signals through ReLU layers.

    He et al. (2015, arXiv:1502.01852), section 2.2.
    """

    option_name = "he"

    def __call__(self, out: Array, *, fan_in: int | None, rng: RandomStream) -> None:
        """Fill `out`."""
        out[...] = rng.standard_normal(out.shape) * math.sqrt(2.0 / _known(fan_in, self))


class Xavier(Initializer):
    """Draw from N(0, 1 / fan_in): keeps the variance of signals through tanh and linear layers.

    LeCun et al., "Efficient BackProp" (1998), section 4.6. (Glorot, Bengio (2010) take 2 / (fan_in + fan_out).)
    """

    option_name = "xavier"

    def __call__(self, out: Array, *, fan_in: int | None, rng: RandomStream) -> None:
        """Fill `out`."""
        out[...] = rng.standard_normal(out.shape) / math.sqrt(_known(fan_in, self))


def _known(fan_in: int | None, init: Initializer) -> int:
    if fan_in is None:
        raise ArgumentError(
            f"{init} needs to know how many inputs feed one output: pass fan_in= to Parameter"
        )
    return fan_in
