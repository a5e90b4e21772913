"""Poisson loss, for counts."""

from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import ArgumentError
from ..utils.foreign_words import explain_arguments
from ..utils.typing import Array
from ..utils.validation import check_flag
from ..utils.workspace import scalar_array
from .base import Loss, Shape
from .underflow import ignore_underflow


@explain_arguments("__init__")
@ignore_underflow
class Poisson(Loss):
    """Poisson loss of counts t with the expected counts exp(z): (1 / (m k)) * sum(exp(z) - t z).

    It is the negative log-likelihood of Poisson distributions without log(t!), which no prediction
    changes, so that it may be negative [1]_. z and t have shape (m, k): k outputs for each of m
    examples. The gradient is (exp(z) - t) / (m k). In sequences and images (m, ..., k), m counts
    all positions.

    The model predicts the logarithm z, so that any last layer fits, and np.exp(model.predict(X))
    are the expected counts. With ``log_input=False`` the model predicts these themselves, p >= 0,
    such as after a `Softplus`: then the loss is (1 / (m k)) * sum(p - t log p), with 0 log 0 = 0,
    and its gradient (1 - t / p) / (m k).

    Parameters
    ----------
    log_input : bool, default True
        Whether predictions are logarithms of expected counts.

    Raises
    ------
    ArgumentError
        If `log_input` is neither True nor False; from `forward`, if a predicted count is negative;
        from `prepare_targets`, if a target is. Targets need not be integers.
    ShapeError
        From `forward`, if the shapes of predictions and targets differ.

    See Also
    --------
    MeanSquaredError : For targets whose variance does not grow with their mean.

    References
    ----------
    .. [1] P. McCullagh, J. A. Nelder, "Generalized linear models", 2nd edition, Chapman and Hall,
       1989, section 6.2.

    Examples
    --------
    >>> import numpy as np
    >>> from minidl import Poisson
    >>> loss = Poisson()
    >>> round(float(loss.forward(np.array([[0.0], [1.0]]), np.array([[0.0], [3.0]]))), 3)
    0.359
    >>> loss.backward().round(3)
    array([[ 0.5  ],
           [-0.141]])
    """

    def __init__(self, *, log_input: bool = True) -> None:
        self.log_input = check_flag(log_input, "log_input", self)
        self.symbol = "z" if log_input else "p"

    def forward(self, prediction: Array, target: Array) -> Any:
        self._check_same_shape(prediction, target)
        self._target = target
        losses = self._losses = self._work_array("losses", prediction)
        if self.log_input:
            counts = self._counts = self._work_array("counts", prediction)
            np.exp(prediction, out=counts)
            np.multiply(target, prediction, out=losses)
        else:
            from scipy.special import xlogy

            counts = self._counts = self._check_counts(prediction)
            xlogy(target, prediction, out=losses)
        np.subtract(counts, losses, out=losses)
        return losses.sum() / losses.size

    def _check_counts(self, prediction: Array) -> Array:
        smallest = prediction.real.min()
        if smallest < 0:
            raise ArgumentError(
                f"{self} takes expected counts >= 0, got {smallest:g}: end the model with "
                "Softplus(), or let it predict logarithms, under Poisson()"
            )
        return prediction

    def per_position(self) -> Any:
        return self._losses.mean(axis=-1)

    def backward(self) -> Array:
        counts, target = self._counts, self._target
        gradient = self._work_array("gradient", counts)
        if self.log_input:
            np.subtract(counts, target, out=gradient)
        else:
            gradient[...] = 0
            with np.errstate(divide="ignore"):  # t / 0 = inf is right
                np.divide(target, counts, out=gradient, where=target > 0)
            np.subtract(scalar_array(1, gradient.dtype), gradient, out=gradient)
        return np.multiply(gradient, scalar_array(1 / counts.size, counts.dtype), out=gradient)

    def prepare_targets(
        self, Y: npt.ArrayLike, outputs: int | Shape | None, dtype: np.dtype[Any]
    ) -> Array:
        targets = super().prepare_targets(Y, outputs, dtype)
        smallest = targets.min()
        if smallest < 0:
            raise ArgumentError(f"Y must be counts >= 0 for {self}, got {smallest:g}")
        return targets

    def predicted_values(self, prediction: Array) -> Array:
        counts: Array = np.exp(prediction) if self.log_input else prediction
        return counts

    def formula(self) -> tuple[str, str]:
        if self.log_input:
            return "1 / (m k) * sum of exp(z) - t z", "(exp(z) - t) / (m k)"
        return "1 / (m k) * sum of p - t log(p)", "(1 - t / p) / (m k)"

    def __repr__(self) -> str:
        return f"{type(self).__name__}({'' if self.log_input else 'log_input=False'})"
