"""Half the squared error."""

from typing import Any

import numpy as np

from ..utils.typing import Array
from ..utils.workspace import scalar_array
from .base import Loss
from .underflow import ignore_underflow


@ignore_underflow
class HalfSquaredError(Loss):
    """Half the squared error: (1 / (2 m)) * sum((p - t)**2).

    p and t have shape (m, k): k outputs for each of m examples. The gradient is (p - t) / m, as
    that of a cross-entropy of logits: the factor 1/2 cancels the 2 of the derivative, and the
    outputs are added, so that one of them learns as fast beside others as alone. In sequences and
    images (m, ..., k), m counts all positions.

    It is `MeanSquaredError` times k / 2, and the loss of scikit-learn's MLPRegressor.

    Raises
    ------
    ShapeError
        From `forward`, if the shapes of predictions and targets differ.

    See Also
    --------
    MeanSquaredError : The mean over the outputs, too.

    Examples
    --------
    >>> import numpy as np
    >>> from minidl import HalfSquaredError
    >>> loss = HalfSquaredError()
    >>> float(loss.forward(np.array([[3.0], [1.0]]), np.array([[1.0], [1.0]])))
    1.0
    >>> loss.backward()
    array([[1.],
           [0.]])
    """

    def forward(self, prediction: Array, target: Array) -> Any:
        self._check_same_shape(prediction, target)
        difference = self._difference = self._work_array("difference", prediction)
        np.subtract(prediction, target, out=difference)
        flat = difference.ravel()
        return flat.dot(flat) / (2 * self._n_positions())

    def per_position(self) -> Any:
        return np.square(self._difference).sum(axis=-1) / 2

    def backward(self) -> Array:
        difference = self._difference
        gradient = self._work_array("gradient", difference)
        factor = scalar_array(1 / self._n_positions(), difference.dtype)
        return np.multiply(difference, factor, out=gradient)

    def _n_positions(self) -> int:
        n_positions: int = self._difference.size // self._difference.shape[-1]
        return n_positions

    def formula(self) -> tuple[str, str]:
        return "1 / (2 m) * sum of (p - t)**2", "(p - t) / m"
