"""Large arrays for the tests of locating: a wrong gradient beside the right one."""

import numpy as np

from minidl.gradcheck.location.probed_array import ProbedArray
from minidl.gradcheck.rounding.probes import ProbeValues


def right_gradient(shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


def probed(analytic, numeric, calls=None):
    """Return the array of a function whose gradient is `numeric`; `calls` collects its calls."""
    calls = [] if calls is None else calls

    def values_along(direction):
        calls.append("probe")
        terms = analytic * direction
        size = float(np.abs(terms).sum())
        bar = 1e-13 * size + 1e-13 * float(np.abs(numeric * direction).sum())
        return ProbeValues(float(terms.sum()), float((numeric * direction).sum()), bar, size)

    def element(place):
        calls.append("element")
        return float(numeric.flat[place]), 0.0

    return ProbedArray(analytic, values_along, element)
