"""Precision."""

from typing import Any

from ..utils.typing import Array
from .base import divide
from .class_counts import ClassCounts


class Precision(ClassCounts):
    """The share of right predictions among those of a class.

    Under one output it is that of class 1; of several classes the mean over those that are
    predicted or expected anywhere (macro average); where each output is a decision of its own, the
    mean over the outputs. Weights count, and positions of weight 0 do not. A class that is
    never predicted has 0, as in scikit-learn.

    See Also
    --------
    Recall : The share of the examples of a class that are found.

    Examples
    --------
    >>> from minidl import BinaryCrossEntropy, Linear, Sequential, Sigmoid
    >>> model = Sequential([Linear(1, 1), Sigmoid()], loss=BinaryCrossEntropy())
    >>> model.parameters.theta = [1.0, -0.5]
    >>> X, Y = [[0.0], [1.0], [2.0], [3.0]], [1, 0, 1, 1]
    >>> round(model.evaluate(X, Y, metrics=["precision"])["precision"], 3)
    0.667
    """

    name = option_name = "precision"

    def scores(self, right: Array, predicted: Array, expected: Array) -> Any:
        return divide(right, predicted)
