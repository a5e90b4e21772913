"""Momentum follows its formula."""

import numpy as np
import pytest
from optimizer_paths import GRADS, walk

from minidl import GradientDescent, Momentum, Nesterov


def test_momentum_follows_its_formula():
    theta, v, path = np.ones(4), np.zeros(4), []
    for g in GRADS:
        v = 0.8 * v + (1 - 0.8) * g
        theta = theta - 0.1 * v
        path.append(theta)
    np.testing.assert_allclose(walk(Momentum(0.1, beta=0.8)), path, rtol=1e-13)


@pytest.mark.parametrize("kind", [Momentum, Nesterov])
def test_momentum_without_beta_is_gradient_descent(kind):
    np.testing.assert_allclose(walk(kind(0.1, beta=0)), walk(GradientDescent(0.1)), rtol=1e-15)
