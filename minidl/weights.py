"""Weights: how much each example counts in the data loss, by itself or by its class.

With weights w the data loss of a batch of m examples is (1/m) * sum(w_i * loss_i). The weights are scaled at the door, once, to a mean
of 1 over the training set: over it the data loss is the weighted mean, sum(w_i * loss_i) / sum(w_i), as in scikit-learn and PyTorch.
Only ratios count then: equal weights are none at all, and neither the learning rate nor a penalty has to be chosen anew. A batch is not
scaled again by its own sum, as those two do: each example keeps its weight whoever is dealt with it, so that batches agree in the mean
with the whole set, and a weight of 2 is the example given twice.

On their way through batches and files, weights are the last column of the targets.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from .arrays import Array, door
from .errors import ArgumentError, ShapeError
from .losses import Loss
from .sources import Source

ClassWeight: TypeAlias = Mapping[int, float] | Literal["balanced"]

_STEP = 2**16  # targets that are read at once


def example_weights(
    loss: Loss, targets: Array | Source, sample_weight: npt.ArrayLike | None, class_weight: ClassWeight | None = None
) -> Array | None:
    """Return one weight per example, (m,) with a mean of 1: the product of its own and its class's; None where neither is given.

    Parameters
    ----------
    loss : Loss
    targets : numpy.ndarray or Source
        As the loss has let them in, (m, k).
    sample_weight : array_like (m,), optional
        Finite, >= 0, not all 0.
    class_weight : dict of class number to weight, or "balanced", optional
        A class that is not named has weight 1; "balanced" is m / (classes * count), over the classes that occur.

    Raises
    ------
    ArgumentError, ShapeError, DtypeError, NonFiniteError

    Examples
    --------
    >>> from minidl import BinaryCrossEntropy
    >>> example_weights(BinaryCrossEntropy(), np.array([[1.0], [0.0], [0.0], [0.0]]), None, "balanced").round(3).tolist()
    [2.0, 0.667, 0.667, 0.667]
    """
    if sample_weight is None and class_weight is None:
        return None
    if type(loss).examples is Loss.examples:
        raise ArgumentError(
            f"weights need a loss that tells the loss of each example, but {type(loss).__name__} has no examples(): "
            "define it to return (m,) for the last forward, whose mean forward returns"
        )
    weight = np.ones(len(targets))
    if sample_weight is not None:
        given = door(sample_weight, "sample_weight", np.dtype(np.float64))
        if given.shape != (len(targets),):
            raise ShapeError(f"sample_weight must have shape ({len(targets)},), one weight per example, got {given.shape}")
        if given.min() < 0:
            first = int((given < 0).argmax())
            raise ArgumentError(f"sample_weight must be >= 0, got {given[first]:g} at sample_weight[{first}]")
        weight = _scaled(given, "sample_weight must not be all 0: no example would count")
    if class_weight is not None:
        weight = weight * _by_class(loss, targets, class_weight)
        weight = _scaled(weight, "sample_weight and class_weight must leave examples that count, got a product of 0 for each")
    return weight


def _scaled(weight: Array, rule: str) -> Array:
    if not (largest := weight.max()) > 0:
        raise ArgumentError(rule)
    weight = weight / largest  # first: a sum of huge ones would overflow
    mean: Array = weight / weight.mean()
    return mean


def _by_class(loss: Loss, targets: Array | Source, class_weight: ClassWeight) -> Array:
    """Return the weight of the class of each example."""
    numbers = _classes(loss, targets)
    if isinstance(class_weight, str) and class_weight == "balanced":
        counts = np.bincount(numbers)
        return (len(numbers) / (np.count_nonzero(counts) * np.maximum(counts, 1)))[numbers]
    if not isinstance(class_weight, Mapping):
        raise ArgumentError(f"class_weight must be a dict {{class number: weight}} or 'balanced', got {class_weight!r}")
    classes = max(2, targets.shape[1])
    table = np.ones(classes)
    for number, weight in class_weight.items():
        whole = isinstance(number, int | np.integer | float | np.floating) and not isinstance(number, bool) and number in range(classes)
        if not whole:
            raise ArgumentError(f"class_weight must have class numbers from 0 to {classes - 1} as keys, got {number!r}")
        real = isinstance(weight, int | float | np.integer | np.floating) and not isinstance(weight, bool)
        if not (real and np.isfinite(weight) and weight >= 0):
            raise ArgumentError(f"class_weight must hold finite weights >= 0, got {weight!r} for class {number}")
        table[int(number)] = weight
    return table[numbers]


def _classes(loss: Loss, targets: Array | Source) -> Array:
    if not isinstance(targets, Source):
        numbers = loss.classes(targets)
    else:
        m = len(targets)
        numbers = np.concatenate([loss.classes(targets.read(i, min(m, i + _STEP))) for i in range(0, m, _STEP)])
    if numbers.ndim != 1:
        raise ArgumentError(f"class_weight needs one class per example, but Y has {numbers.shape[1]} decisions each: pass sample_weight")
    return numbers


def pack(targets: Array | Source, weight: Array | None) -> Array | Source:
    """Return the targets with the weights as their last column, or as they are."""
    if weight is None:
        return targets
    return WeightedTargets(targets, weight) if isinstance(targets, Source) else np.column_stack((targets, weight.astype(targets.dtype)))


def split(targets: Array) -> tuple[Array, Array]:
    """Return what was packed: the targets (m, k) and the weights (m,), both views.

    Examples
    --------
    >>> split(pack(np.array([[1.0], [0.0]]), np.array([0.5, 1.5])))
    (array([[1.],
           [0.]]), array([0.5, 1.5]))
    """
    return targets[:, :-1], targets[:, -1]


class WeightedTargets(Source):
    """Targets that are read in blocks, each row with its weight, which is kept in memory.

    Parameters
    ----------
    targets : Source
    weight : numpy.ndarray (m,)
    """

    def __init__(self, targets: Source, weight: Array) -> None:
        vars(self).update(vars(targets))
        self._targets, self._weight = targets, weight.astype(targets.dtype)
        self.shape = (targets.shape[0], targets.shape[1] + 1)
        self.row_bytes += self.dtype.itemsize
        self.passing_bytes += self.row_bytes

    def let_in(self, block: Array, first: int) -> Array:
        """Return `block` as the loss takes it, and its weights."""
        rows: Any = pack(self._targets.let_in(block, first), self._weight[first : first + len(block)])
        return rows  # type: ignore[no-any-return]
