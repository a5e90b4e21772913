"""Categorical cross-entropy, from probabilities and from logits."""

from typing import Any

import numpy as np

from ..utils.typing import Array
from ..utils.workspace import scalar_array
from .cross_entropy import CategoricalTargets


class CategoricalCrossEntropy(CategoricalTargets):
    """Cross-entropy of rows of probabilities p against class numbers or rows t: -(1 / m) * sum(t log p).

    0 log 0 is 0. After a `Softmax`, a model computes it from the logits, without overflow.

    Parameters
    ----------
    label_smoothing : float, default 0.0
        s in [0, 1): each t is taken as (1 - s) t + s / k, but not for the accuracy. Szegedy et al. (2016, arXiv:1512.00567), section 7.
    """

    def forward(self, prediction: Array, target: Array) -> Any:
        """Return the loss."""
        self._prediction, self._target = p, t = (
            prediction,
            self._aim(prediction, target, prediction.shape[-1]),
        )
        self._probabilities(p, "Softmax()")
        total = self._total = self._weighed("total", np.log, p, t)
        return -total.sum() / len(total)

    def per_example(self) -> Any:
        """Return the loss of each row."""
        return -self._total.sum(axis=1)

    def backward(self) -> Array:
        """Return -t / (m p)."""
        p, t = self._prediction, self._target
        gradient = self._scratch("gradient", p)
        gradient[...] = 0
        with np.errstate(divide="ignore"):
            np.divide(t, p, out=gradient, where=t > 0)
        return np.multiply(gradient, -1.0 / len(p), out=gradient)

    def formula(self) -> tuple[str, str]:
        return "-1 / m * sum of t log(p)", "-t / p / m"


class SoftmaxCrossEntropy(CategoricalTargets):
    """Categorical cross-entropy of softmax(z), from the logits z: (1 / m) * sum(log(sum(exp(z))) - t . z)."""

    def forward(self, prediction: Array, target: Array) -> Any:
        """Return the mean of log(sum(exp(z))) - t . z, each row shifted by its largest logit."""
        z = prediction
        target = self._target = self._aim(z, target, z.shape[-1])
        shifted = self._shifted = self._scratch("shifted", z)
        exponential = self._exponential = self._scratch("exponential", z)
        np.subtract(z, np.maximum.reduce(z, axis=1, keepdims=True), out=shifted)
        np.exp(shifted, out=exponential)
        self._sums = np.add.reduce(exponential, axis=1, keepdims=True)
        return (np.log(self._sums).sum() - shifted.ravel().dot(target.ravel())) / len(z)

    def per_example(self) -> Any:
        """Return the loss of each row."""
        return np.log(self._sums[:, 0]) - (self._shifted * self._target).sum(axis=1)

    def backward(self) -> Array:
        """Return (softmax(z) - t) / m."""
        gradient = self._scratch("gradient", self._exponential)
        np.divide(self._exponential, self._sums, out=gradient)
        np.subtract(gradient, self._target, out=gradient)
        return np.multiply(gradient, scalar_array(1 / len(gradient), gradient.dtype), out=gradient)

    def formula(self) -> tuple[str, str]:
        return "1 / m * sum over the rows of log(sum(exp(z))) - sum(t z)", "(p - t) / m"
