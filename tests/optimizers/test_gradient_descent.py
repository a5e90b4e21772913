"""Gradient descent follows its formula."""

import numpy as np
from optimizer_paths import GRADS, walk

from minidl import GradientDescent


def test_gradient_descent_follows_its_formula():
    np.testing.assert_allclose(
        walk(GradientDescent(0.1)), 1 - 0.1 * np.cumsum(GRADS, axis=0), rtol=1e-13
    )
