"""ConjugateGradient: its arguments. Its path is tested in tests/training/test_full_batch.py."""

import numpy as np

from minidl import ConjugateGradient


def test_the_options_are_those_of_scipy():
    optimizer = ConjugateGradient(gradient_tolerance=0.1)
    assert optimizer.scipy_options() == {"gtol": 0.1}
    assert repr(optimizer) == "ConjugateGradient(gradient_tolerance=0.1)"


def test_it_needs_one_direction_per_dimension_of_a_parabola():
    """Conjugate directions of a quadratic function lead to its minimum in as many steps."""
    curvature, points = np.array([1.0, 4.0, 25.0]), []

    def parabola(point):
        return float(curvature @ point**2) / 2, curvature * point

    optimizer = ConjugateGradient(gradient_tolerance=1e-3)
    optimizer.minimize(parabola, np.ones(3), lambda point: points.append(point) or True)
    assert len(points) <= 12  # its line search is not exact
    np.testing.assert_allclose(points[-1], 0, atol=1e-3)
