"""The base class of all metrics."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar, Self, TypeAlias

import numpy as np

from ..errors import ArgumentError
from ..losses.base import Loss
from ..utils.typing import Array
from .predictions import Predictions

Sums: TypeAlias = tuple[Any, ...]


class Metric(ABC):
    """Base class of all metrics: numbers that follow from sums over all examples.

    A metric adds up `sums` of each batch, and makes its `values` of the totals. So it is that of a
    whole epoch or set, however it is cut into batches, and of data that does not fit into memory.
    A function ``metric(y_true, y_pred)``, which needs all predictions at once, is a
    `FunctionMetric`.

    Attributes
    ----------
    name : str
        Its name in the history.
    option_name : str or None
        How a built-in metric is asked for, such as "f1" in ``fit(metrics=["f1"])``.
    higher_is_better : bool or None, default True
        Whether a larger value is a better one; None if it is unknown, so that a callback which
        monitors the metric must be told.

    See Also
    --------
    FunctionMetric : A metric of all predictions at once.

    Examples
    --------
    >>> import numpy as np
    >>> from minidl import Adam, BinaryCrossEntropy, Linear, Metric, Sequential, Sigmoid
    >>> class Positives(Metric):
    ...     name = "positives"
    ...
    ...     def sums(self, predictions):
    ...         return predictions.predicted.sum(), predictions.predicted.size
    ...
    ...     def values(self, total):
    ...         return (total[0] / total[1],)
    >>> model = Sequential([Linear(1, 1), Sigmoid()], loss=BinaryCrossEntropy())
    >>> X, Y = [[0.0], [1.0]], [0, 1]
    >>> history = model.fit(
    ...     X, Y, optimizer=Adam(), epochs=1, metrics=[Positives()], progress=False
    ... )
    >>> list(history)
    ['loss', 'accuracy', 'positives']
    """

    name: str
    option_name: ClassVar[str | None] = None
    higher_is_better: bool | None = True

    @classmethod
    def from_name(cls, name: str) -> Self | None:
        """Return the built-in metric of a name, None if it is that of another one.

        Parameters
        ----------
        name : str
            The name, as a user passed it.

        Returns
        -------
        Metric or None
            The metric.
        """
        return cls() if name == cls.option_name else None

    def check(self, loss: Loss, n_outputs: int) -> None:  # noqa: B027
        """Raise `ArgumentError` if the metric has no meaning for a model; by default it has one.

        Parameters
        ----------
        loss : Loss
            The loss of the model.
        n_outputs : int
            The number of outputs k of the model (m, ..., k).
        """

    def columns(self, loss: Loss, n_outputs: int) -> tuple[str, ...]:
        """Return the names of the values, by default `name` alone.

        Parameters
        ----------
        loss : Loss
            The loss of the model.
        n_outputs : int
            The number of outputs k of the model (m, ..., k).

        Returns
        -------
        tuple of str
            The columns in the history.
        """
        return (self.name,)

    @abstractmethod
    def sums(self, predictions: Predictions) -> Sums:
        """Return what is added up over the batches.

        Parameters
        ----------
        predictions : Predictions
            The outputs and targets of a batch, of which nothing may be kept.

        Returns
        -------
        tuple of ndarray or float
            The sums of the batch.
        """

    def add(self, total: Sums, sums: Sums) -> Sums:
        """Return the total with the sums of another batch; by default each is added.

        Parameters
        ----------
        total : tuple
            That of the batches before; it may be changed.
        sums : tuple
            What `sums` returned.

        Returns
        -------
        tuple
            The new total.
        """
        return tuple(a + b for a, b in zip(total, sums, strict=True))

    @abstractmethod
    def values(self, total: Sums) -> Sequence[float]:
        """Return the values of the metric.

        Parameters
        ----------
        total : tuple
            The total over all batches.

        Returns
        -------
        sequence of float
            A value for each of the `columns`.
        """

    def to_arrays(self, total: Sums) -> list[Array]:
        """Return a total as arrays, which a checkpoint stores within an epoch.

        Parameters
        ----------
        total : tuple
            The total.

        Returns
        -------
        list of ndarray
            Arrays of numbers.
        """
        return [np.asarray(part, np.float64) for part in total]

    def from_arrays(self, arrays: list[Array]) -> Sums:
        """Return the total of which `to_arrays` made arrays.

        Parameters
        ----------
        arrays : list of ndarray
            The arrays.

        Returns
        -------
        tuple
            The total.
        """
        return tuple(arrays)

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


def check_classes(metric: Metric, loss: Loss) -> None:
    """Raise `ArgumentError` unless a loss predicts classes."""
    if not loss.is_classification:
        raise ArgumentError(
            f"the metric {metric.name!r} needs a loss that predicts classes, got {loss}: use "
            "metrics of numbers, such as 'r2', or a cross-entropy"
        )


def check_numbers(metric: Metric, loss: Loss) -> None:
    """Raise `ArgumentError` if a loss predicts classes."""
    if loss.is_classification:
        raise ArgumentError(
            f"the metric {metric.name!r} needs a loss that predicts numbers, got {loss}: use "
            "metrics of classes, such as 'f1', or a loss such as MeanSquaredError()"
        )


def decides_each(loss: Loss, n_outputs: int) -> bool:
    """Return whether each output is a decision of its own, not one of k classes."""
    return n_outputs > 1 and loss.classes(np.zeros((1, n_outputs))).ndim == 2


def divide(numerator: Any, denominator: Any) -> Any:
    """Return quotients, 0 where the denominator is 0, as scikit-learn does by default."""
    numerator, denominator = np.asarray(numerator, float), np.asarray(denominator, float)
    return np.divide(numerator, denominator, out=np.zeros_like(denominator), where=denominator != 0)
