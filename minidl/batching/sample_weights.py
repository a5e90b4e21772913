"""The weight of each example, or of each position, in the data loss."""

from __future__ import annotations

from collections.abc import Mapping
from numbers import Real
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from ..errors import ArgumentError, ShapeError
from ..losses.base import Loss
from ..losses.weighting import expand_weight, supports_weights
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
    """Return the weight of each example or position, with a mean of 1.

    Parameters
    ----------
    loss : Loss
        The loss, which must implement `per_example`, and `per_position` for weights of positions.
    targets : ndarray or ArraySource of shape (m, ..., k)
        The targets, as the loss prepared them.
    sample_weight : array_like of shape (m,) or (m, ...), optional
        Weights >= 0, of examples or of positions.
    class_weight : dict of int to float or "balanced", optional
        A factor for the positions of each class; in rows (m, k) each example is one position.

    Returns
    -------
    ndarray of shape (m,) or (m, ...), or None
        The weights, in float64; None if there are none.

    Raises
    ------
    ArgumentError
        If the loss does not support weights, or a weight is negative, or all are 0.
    ShapeError
        If there is not one weight per example, or per position.
    """
    if sample_weight is None and class_weight is None:
        return None
    _check_loss(loss, per_position=False)
    weight = np.ones(len(targets))
    if sample_weight is not None:
        weight = _as_weight(sample_weight, targets.shape[:-1])
        if weight.ndim > 1:
            _check_loss(loss, per_position=True)
    if class_weight is not None:
        factors = _weight_by_class(loss, targets, weight, class_weight)
        if factors.ndim > 1:
            _check_loss(loss, per_position=True)
        weight = weight if weight.ndim == factors.ndim else expand_weight(weight, factors.ndim)
        weight = weight * factors
        rule = "sample_weight and class_weight must leave examples that count"
        weight = _scale_to_mean_one(weight, rule)
    return weight


def _check_loss(loss: Loss, *, per_position: bool) -> None:
    if supports_weights(loss, per_position=per_position):
        return
    unit = "position" if per_position else "example"
    rule = f"weights need a loss that returns the loss of each {unit}"
    name = type(loss).__name__
    raise ArgumentError(f"{rule}, but {name} does not implement per_{unit}(): define it")


def _as_weight(sample_weight: npt.ArrayLike, shape: tuple[int, ...]) -> Any:
    weight = check_array(sample_weight, "sample_weight", np.dtype(np.float64))
    if weight.shape not in (shape[:1], shape):
        per_position = f", or {shape} with one per position" if len(shape) > 1 else ""
        raise ShapeError(
            f"sample_weight must have shape ({shape[0]},){per_position}, got {weight.shape}"
        )
    if weight.min() < 0:
        index = tuple(int(i) for i in np.argwhere(weight < 0)[0])
        place = f"sample_weight[{', '.join(map(str, index))}]"
        raise ArgumentError(f"sample_weight must be >= 0, got {weight[index]:g} at {place}")
    return _scale_to_mean_one(weight, "sample_weight must not be all 0")


def _scale_to_mean_one(weight: Array, rule: str) -> Any:
    largest = weight.max()
    if not largest > 0:
        raise ArgumentError(rule)
    weight = weight / largest  # the sum of huge weights would overflow
    return weight / weight.mean()


def _weight_by_class(loss: Loss, targets: Targets, weight: Array, class_weight: ClassWeight) -> Any:
    classes = _classes_of(loss, targets)
    if isinstance(class_weight, str) and class_weight == "balanced":
        counted = classes[weight > 0] if weight.ndim > 1 else classes.reshape(-1)  # not the masked
        counts = np.bincount(counted, minlength=int(classes.max()) + 1)
        table = counted.size / (np.count_nonzero(counts) * np.maximum(counts, 1))
        return table[classes]
    if not isinstance(class_weight, Mapping):
        rule = "class_weight must be a dict {class number: weight} or 'balanced'"
        raise ArgumentError(f"{rule}, got {class_weight!r}")
    table = np.ones(max(2, targets.shape[-1]))
    for number, factor in class_weight.items():
        if not (_is_real(number) and number in range(len(table))):
            rule = f"class_weight must have class numbers from 0 to {len(table) - 1} as keys"
            raise ArgumentError(f"{rule}, got {number!r}")
        if not (_is_real(factor) and 0 <= factor < np.inf):
            rule = "class_weight must hold finite weights >= 0"
            raise ArgumentError(f"{rule}, got {factor!r} for class {number}")
        table[int(number)] = factor
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
    if classes.shape != targets.shape[:-1]:
        rule = "class_weight needs one class per example"
        n_decisions = classes.shape[-1]
        cure = "pass sample_weight"
        raise ArgumentError(f"{rule}, but Y has {n_decisions} decisions each: {cure}")
    return classes


def _is_real(value: object) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool)
