"""Binary cross-entropy, of probabilities and of logits."""

from typing import Any

import numpy as np

from ..utils.sigmoid import sigmoid_into
from ..utils.typing import Array
from ..utils.underflow import without_underflow
from ..utils.workspace import scalar_array
from .cross_entropy import BaseBinaryCrossEntropy
from .underflow import ignore_underflow


@ignore_underflow
class BinaryCrossEntropy(BaseBinaryCrossEntropy):
    """Binary cross-entropy of probabilities: -(1 / (m k)) * sum(t log p + (1 - t) log(1 - p)).

    p and t have shape (m, k): k independent decisions between class 0 and class 1 for each of m
    examples. In sequences and images (m, ..., k), m counts all positions. 0 log 0 is taken as 0. If
    the model's last layer is a `Sigmoid`, both are computed together from the logits, which is
    exact and does not overflow.

    Parameters
    ----------
    label_smoothing : float, default 0.0
        s in [0, 1): each target t is replaced by (1 - s) t + s / 2 in the loss, but not in the
        accuracy.
    sum_outputs : bool, default False
        Whether the losses of the k outputs are added, with 1 / m in place of 1 / (m k): then an
        output learns as fast beside others as alone.

    Raises
    ------
    ArgumentError
        If `label_smoothing` is not a number in [0, 1), or `sum_outputs` no bool; from `forward`,
        if a prediction is not a probability.
    ShapeError
        From `forward`, if the shapes of predictions and targets differ.

    See Also
    --------
    CategoricalCrossEntropy : For one class out of several.

    Examples
    --------
    >>> import numpy as np
    >>> from minidl import BinaryCrossEntropy
    >>> loss = BinaryCrossEntropy()
    >>> p = np.array([[0.5], [0.8]])
    >>> round(float(loss.forward(p, np.array([[1.0], [1.0]]))), 3)
    0.458
    >>> loss.backward()
    array([[-1.   ],
           [-0.625]])
    >>> loss.classes(p)
    array([0, 1])
    """

    def forward(self, prediction: Array, target: Array) -> Any:
        from scipy.special import xlog1py, xlogy  # 0 where the first factor is 0

        p = self._prediction = prediction
        t = self._target = self._smooth_targets(prediction, target, n_classes=2)
        self._check_probabilities(p, "Sigmoid()")
        log_likelihood = self._log_likelihood = self._work_array("log_likelihood", p)
        xlogy(t, p, out=log_likelihood)
        log_likelihood += xlog1py(1 - t, -np.minimum(p, 1))
        return -log_likelihood.sum() / self._divisor(log_likelihood)

    def per_position(self) -> Any:
        return -self._over_outputs(self._log_likelihood)

    def backward(self) -> Array:
        p, t = self._prediction, self._target
        gradient = self._work_array("gradient", p)
        other = self._work_array("other", p)
        gradient[...] = 0
        other[...] = 0
        with np.errstate(divide="ignore"):
            np.divide(t, p, out=gradient, where=t > 0)
            np.divide(1 - t, 1 - p, out=other, where=t < 1)
        np.subtract(other, gradient, out=gradient)
        return np.multiply(gradient, 1.0 / self._divisor(p), out=gradient)

    def formula(self) -> tuple[str, str]:
        divisor = "m" if self.sum_outputs else "(m k)"
        return (
            f"-1 / {divisor} * sum of t log(p) + (1 - t) log(1 - p)",
            f"(-t / p + (1 - t) / (1 - p)) / {divisor}",
        )


@ignore_underflow
class SigmoidCrossEntropy(BaseBinaryCrossEntropy):
    """Binary cross-entropy of logits: (1 / (m k)) * sum(log(1 + exp(z)) - t z).

    z and t have shape (m, k): k independent decisions between class 0 and class 1 for each of m
    examples. In sequences and images (m, ..., k), m counts all positions. It is the
    `BinaryCrossEntropy` of sigmoid(z), computed as max(z, 0) - t z + log(1 + exp(-abs(z))), which
    is exact and does not overflow. The gradient is (sigmoid(z) - t) / (m k).

    It is for models that give logits, whose layers do not end in a `Sigmoid`. `predict` returns
    logits then, and the predicted class is 1 where z > 0, that is where sigmoid(z) > 1/2.

    Parameters
    ----------
    label_smoothing : float, default 0.0
        s in [0, 1): each target t is replaced by (1 - s) t + s / 2 in the loss, but not in the
        accuracy.
    sum_outputs : bool, default False
        Whether the losses of the k outputs are added, with 1 / m in place of 1 / (m k): then an
        output learns as fast beside others as alone.

    Raises
    ------
    ArgumentError
        If `label_smoothing` is not a number in [0, 1), or `sum_outputs` no bool.
    ShapeError
        From `forward`, if the shapes of logits and targets differ.

    See Also
    --------
    BinaryCrossEntropy : Uses it under a `Sigmoid`.

    Examples
    --------
    >>> import numpy as np
    >>> from minidl import SigmoidCrossEntropy
    >>> loss = SigmoidCrossEntropy()
    >>> round(float(loss.forward(np.array([[0.0], [1000.0]]), np.array([[1.0], [1.0]]))), 3)
    0.347
    >>> loss.backward()
    array([[-0.25],
           [ 0.  ]])
    """

    threshold = 0.0
    symbol = "z"

    def forward(self, prediction: Array, target: Array) -> Any:
        z = prediction
        t = self._target = self._smooth_targets(z, target, n_classes=2)
        self._gradient = self._work_array("gradient", z)
        losses = self._losses = self._work_array("losses", z)
        negative_part = self._negative_part = self._work_array("negative_part", z)
        decay = self._decay = self._work_array("decay", z)
        work = self._work = self._work_array("work", z)
        np.maximum(z, scalar_array(0, z.dtype), out=losses)  # max(z, 0)
        np.subtract(z, losses, out=negative_part)  # min(z, 0)
        np.subtract(negative_part, losses, out=decay)  # -abs(z)
        np.exp(decay, out=decay)
        np.multiply(z, t, out=work)
        np.subtract(losses, work, out=losses)
        np.log1p(decay, out=work)
        np.add(losses, work, out=losses)
        return np.add.reduce(losses, axis=None) / self._divisor(losses)

    def per_position(self) -> Any:
        return self._over_outputs(self._losses)

    def backward(self) -> Array:
        gradient, work = self._gradient, self._work
        # sigmoid(z) = exp(min(z, 0)) / (1 + exp(-abs(z)))
        np.exp(self._negative_part, out=gradient)
        np.add(self._decay, scalar_array(1, work.dtype), out=work)
        np.divide(gradient, work, out=gradient)
        np.subtract(gradient, self._target, out=gradient)
        factor = scalar_array(1 / self._divisor(gradient), gradient.dtype)
        return np.multiply(gradient, factor, out=gradient)

    @without_underflow
    def probabilities(self, prediction: Array) -> Array:
        out, work = np.empty_like(prediction), np.empty_like(prediction)
        sigmoid_into(prediction, out, work)
        return out

    def formula(self) -> tuple[str, str]:
        divisor = "m" if self.sum_outputs else "(m k)"
        return (
            f"1 / {divisor} * sum of log(1 + exp(z)) - t z",
            f"(p - t) / {divisor}, p = sigmoid(z)",
        )
