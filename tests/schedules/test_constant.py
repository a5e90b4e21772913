"""A constant learning rate."""

import numpy as np
import pytest

from minidl import Constant


@pytest.mark.parametrize(
    ("schedule", "rates"),
    [
        (Constant(0.2), {0: 0.2, 10**9: 0.2}),
    ],
    ids=str,
)
def test_the_learning_rates_follow_the_formula(schedule, rates):
    np.testing.assert_allclose(
        [schedule(step) for step in rates], list(rates.values()), rtol=1e-12, atol=1e-15
    )
