"""Metrics of an epoch or a set, measured batch by batch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..errors import ArgumentError
from ..losses.base import Loss
from ..utils.typing import Array
from .base import Metric, Sums
from .predictions import Predictions
from .table import with_accuracy


class Measurement:
    """Metrics of an epoch or a set: batches are added, and the values are those of all of them.

    Parameters
    ----------
    metrics : sequence of Metric
        The metrics that the user asks for. A classification has an accuracy besides.
    loss : Loss
        The loss of the model, which is named in errors.
    n_outputs : int
        The number of outputs k of the model (m, ..., k).
    computed_loss : Loss, optional
        The loss that is computed, if it is another one: of logits.

    Attributes
    ----------
    metrics : list of Metric
        All metrics.
    columns : tuple of str
        The names of their values.
    shown : tuple of str
        The columns of the metrics that the user asks for and that have one value.
    directions : dict of str to bool or None
        Whether a larger value of each column is a better one; None if it is unknown.

    Raises
    ------
    ArgumentError
        If a metric has no meaning for the model.

    Examples
    --------
    >>> import numpy as np
    >>> from minidl import BinaryCrossEntropy, F1
    >>> measurement = Measurement([F1()], BinaryCrossEntropy(), 1)
    >>> for p, t in ([[0.9]], [[1.0]]), ([[0.2]], [[1.0]]):
    ...     measurement.add(np.array(p), np.array(t))
    >>> measurement.values()
    {'accuracy': 0.5, 'f1': 0.6666666666666666}
    """

    def __init__(
        self,
        metrics: Sequence[Metric],
        loss: Loss,
        n_outputs: int,
        computed_loss: Loss | None = None,
    ) -> None:
        for metric in metrics:
            metric.check(loss, n_outputs)
        self.metrics = with_accuracy(metrics, loss)
        self._loss = loss if computed_loss is None else computed_loss
        names = [metric.columns(loss, n_outputs) for metric in self.metrics]
        self.columns = tuple(name for columns in names for name in columns)
        asked = [metric.name for metric in metrics]
        self.shown = tuple(columns[0] for columns in names if columns[0] in asked)
        self.directions = {
            name: metric.higher_is_better
            for metric, columns in zip(self.metrics, names, strict=True)
            for name in columns
        }
        self._n_outputs = n_outputs
        self._totals: list[Sums] = []

    def reset(self) -> None:
        """Forget all batches."""
        self._totals = []

    def add(self, output: Array, target: Array, sample_weight: Array | None = None) -> None:
        """Add a batch.

        Parameters
        ----------
        output : ndarray of shape (m, ..., k)
            What the loss received.
        target : ndarray of shape (m, ..., k)
            The targets.
        sample_weight : ndarray of shape (m,) or (m, ...), optional
            The weights.
        """
        if not self.metrics:
            return
        totals = self._totals
        predictions = Predictions(self._loss, output, target, sample_weight)
        if not totals:
            self._totals = [metric.sums(predictions) for metric in self.metrics]
            return
        for i, metric in enumerate(self.metrics):  # in each step of a training
            totals[i] = metric.add(totals[i], metric.sums(predictions))

    def values(self) -> dict[str, float]:
        """Return the value of each column, over all batches.

        Returns
        -------
        dict of str to float
            The values by name.
        """
        values = [
            value
            for metric, total in zip(self.metrics, self._totals, strict=True)
            for value in metric.values(total)
        ]
        return dict(zip(self.columns, values, strict=True))

    def state(self) -> dict[str, list[Array]]:
        """Return the totals, from which another measurement goes on.

        Returns
        -------
        dict of str to list of ndarray
            The arrays of each metric; empty before the first batch.
        """
        return {
            metric.name: metric.to_arrays(total)
            for metric, total in zip(self.metrics, self._totals, strict=False)
        }

    def check_state(self, state: Mapping[str, Any]) -> None:
        """Raise an error unless `restore` can go on from a state.

        Parameters
        ----------
        state : mapping of str to list of ndarray
            What `state` returned.

        Raises
        ------
        ArgumentError
            If it is that of other metrics.
        Exception
            Of any other class, if it has a structure that no state has.
        """
        if not state:
            return
        names = [metric.name for metric in self.metrics]
        if sorted(state) != sorted(names):
            raise ArgumentError(f"{', '.join(names)} instead of {', '.join(state)}")
        zeros = np.zeros((2, self._n_outputs))
        predictions = Predictions(self._loss, zeros, zeros)
        for metric in self.metrics:
            total = metric.from_arrays([np.array(array) for array in state[metric.name]])
            metric.add(total, metric.sums(predictions))

    def merge(self, state: Mapping[str, Any]) -> None:
        """Add the batches of another measurement.

        Parameters
        ----------
        state : mapping of str to list of ndarray
            What its `state` returned.
        """
        totals = [
            metric.from_arrays([np.array(array) for array in state[metric.name]])  # add may write
            for metric in self.metrics
            if state
        ]
        if not self._totals:
            self._totals = totals
        elif totals:
            self._totals = [
                metric.add(*both)
                for metric, *both in zip(self.metrics, self._totals, totals, strict=True)
            ]

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from a state.

        Parameters
        ----------
        state : mapping of str to list of ndarray
            What `state` returned.
        """
        self._totals = [metric.from_arrays(state[metric.name]) for metric in self.metrics if state]
