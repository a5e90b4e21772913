"""A function of the user's as a metric."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from ..errors import ArgumentError
from ..losses.base import Loss
from ..utils.typing import Array
from .base import Metric, Sums, check_classes
from .predictions import Predictions


class FunctionMetric(Metric):
    """A metric that is a function of all targets and predictions at once.

    ``fit(metrics=[function])`` makes one of each function. The function is called once, at the end
    of an epoch or set, as ``function(y_true, y_pred)``; where it has a parameter `sample_weight`,
    it gets the weights of examples or positions. Rows of weight 0 are left out. The targets and
    predictions of the whole set are in memory until then, but not its examples; a metric that
    follows from sums is better derived from `Metric`.

    Parameters
    ----------
    function : callable
        Takes y_true and y_pred, and returns a number. Under a loss of classes both are class
        numbers (n,) of all positions, or (n, k) where each output is a decision of its own, as
        scikit-learn's metrics take them; else targets and predictions (n, k), or (n,) of one
        output.
    name : str, optional
        The name in the history, by default that of the function.
    probabilities : bool, default False
        Whether y_pred is the probability of class 1 (n,), or of each class (n, k), instead of
        class numbers.
    higher_is_better : bool, optional
        Whether a larger value is a better one. By default it is if the name ends in "_score", and
        it is not if the name ends in "_error", "_loss" or "_deviance", as in scikit-learn; of other
        names it is unknown, and a callback that monitors the metric must be told.

    Raises
    ------
    ArgumentError
        If `function` does not take two arguments, or has no name; at the end of an epoch, if it
        does not return a number.

    See Also
    --------
    Metric : The base of metrics that follow from sums.

    Examples
    --------
    >>> import numpy as np
    >>> from minidl import FunctionMetric, Linear, MeanSquaredError, Sequential
    >>> def worst_error(y_true, y_pred):
    ...     return np.abs(y_true - y_pred).max()
    >>> model = Sequential([Linear(1, 1)], loss=MeanSquaredError())
    >>> model.parameters.theta = [1.0, 0.0]
    >>> model.evaluate([[1.0], [2.0]], [1.5, 3.0], metrics=[worst_error])["worst_error"]
    1.0
    >>> FunctionMetric(worst_error, name="worst", higher_is_better=False)
    FunctionMetric(worst_error, name='worst')
    """

    def __init__(
        self,
        function: Callable[..., Any],
        *,
        name: str | None = None,
        probabilities: bool = False,
        higher_is_better: bool | None = None,
    ) -> None:
        self.function = function
        self.name = getattr(function, "__name__", "") if name is None else name
        self.probabilities = probabilities
        self.takes_weights = _check_function(function)
        if not isinstance(self.name, str) or not self.name.isidentifier():
            raise ArgumentError(
                f"a metric must have a name such as 'worst_error', got {self.name!r}: write def "
                "worst_error(y_true, y_pred), or pass FunctionMetric(function, name=...)"
            )
        if higher_is_better is None:
            higher_is_better = direction_of_words(self.name)
        self.higher_is_better = higher_is_better

    def check(self, loss: Loss, n_outputs: int) -> None:
        if self.probabilities:
            check_classes(self, loss)
            loss.probabilities(np.full((1, n_outputs), 1 / n_outputs))

    def sums(self, predictions: Predictions) -> Sums:
        loss = predictions.loss
        if loss.is_classification:
            y_true, y_pred = predictions.expected, predictions.predicted
            if self.probabilities:
                y_pred = loss.probabilities(predictions.output)
        else:
            y_true, y_pred = predictions.target, loss.predicted_values(predictions.output)
        arrays = [_column_as_row(y_true), _column_as_row(y_pred)]
        if self.takes_weights:
            arrays.append(predictions.row_weight)
        return tuple([np.array(array)] for array in arrays)  # they belong to the model

    def add(self, total: Sums, sums: Sums) -> Sums:
        for parts, more in zip(total, sums, strict=True):
            parts += more
        return total

    def values(self, total: Sums) -> tuple[float]:
        y_true, y_pred, *weights = self.to_arrays(total)
        keywords = {"sample_weight": weights[0]} if weights else {}
        value = np.asarray(self.function(y_true, y_pred, **keywords))
        if value.shape or value.dtype.kind not in "biuf":
            raise ArgumentError(f"the metric {self.name!r} must return a number, got {value!r}")
        return (float(value),)

    def to_arrays(self, total: Sums) -> list[Array]:
        return [np.concatenate(parts) for parts in total]

    def from_arrays(self, arrays: list[Array]) -> Sums:
        return tuple([array] for array in arrays)

    def __repr__(self) -> str:
        function = getattr(self.function, "__name__", self.function)
        name = "" if self.name == function else f", name={self.name!r}"
        probabilities = ", probabilities=True" if self.probabilities else ""
        return f"{type(self).__name__}({function}{name}{probabilities})"


def direction_of_words(name: str) -> bool | None:
    """Return whether a larger value is better, as a name in scikit-learn's manner tells."""
    if name.endswith(("_score", "accuracy")):
        return True
    return False if name.endswith(("_error", "_loss", "_deviance")) else None


def _check_function(function: Any) -> bool:
    """Return whether a metric takes weights; raise `ArgumentError` if it is none."""
    try:
        signature = inspect.signature(function)
    except ValueError:  # of some functions in C
        return False
    except TypeError as error:
        raise ArgumentError(f"a metric must be a function, got {function!r}") from error
    takes_weights = "sample_weight" in signature.parameters
    try:
        signature.bind(None, None, **({"sample_weight": None} if takes_weights else {}))
    except TypeError as error:
        raise ArgumentError(
            f"a metric must be a function of (y_true, y_pred), got one of {signature}"
        ) from error
    return takes_weights


def _column_as_row(array: Array) -> Array:
    return array[:, 0] if array.ndim == 2 and array.shape[1] == 1 else array
