"""The base of metrics that follow from how often each class is predicted and expected."""

from abc import abstractmethod
from typing import Any

import numpy as np

from ..losses.base import Loss
from ..utils.typing import Array
from .base import Metric, Sums, check_classes
from .predictions import Predictions


class ClassCounts(Metric):
    """Base of `Precision`, `Recall` and `F1`: the mean of a score over the classes.

    Of one output the score is that of class 1. Of several classes it is the mean over those that
    are predicted or expected anywhere; of outputs that are decisions of their own, the mean over
    class 1 of each. A division by 0 gives 0.
    """

    def check(self, loss: Loss, n_outputs: int) -> None:
        check_classes(self, loss)

    def sums(self, predictions: Predictions) -> Sums:
        return (predictions.class_counts,)

    def values(self, total: Sums) -> tuple[float]:
        counts = total[0]
        occurring = counts[counts[:, 3] > 0]
        if not len(occurring):
            return (np.nan,)
        return (float(self.scores(*occurring[:, :3].T).mean()),)

    @abstractmethod
    def scores(self, right: Array, predicted: Array, expected: Array) -> Any:
        """Return the score of each class.

        Parameters
        ----------
        right, predicted, expected : ndarray of shape (n_classes,)
            How often each class is predicted rightly, predicted, and expected, by weight.

        Returns
        -------
        ndarray of shape (n_classes,)
            The scores.
        """
