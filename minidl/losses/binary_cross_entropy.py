"""Binary cross-entropy, from probabilities and from logits."""

from typing import Any

import numpy as np

from ..utils.typing import Array
from ..utils.workspace import scalar_array
from .cross_entropy import BinaryTargets


class BinaryCrossEntropy(BinaryTargets):
    """Cross-entropy of probabilities p against targets t in [0, 1]: -(1 / (m k)) * sum(t log p + (1 - t) log(1 - p)).

    0 log 0 is 0. After a `Sigmoid`, a model computes it from the logits, without overflow.

    Parameters
    ----------
    label_smoothing : float, default 0.0
        s in [0, 1): each t is taken as (1 - s) t + s / 2, but not for the accuracy.
    """

    def forward(self, prediction: Array, target: Array) -> Any:
        """Return the loss."""
        self._prediction, self._target = p, t = prediction, self._aim(prediction, target, 2)
        self._probabilities(p, "Sigmoid()")
        total = self._total = self._weighed("total", np.log, p, t)
        total += self._weighed("other", np.log1p, -np.minimum(p, 1), 1 - t)
        return -total.sum() / total.size

    def per_example(self) -> Any:
        """Return the loss of each row."""
        return -self._total.mean(axis=1)

    def backward(self) -> Array:
        """Return (-t / p + (1 - t) / (1 - p)) / (m k)."""
        p, t = self._prediction, self._target
        gradient = self._scratch("gradient", p)
        other = self._scratch("other", p)
        gradient[...] = 0
        other[...] = 0
        with np.errstate(divide="ignore"):
            np.divide(t, p, out=gradient, where=t > 0)
            np.divide(1 - t, 1 - p, out=other, where=t < 1)
        np.subtract(other, gradient, out=gradient)
        return np.multiply(gradient, 1.0 / p.size, out=gradient)

    def formula(self) -> tuple[str, str]:
        return (
            "-1 / (m k) * sum of t log(p) + (1 - t) log(1 - p)",
            "(-t / p + (1 - t) / (1 - p)) / (m k)",
        )


class SigmoidCrossEntropy(BinaryTargets):
    """Binary cross-entropy of sigmoid(z), from the logits z: (1 / (m k)) * sum(log(1 + exp(z)) - t z)."""

    threshold = 0.0

    def forward(self, prediction: Array, target: Array) -> Any:
        """Return the mean of max(z, 0) - t z + log(1 + exp(-|z|))."""
        z = prediction
        target = self._target = self._aim(z, target, 2)
        high, low = self._scratch("high", z), self._scratch("low", z)
        decay, work = self._scratch("decay", z), self._scratch("work", z)
        self._low, self._decay, self._spare = low, decay, (high, work)
        np.maximum(z, scalar_array(0, z.dtype), out=high)
        np.subtract(z, high, out=low)  # min(z, 0)
        np.subtract(low, high, out=decay)  # -|z|
        np.exp(decay, out=decay)
        np.multiply(z, target, out=work)
        np.subtract(high, work, out=high)
        np.log1p(decay, out=work)
        np.add(high, work, out=high)
        return np.add.reduce(high, axis=None) / high.size

    def per_example(self) -> Any:
        """Return the loss of each row."""
        return self._spare[0].mean(axis=1)

    def backward(self) -> Array:
        """Return (sigmoid(z) - t) / (m k)."""
        gradient, work = self._spare
        np.exp(self._low, out=gradient)
        np.add(self._decay, scalar_array(1, work.dtype), out=work)
        np.divide(gradient, work, out=gradient)  # sigmoid(z) = exp(min(z, 0)) / (1 + exp(-|z|))
        np.subtract(gradient, self._target, out=gradient)
        return np.multiply(gradient, scalar_array(1 / gradient.size, gradient.dtype), out=gradient)

    def formula(self) -> tuple[str, str]:
        return "1 / (m k) * sum of log(1 + exp(z)) - t z", "(p - t) / (m k)"
