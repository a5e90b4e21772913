"""Adam follows its formula."""

import numpy as np
from optimizer_paths import GRADS, walk

from minidl import Adam


def test_adam_follows_its_formula():
    theta, v, s, path = np.ones(4), np.zeros(4), np.zeros(4), []
    for t, g in enumerate(GRADS, 1):
        v = 0.8 * v + 0.2 * g
        s = 0.99 * s + 0.01 * g**2
        theta = theta - 0.1 * (v / (1 - 0.8**t)) / (np.sqrt(s / (1 - 0.99**t)) + 1e-3)
        path.append(theta)
    np.testing.assert_allclose(walk(Adam(0.1, 0.8, 0.99, 1e-3)), path, rtol=1e-12)


def test_adams_first_step_is_the_learning_rate():
    theta = np.zeros(3)
    Adam(0.01).step(theta, np.array([5.0, -1e-3, 0.0]))
    np.testing.assert_allclose(theta, [-0.01, 0.01, 0], rtol=1e-4)
