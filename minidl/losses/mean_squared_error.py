"""Mean squared error."""

from typing import Any

import numpy as np

from ..utils.typing import Array
from ..utils.workspace import scalar_array
from .base import Loss
from .underflow import ignore_underflow


@ignore_underflow
class MeanSquaredError(Loss):
    """Mean squared error: (1 / (m k)) * sum((p - t)**2).

    p and t have shape (m, k): k outputs for each of m examples. The gradient is
    2 (p - t) / (m k). In sequences and images (m, ..., k), m counts all positions.

    Raises
    ------
    ShapeError
        From `forward`, if the shapes of predictions and targets differ.

    See Also
    --------
    HalfSquaredError : The sum over the outputs, with the factor 1/2.

    Examples
    --------
    >>> import numpy as np
    >>> from minidl import MeanSquaredError
    >>> loss = MeanSquaredError()
    >>> float(loss.forward(np.array([[3.0], [1.0]]), np.array([[1.0], [1.0]])))
    2.0
    >>> loss.backward()
    array([[2.],
           [0.]])
    """

    def forward(self, prediction: Array, target: Array) -> Any:
        self._check_same_shape(prediction, target)
        difference = self._difference = self._work_array("difference", prediction)
        np.subtract(prediction, target, out=difference)
        flat = difference.ravel()
        return flat.dot(flat) / flat.size

    def per_position(self) -> Any:
        return np.square(self._difference).mean(axis=-1)

    def backward(self) -> Array:
        difference = self._difference
        gradient = self._work_array("gradient", difference)
        factor = scalar_array(2 / difference.size, difference.dtype)
        return np.multiply(difference, factor, out=gradient)

    def formula(self) -> tuple[str, str]:
        return "1 / (m k) * sum of (p - t)**2", "2 (p - t) / (m k)"
