import numpy as np
from coarse_functions import both_sides, tanh_layer

from minidl.gradcheck.functions.precision.coarse_checks import coarse_checks
from minidl.gradcheck.functions.precision.measure import measure_precision


def test_arrays_are_checked_at_the_point_and_functions_along_lines():
    cost, gradient, x = tanh_layer()
    methods = []
    for given in (gradient, gradient(x)):
        sides = both_sides(cost, given, x)
        rng = np.random.default_rng(0)
        (check,) = coarse_checks(*sides, measure_precision(*sides, rng), rng, 1000)
        methods.append(check.method)
    assert methods == ["line integrals", "central differences in the measured noise"]
