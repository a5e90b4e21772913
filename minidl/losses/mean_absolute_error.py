"""Mean absolute error."""

from typing import Any

import numpy as np

from ..utils.typing import Array
from ..utils.workspace import scalar_array
from .base import Loss
from .underflow import ignore_underflow


@ignore_underflow
class MeanAbsoluteError(Loss):
    """Mean absolute error: (1 / (m k)) * sum(abs(p - t)).

    p and t have shape (m, k): k outputs for each of m examples. The gradient is
    sign(p - t) / (m k), of the same size for every error; at the kink p = t it is taken as 0, a
    subgradient. The best constant prediction is the median. In sequences and images (m, ..., k), m
    counts all positions.

    Raises
    ------
    ShapeError
        From `forward`, if the shapes of predictions and targets differ.

    See Also
    --------
    Huber : Quadratic for small errors, so that its gradient is continuous.
    MeanSquaredError : Quadratic for all errors.

    Examples
    --------
    >>> import numpy as np
    >>> from minidl import MeanAbsoluteError
    >>> loss = MeanAbsoluteError()
    >>> float(loss.forward(np.array([[3.0], [1.0]]), np.array([[1.0], [1.5]])))
    1.25
    >>> loss.backward()
    array([[ 0.5],
           [-0.5]])
    """

    def forward(self, prediction: Array, target: Array) -> Any:
        self._check_same_shape(prediction, target)
        difference = self._difference = self._work_array("difference", prediction)
        sign = self._sign = self._work_array("sign", prediction)
        np.subtract(prediction, target, out=difference)
        np.sign(difference.real, out=sign)  # the sign of a complex number is another one
        return sign.ravel().dot(difference.ravel()) / difference.size

    def per_position(self) -> Any:
        return (self._sign * self._difference).mean(axis=-1)

    def backward(self) -> Array:
        sign = self._sign
        factor = scalar_array(1 / sign.size, sign.dtype)
        return np.multiply(sign, factor, out=self._work_array("gradient", sign))

    def formula(self) -> tuple[str, str]:
        return "1 / (m k) * sum of |p - t|", "sign(p - t) / (m k)"
