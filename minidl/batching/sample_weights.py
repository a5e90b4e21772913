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
from .out_of_core import ArraySource

ClassWeight: TypeAlias = Mapping[int, float] | Literal["balanced"]


_STEP = 2**16  # targets that are read at once


def example_weights(
    loss: Loss,
    targets: Array | ArraySource,
    sample_weight: npt.ArrayLike | None,
    class_weight: ClassWeight | None = None,
) -> Array | None:
    """Return the weights (m,) that `Sequential.fit` tells of, or None; `targets` are as the loss let them in."""
    if sample_weight is None and class_weight is None:
        return None
    if type(loss).per_example is Loss.per_example:
        raise ArgumentError(
            f"weights need a loss that tells the loss of each example, but {type(loss).__name__} has no per_example(): define it"
        )
    weight = np.ones(len(targets))
    if sample_weight is not None:
        weight = check_array(sample_weight, "sample_weight", weight.dtype)
        if weight.shape != (len(targets),):
            raise ShapeError(f"sample_weight must have shape ({len(targets)},), got {weight.shape}")
        if weight.min() < 0:
            first = int((weight < 0).argmax())
            raise ArgumentError(
                f"sample_weight must be >= 0, got {weight[first]:g} at sample_weight[{first}]"
            )
        weight = _scaled(weight, "sample_weight must not be all 0")
    if class_weight is not None:
        weight = weight * _by_class(loss, targets, class_weight)
        weight = _scaled(weight, "sample_weight and class_weight must leave examples that count")
    return weight


def _scaled(weight: Array, rule: str) -> Any:
    if not (largest := weight.max()) > 0:
        raise ArgumentError(rule)
    weight = weight / largest  # or a sum of huge ones would overflow
    return weight / weight.mean()


def _by_class(loss: Loss, targets: Array | ArraySource, class_weight: ClassWeight) -> Any:
    m = len(targets)
    if isinstance(targets, ArraySource):  # never all of them in memory
        numbers = np.concatenate(
            [loss.classes(targets.read(i, min(m, i + _STEP))) for i in range(0, m, _STEP)]
        )
    else:
        numbers = loss.classes(targets)
    if numbers.ndim != 1:
        raise ArgumentError(
            f"class_weight needs one class per example, but Y has {numbers.shape[1]} decisions each: pass sample_weight"
        )
    if isinstance(class_weight, str) and class_weight == "balanced":
        counts = np.bincount(numbers)
        table = m / (np.count_nonzero(counts) * np.maximum(counts, 1))
        return table[numbers]
    if not isinstance(class_weight, Mapping):
        raise ArgumentError(
            f"class_weight must be a dict {{class number: weight}} or 'balanced', got {class_weight!r}"
        )
    table = np.ones(max(2, targets.shape[1]))
    for number, weight in class_weight.items():
        if not (_real(number) and number in range(len(table))):
            raise ArgumentError(
                f"class_weight must have class numbers from 0 to {len(table) - 1} as keys, got {number!r}"
            )
        if not (_real(weight) and 0 <= weight < np.inf):
            raise ArgumentError(
                f"class_weight must hold finite weights >= 0, got {weight!r} for class {number}"
            )
        table[int(number)] = weight
    return table[numbers]


def _real(value: object) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool)


def pack(targets: Array | ArraySource, weight: Array | None) -> Array | ArraySource:
    """Return the targets with the weights as their last column, or as they are."""
    if weight is None:
        return targets
    weight = weight.astype(targets.dtype)
    return (
        _WeightedTargets(targets, weight)
        if isinstance(targets, ArraySource)
        else np.column_stack((targets, weight))
    )


def split(targets: Array) -> tuple[Array, Array]:
    """Return what was packed, as views: targets (m, k) and weights (m,)."""
    return targets[:, :-1], targets[:, -1]


class _WeightedTargets(ArraySource):
    def __init__(self, targets: ArraySource, weight: Array) -> None:
        vars(self).update(vars(targets))
        self._targets, self._weight = targets, weight
        self.shape = (targets.shape[0], targets.shape[1] + 1)
        self.row_bytes += self.dtype.itemsize
        self.passing_bytes += self.row_bytes

    def let_in(self, block: Array, first: int) -> Array:
        return np.column_stack(
            (self._targets.let_in(block, first), self._weight[first : first + len(block)])
        )
