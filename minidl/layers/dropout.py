"""Dropout."""

import numpy as np

from ..utils.typing import Array
from ..utils.validation import check_number, in_range
from ..utils.workspace import get_workspace
from .base import Layer, Shape, as_float_array


class Dropout(Layer):
    """Inverted dropout: y = x * mask / keep_prob while training, mask = 1 at a chance of keep_prob, else 0; otherwise y = x.

    Drawn in float32 for any dtype, from `.rng`: the model's, or else of seed 0. Srivastava et al. (2014, JMLR 15:1929).

    Parameters
    ----------
    keep_prob : float
        The share of units kept, in (0, 1].
    """

    stochastic = True
    _mask: Array | None = None

    def __init__(self, keep_prob: float) -> None:
        self.keep_prob = check_number(
            keep_prob,
            "keep_prob",
            in_range(0, 1, closed="right"),
            self,
            "it is the share of units kept, such as 0.8",
        )

    def forward(self, x: Array, *, training: bool = False) -> Array:
        """Return y."""
        x = as_float_array(x)
        if not training or self.keep_prob == 1:
            self._mask = None
            return x
        if self.rng is None:
            self.rng = np.random.default_rng(0)
        chance = self.rng.random(
            dtype=np.float32,
            out=get_workspace(self._workspace, "chance", x.shape, np.dtype(np.float32)),
        )
        mask = self._mask = get_workspace(self._workspace, "mask", x.shape, x.real.dtype)
        np.less(chance, self.keep_prob, out=mask)
        np.multiply(mask, 1 / self.keep_prob, out=mask)
        return np.multiply(x, mask, out=get_workspace(self._workspace, "y", x.shape, x.dtype))

    def backward(self, dy: Array) -> Array:
        """Return dx = dy * mask / keep_prob."""
        if self._mask is None:
            return dy
        if dy.shape != self._mask.shape:
            raise self._refusal(dy, self._mask)
        return np.multiply(
            dy,
            self._mask,
            out=get_workspace(self._workspace, "dx", dy.shape, np.result_type(dy, self._mask)),
        )

    def output_shape(self, shape: Shape | None) -> Shape | None:
        """Return the same shape."""
        return shape

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.keep_prob})"
