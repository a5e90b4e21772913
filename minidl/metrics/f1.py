"""F1."""

from typing import Any

from ..utils.typing import Array
from .base import divide
from .class_counts import ClassCounts


class F1(ClassCounts):
    """The harmonic mean of precision and recall: 2 * right / (predicted + expected).

    Under one output it is that of class 1; of several classes the mean over those that are
    predicted or expected anywhere (macro average); where each output is a decision of its own, the
    mean over the outputs. Weights count, and positions of weight 0 do not. A class that is
    neither predicted nor expected has 0, as in scikit-learn.

    See Also
    --------
    Precision, Recall : The two.

    Examples
    --------
    >>> from minidl import BinaryCrossEntropy, Linear, Sequential, Sigmoid
    >>> model = Sequential([Linear(1, 1), Sigmoid()], loss=BinaryCrossEntropy())
    >>> model.parameters.theta = [1.0, -0.5]
    >>> X, Y = [[0.0], [1.0], [2.0], [3.0]], [1, 0, 1, 1]
    >>> round(model.evaluate(X, Y, metrics=["f1"])["f1"], 3)
    0.667
    """

    name = option_name = "f1"

    def scores(self, right: Array, predicted: Array, expected: Array) -> Any:
        return divide(2 * right, predicted + expected)
