"""Gradients of functions that are zero because their terms cancel."""

from __future__ import annotations

import numpy as np

from ...utils.typing import Array
from ..constants import EPS, KINK_AGREEMENT, ROUNDING_ULPS
from ..numeric.differences import ComplexStep
from ..result import Check
from .analytic_gradient import AnalyticGradient
from .constants import FAR_MOVES
from .cost_function import CostFunction
from .nearby_points import random_steps
from .precision.constants import NOISE_SHARE

ZERO_HERE = "zero here: its terms cancel, and both sides are only their rounding"
"""The diagnosis of a check that passes for this reason."""


def settle_zero_gradient(
    check: Check, own: Array, cost: CostFunction, gradient: AnalyticGradient, number: int
) -> None:
    """Let an unresolved check pass if its gradient is zero within the rounding of its terms.

    And the other way round: a zero that large bars hide is unresolved.

    The bias before a normalization has such a gradient. It is no zero that somebody forgot: the
    analytic side changes under noise, and by as much as it is large.

    Parameters
    ----------
    check : Check
        A comparison of all elements.
    own : ndarray
        The error bars of the analytic side alone.
    cost, gradient
        The functions.
    number : int
        The number of the array.
    """
    if check.verdict == "fail" or check.numeric is None or check.bar is None:
        return
    part = cost.tree.leaves[number].part
    analytic = gradient.value[part]
    # What the bars could hide would change the cost by next to nothing.
    hidden = float((check.bar.ravel() * np.abs(cost.theta[part])).sum())
    moved = float(np.abs(gradient.value * cost.theta).sum())
    is_negligible = hidden <= KINK_AGREEMENT * max(abs(cost.base), moved)
    if check.verdict == "pass":
        if check.numeric.any():
            return
        is_exact = check.method == ComplexStep.name
        is_shown = is_negligible and (is_exact or _is_only_rounding(analytic, gradient.noisy, part))
        is_hidden = not is_shown if analytic.any() else not is_exact and moves_only_far(cost, part)
        if is_hidden:
            size = float(np.linalg.norm(check.bar))
            check.verdict = "unresolved"
            slope = float(np.linalg.norm(analytic))
            check.diagnosis = (
                f"rounding floor: error bars of {size:.1e} hide a gradient of {slope:.2g}"
            )
        return
    changes_under_noise = any((run[part] != analytic).any() for run in gradient.noisy)
    is_rounding = bool((np.abs(analytic) <= own).all() and analytic.any())
    is_rounding = is_rounding or _is_only_rounding(analytic, gradient.noisy, part)
    is_zero = bool((np.abs(check.numeric) <= check.bar).all())
    if changes_under_noise and is_rounding and is_zero and is_negligible:
        check.verdict, check.diagnosis, check.difference = "pass", ZERO_HERE, 0.0


def _is_only_rounding(analytic: Array, noisy: list[Array], part: slice) -> bool:
    """Return whether noise on the parameters changes the gradient as much as it is large."""
    changes = [float(np.linalg.norm(run[part] - analytic)) for run in noisy]
    return max(changes, default=0.0) > NOISE_SHARE * float(np.linalg.norm(analytic)) > 0


def moves_only_far(cost: CostFunction, part: slice) -> bool:
    """Return whether only far moves of an array change the cost: its rounding hides the slope."""
    theta, leaves = cost.theta, cost.tree.leaves
    step = random_steps(theta, leaves, np.random.default_rng(0))
    quantum = ROUNDING_ULPS * EPS * abs(cost.base)
    seen = []
    for factor in FAR_MOVES:
        point = theta.copy()
        point[part] += factor * step[part]
        try:
            seen.append(abs(cost.at(point) - cost.base) > quantum)
        except Exception:  # outside of the domain of the cost
            break
    return bool(seen) and not seen[0] and any(seen)
