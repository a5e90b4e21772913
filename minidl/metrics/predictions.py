"""The outputs of a batch beside its targets, as metrics see them."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np

from ..losses.base import Loss
from ..losses.weighting import expand_weight
from ..utils.typing import Array


class Predictions:
    """The outputs of some examples beside their targets, a row for each position.

    Examples and positions of weight 0 are left out: they count in no metric.

    Parameters
    ----------
    loss : Loss
        Tells what the outputs mean.
    output : ndarray of shape (m, ..., k)
        The outputs of a model.
    target : ndarray of shape (m, ..., k)
        The targets, as `Loss.prepare_targets` returns them.
    sample_weight : ndarray of shape (m,) or (m, ...), optional
        The weights of examples or positions; None if all count the same.

    Attributes
    ----------
    loss : Loss
        The loss.
    output, target : ndarray of shape (n, k)
        The outputs and targets of n positions. They belong to the model.
    weight : ndarray of shape (n,) or None
        The weights, in float64.

    Examples
    --------
    >>> import numpy as np
    >>> from minidl import BinaryCrossEntropy, Predictions
    >>> p, t = np.array([[0.9], [0.2], [0.6]]), np.array([[1.0], [1.0], [0.0]])
    >>> predictions = Predictions(BinaryCrossEntropy(), p, t, np.array([1.0, 2.0, 0.0]))
    >>> predictions.predicted, predictions.expected, predictions.weight
    (array([1, 0]), array([1, 1]), array([1., 2.]))
    """

    def __init__(
        self, loss: Loss, output: Array, target: Array, sample_weight: Array | None = None
    ) -> None:
        self.loss = loss
        self.weight: Array | None = None
        if output.ndim > 2:
            if sample_weight is not None and sample_weight.ndim == 1:
                weights = expand_weight(sample_weight, output.ndim - 1)
                sample_weight = np.broadcast_to(weights, output.shape[:-1])
            output, target = (array.reshape(-1, array.shape[-1]) for array in (output, target))
        if sample_weight is not None:
            weight: Array = sample_weight.reshape(-1).astype(np.float64)
            counted = weight > 0
            if not counted.all():
                output, target, weight = output[counted], target[counted], weight[counted]
            self.weight = weight
        self.output = output
        self.target = target

    @property
    def n_outputs(self) -> int:
        """The number of outputs k."""
        return int(self.output.shape[-1])

    @cached_property
    def predicted(self) -> Any:
        """The predicted class numbers (n,), or (n, k) where each output is a decision."""
        return self.loss.classes(self.output)

    @cached_property
    def expected(self) -> Any:
        """The class numbers of the targets, of the shape of `predicted`."""
        return self.loss.true_classes(self.target)

    @cached_property
    def row_weight(self) -> Array:
        """The weights (n,), in float64: 1 where there are none."""
        return np.ones(len(self.output)) if self.weight is None else self.weight

    @cached_property
    def difference(self) -> Array:
        """What the outputs mean, minus the targets, in float64: (n, k)."""
        return np.subtract(self.loss.predicted_values(self.output), self.target, dtype=np.float64)

    @cached_property
    def class_counts(self) -> Array:
        """Sums of weights, a row for each class, of which `ClassCounts` makes metrics.

        The columns are those predicted rightly, all predicted, all expected, and how many rows have
        the class at all. Of one output only class 1 counts; of outputs that are decisions of their
        own class 1 of each, in each row.
        """
        predicted, expected, weight = self.predicted, self.expected, self.row_weight
        if predicted.ndim == 2 or self.n_outputs == 1:
            shape = len(weight), self.n_outputs
            predicted, expected = predicted.reshape(shape), expected.reshape(shape)
            sums = [weight @ column for column in (predicted & expected, predicted, expected)]
            return np.stack([*sums, np.full(self.n_outputs, len(weight))], axis=1)
        k, is_right = self.n_outputs, predicted == expected
        return np.stack(
            [
                np.bincount(predicted[is_right], weight[is_right], minlength=k),
                np.bincount(predicted, weight, minlength=k),
                np.bincount(expected, weight, minlength=k),
                np.bincount(predicted, minlength=k) + np.bincount(expected, minlength=k),
            ],
            axis=1,
        )
