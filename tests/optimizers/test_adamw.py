"""AdamW decays the whole vector and makes a step of Adam."""

import numpy as np
import pytest
from optimizer_paths import walk

from minidl import Adam, AdamW, ArgumentError


def test_adamw_decays_the_whole_vector_and_then_steps_as_adam():
    theta, decayed, path = np.ones(4), AdamW(0.1, 0.8, 0.99, 1e-3, 0.5), []
    for along in np.diff(walk(Adam(0.1, 0.8, 0.99, 1e-3)), axis=0, prepend=1):
        theta = theta - 0.1 * 0.5 * theta + along
        path.append(theta)
    np.testing.assert_allclose(walk(decayed), path, rtol=1e-11)
    np.testing.assert_array_equal(walk(AdamW(0.1, weight_decay=0)), walk(Adam(0.1)))


@pytest.mark.parametrize("decay", [-0.01, np.nan, np.inf, None])
def test_weight_decay_must_not_be_negative(decay):
    with pytest.raises(
        ArgumentError, match=f"weight_decay must be finite and >= 0, got {decay} in AdamW"
    ):
        AdamW(weight_decay=decay)


def test_its_arguments_are_those_of_adam():
    adamw = AdamW(0.1, 0.8, 0.99, 1e-6, 0.0, clip_norm=2.0, fast=False)
    adam = Adam(0.1, 0.8, 0.99, 1e-6, clip_norm=2.0, fast=False)
    assert (adamw.fast, adamw.clip_norm) == (adam.fast, adam.clip_norm) == (False, 2.0)
    first, second = np.ones(3), np.ones(3)
    for grad in (np.array([3.0, -4.0, 1e-7]), np.array([0.1, 0.0, 2.0])):
        adamw.step(first, grad)
        adam.step(second, grad)
    np.testing.assert_array_equal(first, second)
