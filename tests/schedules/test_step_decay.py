"""Step decay: stairs on the smooth decay."""

import numpy as np
import pytest

from minidl import ExponentialDecay, StepDecay


@pytest.mark.parametrize(
    ("schedule", "rates"),
    [
        (StepDecay(1.0, 3, 0.5), {0: 1, 2: 1, 3: 0.5, 5: 0.5, 6: 0.25, 10**6: 0}),
        (StepDecay(1, 3), {3: 0.1}),
    ],
    ids=str,
)
def test_the_learning_rates_follow_the_formula(schedule, rates):
    np.testing.assert_allclose(
        [schedule(step) for step in rates], list(rates.values()), rtol=1e-12, atol=1e-15
    )


def test_step_decay_meets_exponential_decay_at_each_step():
    stairs, smooth = StepDecay(0.3, 50, 0.4), ExponentialDecay(0.3, 50, 0.4)
    np.testing.assert_allclose(
        [stairs(50 * k) for k in range(9)], [smooth(50 * k) for k in range(9)], rtol=1e-12
    )
    assert all(stairs(step) >= smooth(step) for step in range(500))
