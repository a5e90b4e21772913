"""Nesterov follows its formula."""

import numpy as np
from optimizer_paths import GRADS, walk

from minidl import Nesterov


def test_nesterov_follows_its_formula():
    theta, v, path = np.ones(4), np.zeros(4), []
    for g in GRADS:
        v = 0.8 * v + (1 - 0.8) * g
        theta = theta - 0.1 * (0.8 * v + (1 - 0.8) * g)
        path.append(theta)
    np.testing.assert_allclose(walk(Nesterov(0.1, beta=0.8)), path, rtol=1e-12)
