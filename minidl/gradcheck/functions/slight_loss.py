"""Slight parts of a derivative that the complex step loses and the gradient forgets, too."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ...utils.typing import Array
from ..numeric.slight_loss import OutwardLine
from ..result import Check
from .constants import ALL_STEPS, HIDDEN_LOSS, OTHERS_SMALLER, WORTHWHILE
from .cost_function import CostFunction
from .precision.safe_calls import value_or_nan
from .precision.scale import parameter_scale
from .recorded_gradient import recorded_gradient


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
    line = OutwardLine(cost.function, outward)
    all_arrays = line.gap()
    if all_arrays.is_clear or all_arrays.bound > HIDDEN_LOSS * float(np.linalg.norm(terms)):
        all_arrays = line.gap(ALL_STEPS)
    if line.is_lost(all_arrays, ALL_STEPS):
        return True
    for check, leaf in zip(checks, cost.tree.leaves, strict=True):
        part = leaf.part
        visible = HIDDEN_LOSS * float(np.linalg.norm(terms[part]))
        if check.verdict == "fail" or all_arrays.bound <= visible or not visible:
            continue
        for at in _points(cost, part):
            line = OutwardLine(at.function, outward[part], part)
            alone = line.gap(ALL_STEPS)
            if line.is_lost(alone, ALL_STEPS):
                return True
            if alone.bound <= visible:
                break
        else:
            if not check.kinks and _is_contradicted(cost, leaf.name, gradient[part]):
                return True
    return False


def _is_contradicted(cost: CostFunction, name: str, gradient: Array) -> bool:
    """Return whether the operations of the cost have another gradient: differences show little."""
    recorded = recorded_gradient(cost, name)
    if recorded is None:
        return False
    gap = np.linalg.norm(recorded - gradient)
    return bool(gap > HIDDEN_LOSS * np.linalg.norm(gradient))


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
