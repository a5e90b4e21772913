"""Slight parts of a derivative that the complex step loses and the gradient forgets, too."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from ...errors import NonFiniteError
from ...utils.typing import Array
from ..constants import (
    EPS,
    LONG_STEPS,
    LOSS_FACTORS,
    PROBE_CONTRADICTION,
    ROUNDING_ULPS,
    SHARP_AGREEMENT,
)
from ..numeric.differences import ComplexStep, NotComplexSafe, RombergDifference, values_at
from ..result import Check
from .constants import (
    ALL_STEPS,
    HIDDEN_LOSS,
    OTHERS_SMALLER,
    TURNING_STEPS,
    WORTHWHILE,
)
from .cost_function import CostFunction
from .precision.safe_calls import value_or_nan
from .precision.scale import parameter_scale


class _Gap(NamedTuple):
    """How far a difference is from the complex step, and the bound of its error."""

    size: float
    bound: float

    @property
    def is_clear(self) -> bool:
        return abs(self.size) > PROBE_CONTRADICTION * self.bound


_UNKNOWN = _Gap(0.0, np.inf)


def loses_slightly(
    cost: CostFunction, gradient: Array, checks: list[Check], rng: np.random.Generator
) -> bool:
    """Return whether the complex step loses a part of a derivative, however small.

    A penalty 1e-6 np.abs(x), of which a complex number loses the derivative, and which the gradient
    forgets, makes both wrong alike.

    Parameters
    ----------
    cost : CostFunction
        The cost.
    gradient : ndarray of shape (P,)
        The gradient under test, which agrees with the complex step.
    checks : list of Check
        A check of each array. What fails is left out.
    rng : numpy.random.Generator
        Draws a direction.
    """
    outward = _outward(cost, rng)
    terms = np.where(np.isfinite(gradient), gradient, 0.0) * outward
    all_arrays = _gap(cost, ..., outward, LONG_STEPS)
    if all_arrays.is_clear or all_arrays.bound > HIDDEN_LOSS * float(np.linalg.norm(terms)):
        all_arrays = _gap(cost, ..., outward)
    if all_arrays.is_clear and _persists(cost, ..., outward, all_arrays):
        return True
    for check, leaf in zip(checks, cost.tree.leaves, strict=True):
        part = leaf.part
        visible = HIDDEN_LOSS * float(np.linalg.norm(terms[part]))
        if check.verdict == "fail" or all_arrays.bound <= visible or not visible:
            continue
        for at in _points(cost, part):
            alone = _gap(at, part, outward[part])
            if alone.is_clear and _persists(at, part, outward[part], alone):
                return True
            if alone.bound <= visible:
                break
    return False


def _outward(cost: CostFunction, rng: np.random.Generator) -> Array:
    """Return a direction in which no element reaches zero, where many functions have a kink."""
    theta = cost.theta.copy()
    scale = parameter_scale(cost.tree)
    for leaf in cost.tree.leaves:
        if not theta[leaf.part].any():
            theta[leaf.part] = scale[leaf.part]
    outward: Array = theta * rng.uniform(0.5, 1.5, theta.size)
    return outward


def _points(cost: CostFunction, region: slice) -> Iterator[CostFunction]:
    """Yield the cost, and the same where it is small, if other arrays make it large."""
    yield cost
    others_small = OTHERS_SMALLER * cost.theta
    others_small[region] = cost.theta[region]
    if abs(value_or_nan(cost, others_small)) < WORTHWHILE * abs(cost.base):
        yield cost.moved_to(others_small)


def _gap(cost: CostFunction, index: Any, direction: Array, exponents: range = ALL_STEPS) -> _Gap:
    scheme = RombergDifference(exponents=exponents)
    try:
        exact, _ = cost.slope(ComplexStep(), index, direction)
        slope, bound = cost.slope(scheme, index, direction)
    except (NotComplexSafe, NonFiniteError, ValueError, ArithmeticError):  # its domain ends there
        return _UNKNOWN
    return _Gap(slope - exact, bound) if np.isfinite(slope - exact) else _UNKNOWN


def _persists(cost: CostFunction, index: Any, direction: Array, found: _Gap) -> bool:
    """Return whether a gap is that of a slope: other steps have the same. Rounding has not."""
    for factor in LOSS_FACTORS:
        other = _gap(cost, index, factor * direction)
        same = abs(other.size / factor - found.size) <= found.bound + other.bound / factor
        if not (other.is_clear and same):
            return False
    return not _turns(cost, index, direction, found)


def _turns(cost: CostFunction, index: Any, direction: Array, found: _Gap) -> bool:
    """Return whether a shorter step confirms the complex step: the cost turns within the others."""
    exact, _ = cost.slope(ComplexStep(), index, direction)
    array = cost.arrays["real"]
    for step in TURNING_STEPS:
        values = values_at(cost.value, array, index, direction, step, -step)
        right, left = (float(value) for value in values)
        rounding = (abs(right) + abs(left)) * (ROUNDING_ULPS * EPS / step)
        error = abs((right - left) / (2 * step) - exact) + rounding
        if error <= SHARP_AGREEMENT * abs(found.size):
            return True
    return False
