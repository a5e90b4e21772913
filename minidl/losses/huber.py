"""Huber loss."""

from typing import Any

import numpy as np

from ..utils.foreign_words import explain_arguments
from ..utils.typing import Array
from ..utils.validation import check_number, greater_than
from ..utils.workspace import scalar_array
from .base import Loss
from .underflow import ignore_underflow


@explain_arguments("__init__")
@ignore_underflow
class Huber(Loss):
    """Huber loss: the mean of d**2 / 2 where abs(d) <= delta, else delta (abs(d) - delta / 2).

    d = p - t for predictions p and targets t of shape (m, k): k outputs for each of m examples. The
    gradient is d / (m k), with d clipped to [-delta, delta]: an outlier counts no more than an
    error of delta [1]_. In sequences and images (m, ..., k), m counts all positions.

    Parameters
    ----------
    delta : float, default 1.0
        The error from which the loss grows linearly, > 0, in units of the target.

    Raises
    ------
    ArgumentError
        If delta is not a finite number > 0.
    ShapeError
        From `forward`, if the shapes of predictions and targets differ.

    See Also
    --------
    MeanSquaredError : Quadratic for all errors.

    References
    ----------
    .. [1] P. J. Huber, "Robust estimation of a location parameter", Annals of Mathematical
       Statistics 35(1), 1964, section 2.

    Examples
    --------
    >>> import numpy as np
    >>> from minidl import Huber
    >>> loss = Huber(delta=1.0)
    >>> float(loss.forward(np.array([[0.5], [4.0]]), np.array([[0.0], [0.0]])))
    1.8125
    >>> loss.backward()
    array([[0.25],
           [0.5 ]])
    """

    def __init__(self, delta: float = 1.0) -> None:
        self.delta = check_number(delta, "delta", greater_than(0), self)

    def forward(self, prediction: Array, target: Array) -> Any:
        self._check_same_shape(prediction, target)
        terms = self._terms = self._work_array("terms", prediction)
        clipped = self._clipped = self._work_array("clipped", prediction)
        dtype = prediction.dtype
        difference = np.subtract(prediction, target, out=terms)
        np.minimum(difference, scalar_array(self.delta, dtype), out=clipped)
        np.maximum(clipped, scalar_array(-self.delta, dtype), out=clipped)
        # clipped * (difference - clipped / 2) is either of the two formulas.
        np.subtract(difference, clipped / 2, out=terms)
        np.multiply(terms, clipped, out=terms)
        return terms.sum() / terms.size

    def per_position(self) -> Any:
        return self._terms.mean(axis=-1)

    def backward(self) -> Array:
        clipped = self._clipped
        factor = scalar_array(1 / clipped.size, clipped.dtype)
        return np.multiply(clipped, factor, out=self._work_array("gradient", clipped))

    def formula(self) -> tuple[str, str]:
        delta = f"{self.delta:g}"
        quadratic, linear = "d**2 / 2", f"{delta} (|d| - {self.delta / 2:g})"
        forward = f"1 / (m k) * sum of {quadratic} where |d| <= {delta}, else {linear}; d = p - t"
        return forward, f"d / (m k), d clipped to +-{delta}"

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.delta})"
