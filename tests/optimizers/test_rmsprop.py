"""RMSProp follows its formula."""

import numpy as np
from optimizer_paths import GRADS, walk

from minidl import RMSProp


def test_rmsprop_follows_its_formula():
    theta, s, path = np.ones(4), np.zeros(4), []
    for g in GRADS:
        s = 0.8 * s + 0.2 * g**2
        theta = theta - 0.1 * g / (np.sqrt(s) + 1e-3)
        path.append(theta)
    np.testing.assert_allclose(walk(RMSProp(0.1, 0.8, 1e-3)), path, rtol=1e-12)
