"""A linear warm-up before another schedule."""

import math

import numpy as np
import pytest

from minidl import ArgumentError, Cosine, StepDecay, WarmUp


@pytest.mark.parametrize(
    ("schedule", "rates"),
    [
        (WarmUp(4, 0.8), {0: 0.2, 1: 0.4, 3: 0.8, 4: 0.8, 99: 0.8}),
        (WarmUp(2, Cosine(2.0, 6)), {0: 1, 1: 2, 2: 2, 4: 1.5, 5: 1, 8: 0}),
        (WarmUp(1, StepDecay(1, 1, 0.5)), {0: 1, 1: 1, 2: 0.5}),
        (WarmUp(2, WarmUp(2, 1.0)), {0: 0.25, 1: 0.5, 2: 0.5, 3: 1, 4: 1}),
    ],
    ids=str,
)
def test_the_learning_rates_follow_the_formula(schedule, rates):
    np.testing.assert_allclose(
        [schedule(step) for step in rates], list(rates.values()), rtol=1e-12, atol=1e-15
    )


@pytest.mark.parametrize("value", [0, -1, math.inf, "0.1", None, Cosine])
def test_a_warm_up_is_followed_by_a_number_or_a_schedule(value):
    with pytest.raises(
        ArgumentError,
        match=r"after must be finite and > 0, got .* in WarmUp: or pass a schedule such as Cosine",
    ):
        WarmUp(10, value)
