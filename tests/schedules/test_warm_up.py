"""A linear warm-up before another schedule."""

import math

import numpy as np
import pytest

from minidl import ArgumentError, Cosine, PlateauDecay, StepDecay, WarmUp


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


def test_what_the_schedule_after_it_has_observed_is_kept_restored_and_forgotten():
    schedule = WarmUp(2, PlateauDecay(1.0, patience=1))
    for loss in (1.0, 1.0, 1.0):
        schedule.observe({"loss": [loss]})
    assert [schedule(0), schedule(1)] == pytest.approx([0.05, 0.1])
    assert schedule.state() == schedule.after.state() != {}
    other = WarmUp(2, PlateauDecay(1.0, patience=1))
    other.restore(schedule.state())
    assert other(1) == schedule(1)
    schedule.reset()
    assert schedule(1) == 1.0
    number = WarmUp(2, 0.1)
    number.observe({"loss": [1.0]})
    number.restore(number.state())
    number.reset()
    assert number.state() == {}
