"""Top-k accuracy."""

import math
import re
from typing import Self

import numpy as np

from ..errors import ArgumentError
from ..losses.base import Loss
from ..utils.validation import check_number, integer_at_least
from .base import Metric, Sums, check_classes, decides_each, divide
from .predictions import Predictions


class TopK(Metric):
    """The share of examples whose class is among the k largest outputs: "top_5" for k = 5.

    Of equal outputs that of the larger class number counts as the larger one, as in scikit-learn.

    Parameters
    ----------
    k : int
        The number of outputs, >= 1 and less than the number of classes.

    Raises
    ------
    ArgumentError
        If `k` is not an integer >= 1.

    See Also
    --------
    Accuracy : With k = 1, where no outputs are equal.

    Examples
    --------
    >>> from minidl import CategoricalCrossEntropy, Linear, Sequential, Softmax
    >>> model = Sequential([Linear(1, 3), Softmax()], loss=CategoricalCrossEntropy())
    >>> model.parameters.theta = [1.0, 0.0, -1.0, 0.0, 0.0, 0.0]
    >>> model.evaluate([[1.0], [2.0]], [1, 2], metrics=["top_2"])["top_2"]
    0.5
    """

    option_name = "top_k"

    def __init__(self, k: int) -> None:
        self.k = check_number(k, "k", integer_at_least(1), self)
        self.name = f"top_{self.k}"

    @classmethod
    def from_name(cls, name: str) -> Self | None:
        match = re.fullmatch(r"top_([1-9]\d{0,8})", name)
        return cls(int(match[1])) if match else None

    def check(self, loss: Loss, n_outputs: int) -> None:
        check_classes(self, loss)
        if n_outputs == 1 or decides_each(loss, n_outputs):
            raise ArgumentError(
                f"the metric {self.name!r} needs an output for each of several classes, got "
                f"outputs that are decisions of their own, {n_outputs} under {loss}: use "
                "'accuracy' or 'f1'"
            )
        if self.k >= n_outputs:
            raise ArgumentError(
                f"the metric {self.name!r} needs more than {self.k} classes, got {n_outputs}: "
                "choose a smaller number"
            )

    def sums(self, predictions: Predictions) -> Sums:
        outputs, expected = predictions.output, predictions.expected[:, np.newaxis]
        own = np.take_along_axis(outputs, expected, axis=1)
        is_later = np.arange(outputs.shape[1]) > expected
        rank = ((outputs > own) | ((outputs == own) & is_later)).sum(axis=1)
        weight = predictions.row_weight
        return float(weight @ (rank < self.k)), float(weight.sum())

    def values(self, total: Sums) -> tuple[float]:
        return (float(divide(*total)) if total[1] else math.nan,)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.k})"
