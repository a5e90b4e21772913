"""Accuracy."""

import math

from ..losses.base import Loss
from .base import Metric, Sums, check_classes
from .predictions import Predictions


class Accuracy(Metric):
    """The share of right predictions, weighted by the weights of the examples or positions.

    Every classification has it, whether it is asked for or not. Of several outputs that are
    decisions of their own, each counts.

    See Also
    --------
    ClassAccuracy : That of each class.

    Examples
    --------
    >>> from minidl import Adam, BinaryCrossEntropy, Linear, Sequential, Sigmoid
    >>> model = Sequential([Linear(1, 1), Sigmoid()], loss=BinaryCrossEntropy())
    >>> list(model.evaluate([[0.0], [1.0]], [0, 1]))
    ['loss', 'accuracy']
    """

    name = option_name = "accuracy"

    def check(self, loss: Loss, n_outputs: int) -> None:
        check_classes(self, loss)

    def sums(self, predictions: Predictions) -> Sums:
        if predictions.weight is None:
            return predictions.loss.count_correct(predictions.output, predictions.target)
        shares = predictions.predicted == predictions.expected
        if shares.ndim == 2:
            shares = shares.mean(axis=1)
        weight = predictions.weight
        return float(weight @ shares), float(weight.sum())

    def add(self, total: Sums, sums: Sums) -> Sums:
        return total[0] + sums[0], total[1] + sums[1]  # in each step of a training

    def values(self, total: Sums) -> tuple[float]:
        return (float(total[0] / total[1]) if total[1] else math.nan,)
