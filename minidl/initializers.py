"""Initializers: how the first values of a parameter are drawn. Each fills a given array in place."""

from __future__ import annotations

import math

import numpy as np

from .arrays import Array
from .errors import ArgumentError
from .randomness import RandomStream


class Initializer:
    """Base of all initializers: `init(out, fan_in=..., rng=...)` fills `out`.

    A function of the same arguments serves as well.
    """

    def __call__(self, out: Array, *, fan_in: int | None, rng: RandomStream) -> None:
        """Fill `out` in place; `rng` is the only source of randomness."""
        raise TypeError(f"{type(self).__name__} must define __call__(out, *, fan_in, rng), which fills out")

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


class Zeros(Initializer):
    """Fill with 0: right for biases; for weights all units of a layer stay equal for ever."""

    def __call__(self, out: Array, *, fan_in: int | None, rng: RandomStream) -> None:
        """Fill `out` with 0."""
        out[...] = 0


class Ones(Initializer):
    """Fill with 1: right for gains."""

    def __call__(self, out: Array, *, fan_in: int | None, rng: RandomStream) -> None:
        """Fill `out` with 1."""
        out[...] = 1


class Random(Initializer):
    """Draw from a normal distribution of mean 0 and standard deviation `scale`, whatever the width.

    Parameters
    ----------
    scale : float, default 10.0
        The course's study of initialization takes 10, which is far too much: that is its point.
    """

    def __init__(self, scale: float = 10.0) -> None:
        if not (math.isfinite(scale) and scale > 0):
            raise ArgumentError(f"scale must be finite and > 0, got {scale} in Random: the course takes 10.0 (bad) and 0.01 (good)")
        self.scale = scale

    def __call__(self, out: Array, *, fan_in: int | None, rng: RandomStream) -> None:
        """Fill `out` with scale * N(0, 1)."""
        _fill_normal(out, self.scale, rng)

    def __repr__(self) -> str:
        return f"Random({self.scale})"


class He(Initializer):
    """Draw from N(0, 2 / fan_in): keeps the variance of signals through ReLU layers.

    He, Zhang, Ren, Sun, "Delving deep into rectifiers" (2015), section 2.2.
    """

    def __call__(self, out: Array, *, fan_in: int | None, rng: RandomStream) -> None:
        """Fill `out` with sqrt(2 / fan_in) * N(0, 1)."""
        _fill_normal(out, math.sqrt(2.0 / _known(fan_in, self)), rng)


class Xavier(Initializer):
    """Draw from N(0, 1 / fan_in): keeps the variance of signals through tanh and linear layers.

    LeCun et al., "Efficient BackProp" (1998), section 4.6; called Xavier initialization in the course. (Glorot and Bengio (2010)
    take 2 / (fan_in + fan_out).)
    """

    def __call__(self, out: Array, *, fan_in: int | None, rng: RandomStream) -> None:
        """Fill `out` with N(0, 1) / sqrt(fan_in)."""
        np.divide(rng.standard_normal(out.shape), math.sqrt(_known(fan_in, self)), out=out, casting="same_kind")


def _fill_normal(out: Array, scale: float, rng: RandomStream) -> None:
    # Drawn in float64 for every dtype: models of the same seed start at the same point.
    np.multiply(rng.standard_normal(out.shape), scale, out=out, casting="same_kind")


def _known(fan_in: int | None, init: Initializer) -> int:
    if fan_in is None:
        raise ArgumentError(f"{init} needs to know how many inputs feed one output: give Parameter(shape, init={init}, fan_in=...)")
    return fan_in
