"""Losses and their gradients; complex-safe: no abs, no branch on the imaginary part."""

from abc import ABC, abstractmethod
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from .arrays import Array, constant, door, numeric, scratch
from .errors import ArgumentError, ShapeError, number
from .labels import one_hot
from .settings import arguments_of


class Loss(ABC):
    """Base of all losses: define `forward` and `backward`; for an accuracy, `accuracy_of = True` and `classes`."""

    accuracy_of = False
    _buffers: dict[str, Array]

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        """Make the scratch buffers."""
        loss = super().__new__(cls)
        loss._buffers = {}
        return loss

    @abstractmethod
    def forward(self, prediction: Array, target: Array) -> Any:
        """Return the mean loss of `prediction` (m, k) against `target` (m, k)."""

    @abstractmethod
    def backward(self) -> Array:
        """Return d loss / d prediction (m, k) of the last `forward`, valid until the next call."""

    def examples(self) -> Any:
        """Return the loss of each row (m,) of the last `forward`, for example weights."""
        raise ArgumentError(f"{self} does not tell the loss of each example: define examples()")

    def targets(self, Y: npt.ArrayLike, outputs: int | None, dtype: np.dtype[Any]) -> Array:
        """Return targets (m, k), or (m,) for one output, as (m, k) of the dtype."""
        y = door(Y, "Y", dtype)
        if y.ndim == 1 and outputs in (None, 1):
            y = y.reshape(-1, 1)
        if y.ndim != 2 or (outputs is not None and y.shape[1] != outputs):
            rows = " (the examples are the rows: pass Y.T?)" if y.ndim == 2 and y.shape[0] == (outputs or 1) else ""
            raise ShapeError(f"Y must have shape (m, {outputs or 'k'}), one row per example, got {np.shape(Y)}{rows}")
        return y

    def classes(self, prediction: Array) -> Array:
        """Return the class numbers of `prediction`, or targets, (m, k)."""
        raise ArgumentError(f"{self} does not predict classes: use predict")

    def hits(self, prediction: Array, target: Array) -> tuple[int, int]:
        """Return how many classes agree, and of how many."""
        due = self.classes(target)
        return int(np.count_nonzero(self.classes(prediction) == due)), due.size

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"

    def __getstate__(self) -> dict[str, Any]:
        return vars(self) | {"_buffers": {}}

    def _scratch(self, name: str, like: Array) -> Array:
        return scratch(self._buffers, name, like.shape, like.dtype)

    @staticmethod
    def _same_shape(prediction: Array, target: Array) -> None:
        if prediction.shape != target.shape:
            raise ShapeError(f"targets must be of the same shape, got {prediction.shape} and {target.shape}: nothing is broadcast")


class MeanSquaredError(Loss):
    """Mean squared error: (1 / (m k)) * sum((prediction - target)**2), over m examples of k outputs."""

    def forward(self, prediction: Array, target: Array) -> Any:
        """Return the loss."""
        self._same_shape(prediction, target)
        self._difference = np.subtract(prediction, target, out=self._scratch("difference", prediction))
        flat = self._difference.ravel()
        return flat.dot(flat) / flat.size

    def examples(self) -> Any:
        """Return the loss of each row."""
        return np.square(self._difference).mean(axis=1)

    def backward(self) -> Array:
        """Return 2 (prediction - target) / (m k)."""
        difference = self._difference
        return np.multiply(difference, constant(2 / difference.size, difference.dtype), out=self._scratch("gradient", difference))


class _CrossEntropy(Loss):
    """With an accuracy, which does not see that targets are smoothed."""

    accuracy_of = True
    label_smoothing = 0.0

    def __init__(self, *, label_smoothing: float = 0.0) -> None:
        self.label_smoothing = number(label_smoothing, "label_smoothing", "in [0, 1)", self, "typical is 0.1")

    def settings(self) -> dict[str, Any]:
        """Return what makes such a loss again."""
        return {name: value for name, value in arguments_of(self).items() if value or name != "label_smoothing"}

    def __repr__(self) -> str:
        return f"{type(self).__name__}({f'label_smoothing={self.label_smoothing}' if self.label_smoothing else ''})"

    def _aim(self, prediction: Array, target: Array, classes: int) -> Array:
        self._same_shape(prediction, target)
        if not self.label_smoothing:
            return target
        smoothed = np.multiply(target, 1 - self.label_smoothing, out=self._scratch("smoothed", target))
        smoothed += self.label_smoothing / classes
        return smoothed

    def _probabilities(self, prediction: Array, layer: str) -> None:
        low, high = prediction.real.min(), prediction.real.max()
        if low < 0 or high > 1 + 1e-6:  # rows of a softmax may round to a little over 1
            raise ArgumentError(f"{self} takes probabilities in [0, 1], got {low:g} to {high:g}: end the model with {layer}")

    def _weighed(self, name: str, log: np.ufunc, p: Array, t: Array) -> Array:
        """Return t log p, 0 where t is 0."""
        terms = self._scratch(name, p)
        terms[...] = 0
        with np.errstate(divide="ignore"):  # log(0) = -inf is right
            log(p, out=terms, where=t > 0)
        return np.multiply(terms, t, out=terms)


class _Binary(_CrossEntropy):
    """Targets in [0, 1] for each output."""

    threshold = 0.5

    def targets(self, Y: npt.ArrayLike, outputs: int | None, dtype: np.dtype[Any]) -> Array:
        """Return targets in [0, 1]."""
        y = super().targets(Y, outputs, dtype)
        for bad in (y.min(), y.max()):
            if not 0 <= bad <= 1:
                raise ArgumentError(f"Y must lie in [0, 1] for {self}, got {bad:g}: number the two classes 0 and 1")
        return y

    def classes(self, prediction: Array) -> Array:
        """Return 0 or 1: (m,) for one output, (m, k) for more."""
        found = (prediction > self.threshold).astype(np.int64)
        return found[:, 0] if found.shape[1] == 1 else found

    def hits(self, prediction: Array, target: Array) -> tuple[int, int]:
        """Return how many classes agree, and of how many."""
        found, due = prediction > constant(self.threshold, prediction.dtype), target > constant(0.5, target.dtype)
        return int(np.count_nonzero(found == due)), target.size


class BinaryCrossEntropy(_Binary):
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

    def examples(self) -> Any:
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


class SigmoidCrossEntropy(_Binary):
    """Binary cross-entropy of sigmoid(z), from the logits z: (1 / (m k)) * sum(log(1 + exp(z)) - t z)."""

    threshold = 0.0

    def forward(self, prediction: Array, target: Array) -> Any:
        """Return the mean of max(z, 0) - t z + log(1 + exp(-|z|))."""
        z = prediction
        target = self._target = self._aim(z, target, 2)
        high, low = self._scratch("high", z), self._scratch("low", z)
        decay, work = self._scratch("decay", z), self._scratch("work", z)
        self._low, self._decay, self._spare = low, decay, (high, work)
        np.maximum(z, constant(0, z.dtype), out=high)
        np.subtract(z, high, out=low)  # min(z, 0)
        np.subtract(low, high, out=decay)  # -|z|
        np.exp(decay, out=decay)
        np.multiply(z, target, out=work)
        np.subtract(high, work, out=high)
        np.log1p(decay, out=work)
        np.add(high, work, out=high)
        return np.add.reduce(high, axis=None) / high.size

    def examples(self) -> Any:
        """Return the loss of each row."""
        return self._spare[0].mean(axis=1)

    def backward(self) -> Array:
        """Return (sigmoid(z) - t) / (m k)."""
        gradient, work = self._spare
        np.exp(self._low, out=gradient)
        np.add(self._decay, constant(1, work.dtype), out=work)
        np.divide(gradient, work, out=gradient)  # sigmoid(z) = exp(min(z, 0)) / (1 + exp(-|z|))
        np.subtract(gradient, self._target, out=gradient)
        return np.multiply(gradient, constant(1 / gradient.size, gradient.dtype), out=gradient)


class _Categorical(_CrossEntropy):
    """Of class numbers or rows of probabilities."""

    def targets(self, Y: npt.ArrayLike, outputs: int | None, dtype: np.dtype[Any]) -> Array:
        """Return class numbers (m,) or (m, 1), or rows (m, k) that sum to 1, as rows."""
        y = numeric(Y, "Y")
        if y.ndim == 1 or (y.ndim == 2 and y.shape[1] == 1 and outputs != 1):
            if outputs is None:
                raise ShapeError("Y holds class numbers, but how many classes there are is not known: pass one_hot(Y, classes)")
            return one_hot(y.reshape(-1), outputs, dtype=dtype)
        rows = super().targets(Y, outputs, dtype)
        sums = rows.sum(axis=1)
        wrong = np.abs(sums - 1)
        if rows.min() < 0 or wrong.max() > 1e-3:
            found = f"a sum of {sums[wrong.argmax()]:g}" if wrong.max() > 1e-3 else f"the number {rows.min():g}"
            raise ArgumentError(f"each row of Y must be probabilities that sum to 1 for {self}, got {found}: pass one_hot(Y, classes)")
        shares: Array = rows / sums[:, np.newaxis]
        return shares

    def classes(self, prediction: Array) -> Array:
        """Return the largest output's number (m,)."""
        numbers: Array = prediction.argmax(axis=1)
        return numbers


class CategoricalCrossEntropy(_Categorical):
    """Cross-entropy of rows of probabilities p against class numbers or rows t: -(1 / m) * sum(t log p).

    0 log 0 is 0. After a `Softmax`, a model computes it from the logits, without overflow.

    Parameters
    ----------
    label_smoothing : float, default 0.0
        s in [0, 1): each t is taken as (1 - s) t + s / k, but not for the accuracy. Szegedy et al. (2016, arXiv:1512.00567), section 7.
    """

    def forward(self, prediction: Array, target: Array) -> Any:
        """Return the loss."""
        self._prediction, self._target = p, t = prediction, self._aim(prediction, target, prediction.shape[-1])
        self._probabilities(p, "Softmax()")
        total = self._total = self._weighed("total", np.log, p, t)
        return -total.sum() / len(total)

    def examples(self) -> Any:
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


class SoftmaxCrossEntropy(_Categorical):
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

    def examples(self) -> Any:
        """Return the loss of each row."""
        return np.log(self._sums[:, 0]) - (self._shifted * self._target).sum(axis=1)

    def backward(self) -> Array:
        """Return (softmax(z) - t) / m."""
        gradient = self._scratch("gradient", self._exponential)
        np.divide(self._exponential, self._sums, out=gradient)
        np.subtract(gradient, self._target, out=gradient)
        return np.multiply(gradient, constant(1 / len(gradient), gradient.dtype), out=gradient)
