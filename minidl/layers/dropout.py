"""Dropout."""

from __future__ import annotations

import math

import numpy as np

from ..arrays import Array
from ..errors import ArgumentError
from .layer import Layer, Shape, floats


class Dropout(Layer):
    """Inverted dropout: while training, y = x * mask / keep_prob with mask = 1 at a chance of keep_prob, else 0; y = x otherwise.

    The way back goes through the same mask: dx = dy * mask / keep_prob.

    Parameters
    ----------
    keep_prob : float
        The share of units kept, in (0, 1].

    Notes
    -----
    A model gives each Dropout a random stream of its own; alone it takes seed 0 unless `.rng` is set. The numbers are drawn in
    float32 whatever the dtype of x, so that models which differ in dtype alone drop the same units.

    Srivastava et al., "Dropout: a simple way to prevent neural networks from overfitting" (2014).

    Examples
    --------
    >>> Dropout(0.5).forward(np.ones((1, 6)), training=True)
    array([[0., 0., 0., 2., 2., 2.]])
    """

    stochastic = True

    def __init__(self, keep_prob: float) -> None:
        if not (isinstance(keep_prob, int | float | np.number) and math.isfinite(keep_prob) and 0 < keep_prob <= 1):
            raise ArgumentError(f"keep_prob must be in (0, 1], got {keep_prob!r} in Dropout: it is the share of units kept, such as 0.8")
        self.keep_prob = float(keep_prob)
        self._mask: Array | None = None

    def forward(self, x: Array, *, training: bool = False) -> Array:
        """Return `x` with units dropped and the others scaled, or `x` itself outside of training."""
        x = floats(x)
        if not training or self.keep_prob == 1:
            self._mask = None
            return x
        if self.rng is None:
            self.rng = np.random.default_rng(0)
        chance = self.rng.random(dtype=np.float32, out=self._scratch("chance", x.shape, np.dtype(np.float32)))
        mask = self._mask = self._scratch("mask", x.shape, x.real.dtype)
        np.less(chance, self.keep_prob, out=mask)
        np.multiply(mask, 1 / self.keep_prob, out=mask)
        return np.multiply(x, mask, out=self._scratch("y", x.shape, x.dtype))

    def backward(self, dy: Array) -> Array:
        """Return `dy` through the mask of the last forward."""
        if self._mask is None:
            return dy
        if dy.shape != self._mask.shape:
            raise self._unlike(dy, self._mask)
        return np.multiply(dy, self._mask, out=self._scratch("dx", dy.shape, np.result_type(dy, self._mask)))

    def output_shape(self, shape: Shape | None) -> Shape | None:
        """Return the same shape."""
        return shape

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.keep_prob})"
