"""Cosine decay."""

import math

import numpy as np
import pytest

from minidl import ArgumentError, Cosine


@pytest.mark.parametrize(
    ("schedule", "rates"),
    [
        (Cosine(2.0, 6), {0: 2, 2: 1.5, 3: 1, 4: 0.5, 6: 0, 7: 0, 99: 0}),
        (Cosine(2.0, 6, 1.0), {0: 2, 2: 1.75, 3: 1.5, 6: 1, 99: 1}),
    ],
    ids=str,
)
def test_the_learning_rates_follow_the_formula(schedule, rates):
    np.testing.assert_allclose(
        [schedule(step) for step in rates], list(rates.values()), rtol=1e-12, atol=1e-15
    )


@pytest.mark.parametrize(
    ("value", "rule"),
    [
        (-0.1, "finite and >= 0"),
        (math.nan, "finite"),
        (None, "finite"),
        (0.2, r"in \[0, initial_learning_rate\] = \[0, 0\.1\]"),
    ],
)
def test_the_final_rate_lies_below_the_first(value, rule):
    with pytest.raises(
        ArgumentError, match=rf"final_learning_rate must be {rule}.*, got {value!r} in Cosine"
    ):
        Cosine(0.1, 10, value)


def test_over_a_training_it_falls_to_0():
    schedule = Cosine.over(0.5, 8)
    assert [schedule(0), schedule(4), schedule(8)] == pytest.approx([0.5, 0.25, 0])
