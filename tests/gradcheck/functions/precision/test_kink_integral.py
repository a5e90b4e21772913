import numpy as np

from minidl.gradcheck.functions.precision.kink_integral import mean_with_jumps


def test_jumps_are_located():
    bounds = []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        edges, heights = rng.uniform(-1, 1, 3), rng.standard_normal(3)
        mean, bound = mean_with_jumps(with_jumps(edges, heights), 1e-4, rng)
        assert abs(mean - (1 + heights @ (1 - edges) / 2)) <= bound
        bounds.append(bound)
    assert np.quantile(bounds, 0.8) < 2e-4


def with_jumps(edges, heights):
    """Return a function of small slope with jumps."""
    return lambda t: 1 + 0.01 * t + heights @ (edges < t)


def test_curvature_is_in_the_bound():
    mean, bound = mean_with_jumps(np.exp, 1e-9, np.random.default_rng(0))
    assert abs(mean - np.sinh(1)) < bound < 0.1
