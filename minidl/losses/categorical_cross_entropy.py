"""Categorical cross-entropy, of probabilities and of logits."""

from typing import Any

import numpy as np

from ..utils.typing import Array
from ..utils.underflow import without_underflow
from ..utils.workspace import scalar_array
from .cross_entropy import BaseCategoricalCrossEntropy
from .underflow import ignore_underflow


@ignore_underflow
class CategoricalCrossEntropy(BaseCategoricalCrossEntropy):
    """Categorical cross-entropy of probabilities: -(1 / m) * sum(t log p).

    p and t have shape (m, k): rows of probabilities of k classes for each of m examples. A model
    also takes class numbers of shape (m,) as targets. In sequences and images (m, ..., k), with
    class numbers (m, ...), m counts all positions. 0 log 0 is taken as 0. If the model's last
    layer is a `Softmax`, both are computed together from the logits, which is exact and does not
    overflow.

    Parameters
    ----------
    label_smoothing : float, default 0.0
        s in [0, 1): each target t is replaced by (1 - s) t + s / k in the loss, but not in the
        accuracy.

    Raises
    ------
    ArgumentError
        If `label_smoothing` is not a number in [0, 1); from `forward`, if a prediction is not a
        probability.
    ShapeError
        From `forward`, if the shapes of predictions and targets differ.

    See Also
    --------
    BinaryCrossEntropy : For independent decisions between two classes.

    References
    ----------
    Szegedy et al. (2016), "Rethinking the Inception architecture for computer vision",
    arXiv:1512.00567, section 7 (label smoothing).

    Examples
    --------
    >>> import numpy as np
    >>> from minidl import CategoricalCrossEntropy
    >>> loss = CategoricalCrossEntropy()
    >>> p = np.array([[0.25, 0.75], [0.5, 0.5]])
    >>> t = loss.prepare_targets([1, 0], 2, p.dtype)
    >>> round(float(loss.forward(p, t)), 3)
    0.49
    >>> loss.backward().round(3)
    array([[-0.   , -0.667],
           [-1.   , -0.   ]])
    >>> loss.classes(p)
    array([1, 0])
    """

    def forward(self, prediction: Array, target: Array) -> Any:
        from scipy.special import xlogy  # t log(p), and 0 where t is 0

        p = self._prediction = prediction
        t = self._target = self._smooth_targets(prediction, target, n_classes=prediction.shape[-1])
        self._check_probabilities(p, "Softmax()")
        log_likelihood = self._log_likelihood = self._work_array("log_likelihood", p)
        xlogy(t, p, out=log_likelihood)
        return -log_likelihood.sum() / _n_positions(log_likelihood)

    def per_position(self) -> Any:
        return -self._log_likelihood.sum(axis=-1)

    def backward(self) -> Array:
        p, t = self._prediction, self._target
        gradient = self._work_array("gradient", p)
        gradient[...] = 0
        with np.errstate(divide="ignore"):
            np.divide(t, p, out=gradient, where=t > 0)
        return np.multiply(gradient, -1.0 / _n_positions(p), out=gradient)

    def formula(self) -> tuple[str, str]:
        return "-1 / m * sum of t log(p)", "-t / p / m"


@ignore_underflow
class SoftmaxCrossEntropy(BaseCategoricalCrossEntropy):
    """Categorical cross-entropy of logits: (1 / m) * sum(log(sum(exp(z))) - t . z).

    z and t have shape (m, k): the logits of k classes for each of m examples. A model also takes
    class numbers of shape (m,) as targets. In sequences and images (m, ..., k), with class numbers
    (m, ...), m counts all positions. It is the `CategoricalCrossEntropy` of softmax(z), computed
    after the largest logit of each row is subtracted, so that nothing overflows. The gradient is
    (softmax(z) - t) / m.

    It is for models that give logits, whose layers do not end in a `Softmax`. `predict` returns
    logits then, and the predicted class is that of the largest.

    Parameters
    ----------
    label_smoothing : float, default 0.0
        s in [0, 1): each target t is replaced by (1 - s) t + s / k in the loss, but not in the
        accuracy.

    Raises
    ------
    ArgumentError
        If `label_smoothing` is not a number in [0, 1).
    ShapeError
        From `forward`, if the shapes of logits and targets differ.

    See Also
    --------
    CategoricalCrossEntropy : Uses it under a `Softmax`.

    Examples
    --------
    >>> import numpy as np
    >>> from minidl import SoftmaxCrossEntropy
    >>> loss = SoftmaxCrossEntropy()
    >>> round(float(loss.forward(np.array([[0.0, 0.0]]), np.array([[1.0, 0.0]]))), 3)
    0.693
    >>> loss.backward()
    array([[-0.5,  0.5]])
    """

    symbol = "z"

    def forward(self, prediction: Array, target: Array) -> Any:
        z = prediction
        t = self._target = self._smooth_targets(z, target, n_classes=z.shape[-1])
        shifted = self._shifted = self._work_array("shifted", z)
        exponential = self._exponential = self._work_array("exponential", z)
        np.subtract(z, np.maximum.reduce(z, axis=-1, keepdims=True), out=shifted)
        np.exp(shifted, out=exponential)
        self._sums = np.add.reduce(exponential, axis=-1, keepdims=True)
        return (np.log(self._sums).sum() - shifted.ravel().dot(t.ravel())) / self._sums.size

    def per_position(self) -> Any:
        return np.log(self._sums[..., 0]) - (self._shifted * self._target).sum(axis=-1)

    def backward(self) -> Array:
        gradient = self._work_array("gradient", self._exponential)
        np.divide(self._exponential, self._sums, out=gradient)
        np.subtract(gradient, self._target, out=gradient)
        factor = scalar_array(1 / self._sums.size, gradient.dtype)
        return np.multiply(gradient, factor, out=gradient)

    @without_underflow
    def probabilities(self, prediction: Array) -> Array:
        exponential = np.exp(prediction - prediction.max(axis=-1, keepdims=True))
        shares: Array = exponential / exponential.sum(axis=-1, keepdims=True)
        return shares

    def formula(self) -> tuple[str, str]:
        return (
            "1 / m * sum over the rows of log(sum(exp(z))) - sum(t z)",
            "(p - t) / m, p = softmax(z)",
        )


def _n_positions(prediction: Array) -> int:
    """Return how many rows of k classes there are, over all axes but the last."""
    return int(prediction.size // prediction.shape[-1])
