"""The mean absolute error."""

import math

import numpy as np

from ..losses.base import Loss
from .base import Metric, Sums, check_numbers, divide
from .predictions import Predictions


class AbsoluteError(Metric):
    """The mean absolute difference of predictions and targets: "mean_absolute_error".

    It is the mean over all outputs, weighted by the weights of the examples or positions. Under
    `Poisson` the predictions are the expected counts.

    See Also
    --------
    MeanAbsoluteError : The same as a loss.
    R2 : How much better predictions are than the mean of the targets.

    Examples
    --------
    >>> from minidl import Linear, MeanSquaredError, Sequential
    >>> model = Sequential([Linear(1, 1)], loss=MeanSquaredError())
    >>> model.parameters.theta = [1.0, 0.0]
    >>> model.evaluate([[1.0], [2.0]], [1.5, 3.0], metrics=["mean_absolute_error"])
    {'loss': 0.625, 'mean_absolute_error': 0.75}
    """

    name = option_name = "mean_absolute_error"
    higher_is_better = False

    def check(self, loss: Loss, n_outputs: int) -> None:
        check_numbers(self, loss)

    def sums(self, predictions: Predictions) -> Sums:
        errors = np.abs(predictions.difference).mean(axis=1)
        weight = predictions.row_weight
        return float(weight @ errors), float(weight.sum())

    def values(self, total: Sums) -> tuple[float]:
        return (float(divide(*total)) if total[1] else math.nan,)
