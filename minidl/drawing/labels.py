"""Validation of class numbers, class names and counts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import ArgumentError, DtypeError, ShapeError
from ..escaping import shortened
from ..utils.typing import Array
from ..utils.validation import as_real_array, is_integer


def check_class_names(
    classes: Sequence[str], function: str, n_classes: int | None = None
) -> list[str]:
    """Return the names as they are drawn; there must be `n_classes`, or at least one."""
    is_sequence = isinstance(classes, Sequence) and not isinstance(classes, str)
    if not is_sequence or not classes or len(classes) != (n_classes or len(classes)):
        count_note = f"the {n_classes}" if n_classes else "all"
        raise ArgumentError(
            f"classes must be the names of {count_note} classes, got {classes!r} in {function}"
        )
    return [shortened(str(name)) for name in classes]


def check_class_numbers(
    values: npt.ArrayLike, name: str, n_classes: int, function: str
) -> npt.NDArray[np.int64]:
    """Return the class numbers, shape (m,) or (m, 1), as integers of shape (m,)."""
    labels: Array = as_real_array(values, name)
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if labels.ndim != 1 or labels.size == 0:
        raise ShapeError(
            f"{name} must be a vector (m,) of at least one class number, "
            f"got shape {labels.shape} in {function}"
        )
    fractions = labels[np.mod(labels, 1) != 0]
    if len(fractions):
        raise DtypeError(
            f"{name} must hold integers, got {fractions[0]} in {function}: pass predict_classes(X)"
        )
    if labels.min() < 0 or labels.max() >= n_classes:
        raise ArgumentError(
            f"{name} must be in 0..{n_classes - 1}, "
            f"got {labels.min()} to {labels.max()} in {function}"
        )
    return labels.astype(np.int64)


def check_count(value: Any, name: str, function: str) -> int:
    """Return `value` if it is an integer >= 1."""
    if not is_integer(value):
        raise ArgumentError(f"{name} must be an integer >= 1, got {value!r} in {function}")
    return int(value)
