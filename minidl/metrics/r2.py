"""The coefficient of determination."""

import math

import numpy as np

from ..losses.base import Loss
from .base import Metric, Sums, check_numbers, divide
from .predictions import Predictions


class R2(Metric):
    """The coefficient of determination R2: 1 - sum((t - p)**2) / sum((t - mean(t))**2).

    It is 1 for perfect predictions, and 0 for always predicting the mean of the targets of the
    whole set. Of several outputs it is the mean over them; weights count, and positions of weight 0
    do not. As in scikit-learn, an output whose target never changes has 1 if it is predicted
    exactly, else 0, and one example alone has NaN. Under `Poisson` the predictions are the expected
    counts.

    The mean of the targets and the squares around it are updated batch by batch [1]_, without the
    cancellation of a sum of squares.

    See Also
    --------
    AbsoluteError : In the unit of the targets.

    References
    ----------
    .. [1] T. F. Chan, G. H. Golub, R. J. LeVeque, "Updating formulae and a pairwise algorithm for
       computing sample variances", 1979, equation 2.1.

    Examples
    --------
    >>> from minidl import Linear, MeanSquaredError, Sequential
    >>> model = Sequential([Linear(1, 1)], loss=MeanSquaredError())
    >>> model.parameters.theta = [1.0, 0.0]
    >>> model.evaluate([[1.0], [2.0], [3.0]], [1.0, 2.0, 4.0], metrics=["r2"])["r2"].__round__(3)
    0.786
    """

    name = option_name = "r2"

    def check(self, loss: Loss, n_outputs: int) -> None:
        check_numbers(self, loss)

    def sums(self, predictions: Predictions) -> Sums:
        target, weight = predictions.target.astype(np.float64), predictions.row_weight
        total = weight.sum()
        first = target[0] if len(target) else np.zeros(predictions.n_outputs)
        mean = first + divide(weight @ (target - first), np.full_like(first, total))
        squares = weight @ (target - mean) ** 2
        errors = weight @ predictions.difference**2
        return float(len(weight)), float(total), mean, squares, errors

    def add(self, total: Sums, sums: Sums) -> Sums:
        if not sums[0] or not total[0]:
            return total if total[0] else sums
        rows, weight, mean, squares, errors = total
        more_rows, more_weight, more_mean, more_squares, more_errors = sums
        shift, share = more_mean - mean, more_weight / (weight + more_weight)
        squares = squares + more_squares + shift**2 * (weight * share)
        new_mean = mean + shift * share
        return rows + more_rows, weight + more_weight, new_mean, squares, errors + more_errors

    def values(self, total: Sums) -> tuple[float]:
        rows, _, _, squares, errors = total
        if rows < 2:
            return (math.nan,)
        scores = 1 - divide(errors, squares)
        return (float(np.where((squares == 0) & (errors > 0), 0.0, scores).mean()),)
