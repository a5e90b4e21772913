"""The accuracy of each class."""

import numpy as np

from ..losses.base import Loss
from .base import Metric, Sums, check_classes, divide
from .predictions import Predictions


class ClassAccuracy(Metric):
    """The accuracy of each class: the share of its examples that are predicted as it.

    Its columns are "class_accuracy_0", "class_accuracy_1", ... Of a class without examples it is 0.
    Where each output is a decision of its own, it is the share of right decisions of each output.

    See Also
    --------
    Recall : The mean over the classes.

    Examples
    --------
    >>> from minidl import BinaryCrossEntropy, Linear, Sequential, Sigmoid
    >>> model = Sequential([Linear(1, 1), Sigmoid()], loss=BinaryCrossEntropy())
    >>> list(model.evaluate([[0.0], [1.0]], [0, 1], metrics=["class_accuracy"]))
    ['loss', 'accuracy', 'class_accuracy_0', 'class_accuracy_1']
    """

    name = option_name = "class_accuracy"

    def check(self, loss: Loss, n_outputs: int) -> None:
        check_classes(self, loss)

    def columns(self, loss: Loss, n_outputs: int) -> tuple[str, ...]:
        return tuple(f"{self.name}_{i}" for i in range(max(2, n_outputs)))

    def sums(self, predictions: Predictions) -> Sums:
        predicted, expected = predictions.predicted, predictions.expected
        is_right, weight = predicted == expected, predictions.row_weight
        if predicted.ndim == 2:
            return weight @ is_right, np.full(predicted.shape[1], weight.sum())
        k = max(2, predictions.n_outputs)
        right = np.bincount(expected[is_right], weight[is_right], minlength=k)
        return right, np.bincount(expected, weight, minlength=k)

    def values(self, total: Sums) -> list[float]:
        shares: list[float] = divide(*total).tolist()
        return shares
