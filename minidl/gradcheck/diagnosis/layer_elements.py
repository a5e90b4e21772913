"""Compute the elements of a wrong gradient of a layer that was only probed."""

from __future__ import annotations

import numpy as np

from ...utils.typing import Array
from ..constants import DIAGNOSIS_CALLS, EPS, EXACT_BAR, EXACT_BAR_OF_LARGEST, SUMMATION_ULPS
from ..layer_harness import LayerHarness
from ..location.fill_in import fill_in_wrong_elements, location_calls
from ..location.probed_array import ProbedArray
from ..result import Check
from ..rounding.compare import worst_element
from ..rounding.probes import ProbeValues, directional_check
from ..stages.layers import LayerResult


def compute_elements(check: Check, result: LayerResult, harness: LayerHarness) -> None:
    """Fill in each element of a gradient, or those where it is wrong if all take too many calls."""
    name = check.parameter
    analytic = result.analytic[name]
    gradients = harness.numeric_gradients(
        result.x, name, [result.cotangent], np.random.default_rng(0), DIAGNOSIS_CALLS
    )
    if gradients is None:
        array = _probed_array(name, result, harness)
        fill_in_wrong_elements(check, array, 0, calls=location_calls(analytic.size))
    elif gradients[0].value.shape == analytic.shape:
        numeric, error = gradients[0].value, gradients[0].error
        size = np.abs(numeric)
        bar = EXACT_BAR * size + EXACT_BAR_OF_LARGEST * float(size.max(initial=0.0)) + error
        check.analytic, check.numeric, check.bar = analytic, numeric, bar
        check.worst = worst_element(analytic, numeric, bar, np.abs(analytic - numeric))


def _probed_array(name: str, result: LayerResult, harness: LayerHarness) -> ProbedArray:
    analytic, cotangent = result.analytic[name], result.cotangent
    function = harness.output_function(result.x, name)
    # The rounding that noise has shown is that of the whole array.
    shown = [p.values.bar / p.values.terms for p in result.probes.get(name, []) if p.values.terms]
    relative_bar = max([SUMMATION_ULPS * EPS, *filter(np.isfinite, shown)])

    def slope(direction: Array | float, index: object = ...) -> tuple[float, float]:
        slopes, errors = function.directional_derivative(harness.scheme, direction, index)
        numeric = float((cotangent * slopes).sum())
        return numeric, float((np.abs(cotangent) * errors).sum())

    def values_along(direction: Array) -> ProbeValues:
        values = directional_check(analytic, [], direction, *slope(direction))
        return values._replace(bar=values.bar + relative_bar * values.terms)

    def element(place: int) -> tuple[float, float]:
        return slope(1.0, np.unravel_index(place, analytic.shape))

    return ProbedArray(analytic, values_along, element)
