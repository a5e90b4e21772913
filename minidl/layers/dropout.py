"""Dropout."""

import numpy as np

from ..utils.foreign_words import explain_arguments
from ..utils.typing import Array
from ..utils.underflow import repeat_without_underflow
from ..utils.validation import check_number, in_range
from ..utils.workspace import get_workspace
from .base import Layer, Shape, as_float_array

FLOAT32 = np.dtype(np.float32)


@explain_arguments("__init__")
class Dropout(Layer):
    """Inverted dropout: y = x * mask / keep_prob while training, else y = x.

    Each element of the mask is 1 with probability `keep_prob`, else 0, independently for each
    element of x, which may have any shape. dx = dy * mask / keep_prob. The mask is drawn from
    uniform float32 numbers for every dtype.

    Parameters
    ----------
    keep_prob : float
        The probability that a unit is kept, 1 - rate in other frameworks, in (0, 1]. With 1
        nothing is dropped, and nothing is drawn.

    Attributes
    ----------
    rng : numpy.random.Generator or None
        The random generator of the masks. A model assigns one; outside of a model, the first
        training `forward` makes one of seed 0.

    Raises
    ------
    ArgumentError
        If `keep_prob` is not a number in (0, 1].

    References
    ----------
    Srivastava et al. (2014), "Dropout: a simple way to prevent neural networks from overfitting",
    JMLR 15:1929-1958.

    Examples
    --------
    >>> import numpy as np
    >>> from minidl import Dropout
    >>> layer = Dropout(0.5)
    >>> x = np.ones((1, 4))
    >>> layer.forward(x)
    array([[1., 1., 1., 1.]])
    >>> layer.forward(x, training=True)
    array([[0., 0., 0., 2.]])
    >>> layer.backward(x)
    array([[0., 0., 0., 2.]])
    """

    stochastic = True
    is_identity_at_inference = True
    inference_arrays = 0
    _mask: Array | None = None

    def __init__(self, keep_prob: float) -> None:
        self.keep_prob = check_number(
            keep_prob,
            "keep_prob",
            in_range(0, 1, closed="right"),
            self,
            "it is the probability that a unit is kept, such as 0.8",
        )

    def forward(self, x: Array, *, training: bool = False) -> Array:
        x = as_float_array(x)
        if not training or self.keep_prob == 1:
            self._mask = None
            return x
        if self.rng is None:
            self.rng = np.random.default_rng(0)
        uniform = get_workspace(self.workspace, "uniform", x.shape, FLOAT32)
        self.rng.random(dtype=np.float32, out=uniform)
        mask = self._mask = get_workspace(self.workspace, "mask", x.shape, x.real.dtype)
        np.less(uniform, self.keep_prob, out=mask)
        np.multiply(mask, 1 / self.keep_prob, out=mask)
        return _multiply(x, mask, get_workspace(self.workspace, "y", x.shape, x.dtype))

    def backward(self, dy: Array) -> Array:
        if self._mask is None:
            return dy
        if dy.shape != self._mask.shape:
            raise self._shape_error(dy, self._mask)
        dtype = np.result_type(dy, self._mask)
        dx = get_workspace(self.workspace, "dx", dy.shape, dtype)
        return _multiply(dy, self._mask, dx)

    def output_shape(self, shape: Shape | None) -> Shape | None:
        return shape

    def formula(self) -> tuple[str, str]:
        return (
            f"y = x (while training, y = x * mask / {self.keep_prob:g})",
            "dx = dy (while training, through the same mask)",
        )

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.keep_prob})"


def _multiply(a: Array, b: Array, out: Array) -> Array:
    try:
        return np.multiply(a, b, out=out)
    except FloatingPointError:
        return repeat_without_underflow(np.multiply, a, b, out)
