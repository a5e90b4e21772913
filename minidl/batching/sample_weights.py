"""The weight of each example in the data loss."""

from __future__ import annotations

from collections.abc import Mapping
from numbers import Real
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from ..errors import ArgumentError, ShapeError
from ..losses.base import Loss
from ..utils.typing import Array
from ..utils.validation import check_array
from .lazy_targets import LazyTargets
from .out_of_core import READ_BYTES, ArraySource, chunk_ranges

Targets: TypeAlias = Array | ArraySource | LazyTargets
ClassWeight: TypeAlias = Mapping[int, float] | Literal["balanced"]

_TARGETS_PER_READ = 2**16


def compute_sample_weight(
    loss: Loss,
    targets: Targets,
    sample_weight: npt.ArrayLike | None,
    class_weight: ClassWeight | None = None,
) -> Array | None:
    """Return the weight of each example, with a mean of 1.

    Parameters
    ----------
    loss : Loss
        The loss, which must implement `per_example`.
    targets : ndarray or ArraySource of shape (m, k)
        The targets, as the loss prepared them.
    sample_weight : array_like of shape (m,), optional
        Weights >= 0.
    class_weight : dict of int to float or "balanced", optional
        A factor for the examples of each class.

    Returns
    -------
    ndarray of shape (m,) or None
        The weights, in float64; None if there are none.

    Raises
    ------
    ArgumentError
        If the loss does not support weights, or a weight is negative, or all are 0.
    ShapeError
        If there is not one weight per example.
    """
    if sample_weight is None and class_weight is None:
        return None
    if type(loss).per_example is Loss.per_example:
        rule = "weights need a loss that returns the loss of each example"
        name = type(loss).__name__
        raise ArgumentError(f"{rule}, but {name} does not implement per_example(): define it")
    weight = np.ones(len(targets))
    if sample_weight is not None:
        weight = check_array(sample_weight, "sample_weight", weight.dtype)
        if weight.shape != (len(targets),):
            raise ShapeError(f"sample_weight must have shape ({len(targets)},), got {weight.shape}")
        if weight.min() < 0:
            i = int((weight < 0).argmax())
            place = f"sample_weight[{i}]"
            raise ArgumentError(f"sample_weight must be >= 0, got {weight[i]:g} at {place}")
        weight = _scale_to_mean_one(weight, "sample_weight must not be all 0")
    if class_weight is not None:
        weight = weight * _weight_by_class(loss, targets, class_weight)
        rule = "sample_weight and class_weight must leave examples that count"
        weight = _scale_to_mean_one(weight, rule)
    return weight


def _scale_to_mean_one(weight: Array, rule: str) -> Any:
    largest = weight.max()
    if not largest > 0:
        raise ArgumentError(rule)
    weight = weight / largest  # the sum of huge weights would overflow
    return weight / weight.mean()


def _weight_by_class(loss: Loss, targets: Targets, class_weight: ClassWeight) -> Any:
    classes = _classes_of(loss, targets)
    if isinstance(class_weight, str) and class_weight == "balanced":
        counts = np.bincount(classes)
        table = len(targets) / (np.count_nonzero(counts) * np.maximum(counts, 1))
        return table[classes]
    if not isinstance(class_weight, Mapping):
        rule = "class_weight must be a dict {class number: weight} or 'balanced'"
        raise ArgumentError(f"{rule}, got {class_weight!r}")
    table = np.ones(max(2, targets.shape[1]))
    for number, weight in class_weight.items():
        if not (_is_real(number) and number in range(len(table))):
            rule = f"class_weight must have class numbers from 0 to {len(table) - 1} as keys"
            raise ArgumentError(f"{rule}, got {number!r}")
        if not (_is_real(weight) and 0 <= weight < np.inf):
            rule = "class_weight must hold finite weights >= 0"
            raise ArgumentError(f"{rule}, got {weight!r} for class {number}")
        table[int(number)] = weight
    return table[classes]


def _classes_of(loss: Loss, targets: Targets) -> Array:
    if isinstance(targets, ArraySource):  # never all of them in memory
        n_rows = min(_TARGETS_PER_READ, READ_BYTES // targets.bytes_per_row or 1)
        ranges = chunk_ranges(0, len(targets), n_rows)
        blocks = [loss.classes(targets.read(start, stop)) for start, stop in ranges]
        classes = np.concatenate(blocks)
    elif isinstance(targets, LazyTargets):
        ranges = chunk_ranges(0, len(targets), targets.rows_at_once)
        classes = np.concatenate([loss.classes(targets[start:stop]) for start, stop in ranges])
    else:
        classes = loss.classes(targets)
    if classes.ndim != 1:
        rule = "class_weight needs one class per example"
        n_decisions = classes.shape[1]
        cure = "pass sample_weight"
        raise ArgumentError(f"{rule}, but Y has {n_decisions} decisions each: {cure}")
    return classes


def _is_real(value: object) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool)
