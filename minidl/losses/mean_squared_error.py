"""Mean squared error."""

from typing import Any

import numpy as np

from ..utils.typing import Array
from ..utils.workspace import scalar_array
from .base import Loss


class MeanSquaredError(Loss):
    """Mean squared error: (1 / (m k)) * sum((prediction - target)**2), over m examples of k outputs."""

    def forward(self, prediction: Array, target: Array) -> Any:
        """Return the loss."""
        self._same_shape(prediction, target)
        self._difference = np.subtract(
            prediction, target, out=self._scratch("difference", prediction)
        )
        flat = self._difference.ravel()
        return flat.dot(flat) / flat.size

    def per_example(self) -> Any:
        """Return the loss of each row."""
        return np.square(self._difference).mean(axis=1)

    def backward(self) -> Array:
        """Return 2 (prediction - target) / (m k)."""
        difference = self._difference
        return np.multiply(
            difference,
            scalar_array(2 / difference.size, difference.dtype),
            out=self._scratch("gradient", difference),
        )

    def formula(self) -> tuple[str, str]:
        return "1 / (m k) * sum of (p - t)**2", "2 (p - t) / (m k)"
