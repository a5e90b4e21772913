"""What models, estimators and functions say of points: a score for each class."""

from __future__ import annotations

import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ..drawing.labels import check_class_numbers
from ..errors import ArgumentError, NonFiniteError, ShapeError
from ..escaping import shortened
from ..model.sequential import Sequential
from ..utils.typing import Array
from ..utils.validation import as_real_array

ROUNDING = 1e-4  # of a sum of probabilities
MAX_CLASSES = 100  # of a function that returns class numbers


class Scores(NamedTuple):
    """What is said of n points.

    Parameters
    ----------
    values : ndarray of shape (n, k) or (n,)
        A score for each class, the largest of which is predicted; or the predicted class numbers.
    are_probabilities : bool
        Whether the scores are probabilities.
    """

    values: Array
    are_probabilities: bool = False

    def predicted(self) -> npt.NDArray[np.int64]:
        """Return the predicted class number of each point."""
        return (self.values if self.values.ndim == 1 else self.values.argmax(axis=1)).astype(int)

    def n_classes(self) -> int:
        """Return the number of classes, as far as it shows."""
        if self.values.ndim > 1:
            return int(self.values.shape[1])
        return int(self.values.max(initial=1)) + 1


class Source(ABC):
    """What predicts a class for points in the plane."""

    @abstractmethod
    def scores(self, points: Array) -> Scores:
        """Return what it says of points (n, 2)."""

    def labels(self, Y: npt.ArrayLike, n_classes: int | None, function: str) -> Array:
        """Return the numbers of the true classes; `n_classes` is None if any number may be."""
        array = as_real_array(Y, "Y")
        if array.ndim == 2 and array.shape[1] > 1:
            array = array.argmax(axis=1)
        return check_class_numbers(array, "Y", n_classes or MAX_CLASSES, function)

    def name(self, k: int) -> str:
        """Return what the legend calls a class."""
        return f"class {k}"


def source_of(model: Any, function: str) -> Source:
    """Return what predicts: a model, an estimator, or a function of points.

    Raises
    ------
    ArgumentError
        If `model` is nothing of these, or does not predict one class per example.
    """
    if isinstance(model, Sequential):
        return _Network(model, function)
    if hasattr(model, "predict"):
        if getattr(model, "classes_", None) is None and not hasattr(model, "predict_proba"):
            return _Function(model.predict, function)
        return _Estimator(model, function)
    if callable(model):
        return _Function(model, function)
    raise ArgumentError(
        "model must be a Sequential, an estimator with predict, or a function of points (n, 2), "
        f"got {model!r} in {function}"
    )


class _Network(Source):
    """A `Sequential` under a loss of classes."""

    def __init__(self, model: Sequential, function: str) -> None:
        if not model.loss.is_classification:
            raise ArgumentError(
                f"model must be under a loss that predicts classes, such as a cross-entropy, got "
                f"{model.loss} in {function}: or pass a function that returns classes of points"
            )
        self.model, self.function = model, function

    def scores(self, points: Array) -> Scores:
        loss, outputs = self.model.loss, self.model.predict(points)
        if loss.classes(outputs).ndim > 1:
            raise ArgumentError(
                f"model must predict one class per example, got {outputs.shape[1]} classes of each "
                f"in {self.function}"
            )
        try:
            return _of_columns(loss.probabilities(outputs), are_probabilities=True)
        except ArgumentError:  # a Hinge gives no probabilities
            return _of_columns(outputs, are_probabilities=False)

    def labels(self, Y: npt.ArrayLike, n_classes: int | None, function: str) -> Array:
        loss = self.model.loss
        n_outputs = self.model.predict(np.zeros((1, 2))).shape[1]
        return loss.classes(loss.prepare_targets(Y, n_outputs, self.model.dtype))


class _Estimator(Source):
    """A classifier with the methods of scikit-learn."""

    def __init__(self, model: Any, function: str) -> None:
        self.model, self.function = model, function
        self.classes = np.asarray(getattr(model, "classes_", ()))
        if self.classes.ndim != 1 or not len(self.classes):
            raise ArgumentError(
                "model must be a fitted classifier of one class per example, "
                f"got {shortened(repr(model), 80)} in {function}: fit it first"
            )

    def scores(self, points: Array) -> Scores:
        for method in ("predict_proba", "decision_function"):
            if hasattr(self.model, method):
                values = np.asarray(self._ask(method, points), np.float64)
                scores = _of_columns(values, are_probabilities=method == "predict_proba")
                if scores.n_classes() == len(self.classes):  # others decide between pairs
                    return scores
        return Scores(self._numbers(self._ask("predict", points)))

    def _ask(self, method: str, points: Array) -> Any:
        """Call a method with points of the plane, which have no names of features."""
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "X does not have valid feature names", UserWarning)
            return getattr(self.model, method)(points)

    def labels(self, Y: npt.ArrayLike, n_classes: int | None, function: str) -> Array:
        return self._numbers(Y)

    def name(self, k: int) -> str:
        name = self.classes[k]
        return str(name) if isinstance(name, str) else f"class {name}"

    def _numbers(self, values: npt.ArrayLike) -> Array:
        """Return the positions of labels in `classes_`."""
        labels = np.ravel(values)
        numbers = np.searchsorted(self.classes, labels).clip(max=len(self.classes) - 1)
        unknown = labels[self.classes[numbers] != labels]
        if len(unknown):
            known = shortened(", ".join(map(repr, self.classes.tolist())), 80)
            raise ArgumentError(
                f"Y must hold classes of the estimator, {known}, "
                f"got {unknown.tolist()[0]!r} in {self.function}"
            )
        return numbers


class _Function(Source):
    """A function that returns class numbers, probabilities or scores."""

    def __init__(self, call: Callable[[Array], Any], function: str) -> None:
        self.call, self.function = call, function

    def scores(self, points: Array) -> Scores:
        values = as_real_array(self.call(points), "what model returns").astype(np.float64)
        if values.ndim == 2 and 1 in values.shape:  # a column, or a row as in the course
            values = values.reshape(-1)
        if values.ndim not in (1, 2) or len(values) != len(points):
            raise ShapeError(
                f"model must return one row per point, ({len(points)},) or ({len(points)}, "
                f"n_classes), got shape {values.shape} in {self.function}"
            )
        if not np.isfinite(values).all():
            raise NonFiniteError(
                f"model must return finite numbers, got NaN or infinity in {self.function}"
            )
        if values.ndim == 2:
            sums = values.sum(axis=1)
            is_share = values.min() >= 0 and np.allclose(sums, 1, atol=ROUNDING)
            return _of_columns(values, are_probabilities=bool(is_share))
        if (np.mod(values, 1) == 0).all():
            return Scores(check_class_numbers(values, "classes", MAX_CLASSES, self.function))
        if values.min() < 0 or values.max() > 1:
            raise ArgumentError(
                "model must return class numbers, or probabilities of class 1 in [0, 1], got "
                f"{values.min():.4g} to {values.max():.4g} in {self.function}: return scores as "
                "one column for each class"
            )
        return _of_columns(values, are_probabilities=True)


def _of_columns(values: Array, *, are_probabilities: bool) -> Scores:
    """Return scores of at least two classes; one column is that of class 1."""
    values = values.reshape(len(values), -1).astype(np.float64)
    if values.shape[1] == 1:
        other = 1 - values if are_probabilities else np.zeros_like(values)
        values = np.hstack([other, values])
    return Scores(values, are_probabilities)
