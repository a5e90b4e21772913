"""Where a gradient in low precision is wrong, and which mistake it looks like."""

from __future__ import annotations

import numpy as np

from ....utils.typing import Array
from ...diagnosis.explain_arrays import EvidenceSource, KnownArrays, explain_arrays
from ...result import Check
from ...rounding.compare import root_mean_square, worst_element
from ..analytic_gradient import AnalyticGradient
from ..cost_function import CostFunction
from .constants import ELEMENT_ROUNDING, ELEMENTS
from .double_twin import DoubleTwin, explain_by_twin
from .elements import numeric_elements
from .measure import Precision
from .snap import snapped


def explain_failures(
    checks: list[Check],
    cost: CostFunction,
    gradient: AnalyticGradient,
    precision: Precision,
    evidence: EvidenceSource | None = None,
    twin: DoubleTwin | None = None,
) -> None:
    """Compute the elements of small arrays that failed, and explain these failures."""
    values, gradients = cost.tree.arrays(cost.theta), cost.tree.arrays(gradient.value)
    rounding = {
        leaf.name: _rounding(gradients[leaf.name], precision, number)
        for number, leaf in enumerate(cost.tree.leaves)
    }
    known = KnownArrays(values, gradients, cost.record, rounding)
    for number, check in enumerate(checks):
        if check.verdict == "fail":
            _fill_in(check, number, cost, gradient, precision)
            if check.numeric is None:
                del known.gradients[check.parameter]
            else:
                known.gradients[check.parameter] = check.numeric
    if twin is not None and any(check.verdict == "fail" for check in checks):
        explain_by_twin(checks, twin, cost, gradient, rounding)
    explain_arrays(checks, known, evidence)


def _fill_in(
    check: Check,
    number: int,
    cost: CostFunction,
    gradient: AnalyticGradient,
    precision: Precision,
) -> None:
    _, part, shape = cost.tree.leaves[number]
    analytic = gradient.value[part]
    if analytic.size > ELEMENTS:
        return
    numeric, error = numeric_elements(cost, precision, range(part.start, part.stop))
    bar = error + _rounding(analytic, precision, number)
    is_known = np.isfinite(numeric) & np.isfinite(bar)
    numeric, bar = np.where(is_known, numeric, analytic), np.where(is_known, bar, np.inf)
    if (np.abs(analytic - numeric) <= bar).all():
        return  # the error is smaller than what single elements show
    arrays = (analytic.reshape(shape), numeric.reshape(shape), bar.reshape(shape))
    value = cost.theta[part].reshape(shape)
    check.analytic, check.numeric, check.bar = arrays[0], snapped(*arrays, value), arrays[2]
    check.worst = worst_element(
        *arrays, np.where(arrays[2] < np.inf, abs(arrays[0] - arrays[1]), 0)
    )
    check.kinks = 0


def _rounding(analytic: Array, precision: Precision, number: int) -> Array:
    """Return the rounding of the elements of an analytic gradient."""
    typical = np.abs(analytic) + root_mean_square(analytic)
    rounding: Array = ELEMENT_ROUNDING * precision.gradient.units[number] * typical
    return rounding
