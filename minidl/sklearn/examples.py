"""Validation of the examples that an estimator gets: rows of features, pictures or sequences."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.utils.validation import _check_sample_weight, validate_data

from ..batching.augmentation import refuse_sparse
from ..errors import ShapeError
from ..utils.masked import check_not_masked
from ..utils.source_files import note_source_files
from ..utils.typing import Array
from ..utils.validation import all_finite
from .labels import has_several_labels

_FLOATS = (np.dtype(np.float32), np.dtype(np.float64))

_FORMATS = {"allow_nd": True, "accept_sparse": "csr"}


class TrainingExamples(NamedTuple):
    """What `fit` was passed, validated; X may be sparse."""

    X: Any
    y: Array
    sample_weight: Array | None


def validate_training(
    estimator: Any, X: Any, y: Any, sample_weight: Any, *, resume: bool
) -> TrainingExamples:
    """Return the data of a training as arrays, or raise in a sentence.

    Parameters
    ----------
    estimator : MinidlEstimator
        The estimator, which notes the number and the names of the features.
    X, y, sample_weight : array_like
        As its `fit` takes them.
    resume : bool
        Whether the training of a fitted estimator goes on.

    Returns
    -------
    TrainingExamples
        The arrays.

    Raises
    ------
    ValueError
        If they are invalid; `ShapeError`, a subclass, if pictures would meet a network of rows.
    """
    for name, values in (("X", X), ("y", y), ("sample_weight", sample_weight)):
        check_not_masked(values, name)
    if estimator.augment is not None:
        refuse_sparse(X)
    note_source_files(X, y, sample_weight)  # before they are copied
    if resume:
        _check_example_shape(estimator, X)
    is_regressor = isinstance(estimator, RegressorMixin)
    has_columns = is_regressor or has_several_labels(y)
    options = {"multi_output": has_columns, "y_numeric": is_regressor, **_FORMATS}
    X, y = validate_data(estimator, X, y, reset=not resume, **options)
    if X.ndim > 2 and estimator.layers is None:
        raise ShapeError(
            f"hidden_layer_sizes is for rows (m, n_features), got X of shape {X.shape}: "
            'pass X.reshape(len(X), -1), or layers in words, layers="conv 8 3, relu, flatten, '
            'linear 6", or as a function that returns them'
        )
    if sample_weight is not None:
        sample_weight = _check_sample_weight(sample_weight, X, ensure_non_negative=True)
    return TrainingExamples(X, y, sample_weight)


def validate_examples(estimator: Any, X: Any) -> Any:
    """Return the examples of a prediction, or raise as `validate_training` does."""
    if _is_plain(estimator, X):  # all that scikit-learn would check, in a tenth of its time
        rows: Array = X
        return rows
    check_not_masked(X, "X")
    _check_example_shape(estimator, X)
    return validate_data(estimator, X, reset=False, **_FORMATS)


def _is_plain(estimator: Any, X: Any) -> bool:
    """Return whether X is a matrix of finite floats, with the features of the fit, unnamed."""
    has_shape = (
        type(X) is np.ndarray
        and X.ndim == 2
        and X.dtype in _FLOATS
        and X.shape[1] == estimator.n_features_in_
        and len(X) > 0
        and len(getattr(estimator, "input_shape_", (0,))) == 1
        and not hasattr(estimator, "feature_names_in_")
    )
    with np.errstate(over="ignore", invalid="ignore", under="ignore"):
        return has_shape and all_finite(X)


def _check_example_shape(estimator: Any, X: Any) -> None:
    """Raise `ShapeError` unless examples of several axes have the shape of those of the fit."""
    n_features: int = estimator.n_features_in_
    fitted: tuple[int, ...] = (n_features,)  # of pickles that lack the shape
    expected: tuple[int, ...] = getattr(estimator, "input_shape_", fitted)
    if len(expected) == 1 and getattr(X, "ndim", 2) <= 2:
        return  # scikit-learn checks the features, with their names
    shape = np.shape(X)
    if shape[1:] != expected:
        is_first = len(expected) == 3 and shape[1:] == (expected[2], *expected[:2])
        cure = ": channels come last, pass X.transpose(0, 2, 3, 1)?" if is_first else ""
        raise ShapeError(
            f"X must have examples of shape {expected}, as in fit, got X of shape {shape}{cure}"
        )
