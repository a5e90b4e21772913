"""Exponential decay."""

import numpy as np
import pytest

from minidl import ExponentialDecay


@pytest.mark.parametrize(
    ("schedule", "rates"),
    [
        (ExponentialDecay(1.0, 4, 0.25), {0: 1, 2: 0.5, 4: 0.25, 8: 0.0625}),
        (ExponentialDecay(1, 2), {2: 0.1}),
    ],
    ids=str,
)
def test_the_learning_rates_follow_the_formula(schedule, rates):
    np.testing.assert_allclose(
        [schedule(step) for step in rates], list(rates.values()), rtol=1e-12, atol=1e-15
    )
