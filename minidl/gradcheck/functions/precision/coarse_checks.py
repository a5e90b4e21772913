"""The checks of a function in low precision, whether its gradient can be asked again or not."""

from __future__ import annotations

import numpy as np

from ...result import Check
from ..analytic_gradient import AnalyticGradient
from ..cost_function import CostFunction
from .measure import Precision
from .measured_checks import measured_checks
from .point_kinks import fail_at_kinks
from .ready_made import ready_made_checks


def coarse_checks(
    cost: CostFunction,
    gradient: AnalyticGradient,
    precision: Precision,
    rng: np.random.Generator,
    budget: int,
) -> list[Check]:
    """Return a check of each array."""
    if gradient.is_callable:
        checks = measured_checks(cost, gradient, precision, rng, budget)
        fail_at_kinks(checks, cost, gradient, precision, rng)
        return checks
    return ready_made_checks(cost, gradient, precision, rng)
