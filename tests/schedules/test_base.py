import copy
import math
import pickle
from dataclasses import FrozenInstanceError, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from schedule_strategies import ANY, PLAIN

from minidl import ArgumentError, Constant, Cosine, ExponentialDecay, Schedule, StepDecay, WarmUp


@given(schedule=ANY, step=st.integers(0, 10**7))
def test_rates_are_finite_and_never_above_the_first_full_one(schedule, step):
    top = schedule.after if isinstance(schedule, WarmUp) else schedule
    top = top(0) if isinstance(top, Schedule) else top
    assert 0 <= schedule(step) <= top * (1 + 1e-15)
    assert isinstance(schedule(step), float)


@given(schedule=PLAIN, step=st.integers(0, 10**5))
def test_without_a_warm_up_they_never_rise(schedule, step):
    assert schedule(step + 1) <= schedule(step) * (1 + 1e-15)


@given(schedule=ANY)
def test_the_text_says_all(schedule):
    names = {
        kind.__name__: kind for kind in (Constant, StepDecay, ExponentialDecay, Cosine, WarmUp)
    }
    assert eval(repr(schedule), names) == schedule


@pytest.mark.parametrize(
    ("schedule", "rates"),
    [
        (Constant(0.2), {0: 0.2, 10**9: 0.2}),
        (StepDecay(1.0, 3, 0.5), {0: 1, 2: 1, 3: 0.5, 5: 0.5, 6: 0.25, 10**6: 0}),
        (StepDecay(1, 3), {3: 0.1}),
        (ExponentialDecay(1.0, 4, 0.25), {0: 1, 2: 0.5, 4: 0.25, 8: 0.0625}),
        (ExponentialDecay(1, 2), {2: 0.1}),
        (Cosine(2.0, 6), {0: 2, 2: 1.5, 3: 1, 4: 0.5, 6: 0, 7: 0, 99: 0}),
        (Cosine(2.0, 6, 1.0), {0: 2, 2: 1.75, 3: 1.5, 6: 1, 99: 1}),
        (WarmUp(4, 0.8), {0: 0.2, 1: 0.4, 3: 0.8, 4: 0.8, 99: 0.8}),
        (WarmUp(2, Cosine(2.0, 6)), {0: 1, 1: 2, 2: 2, 4: 1.5, 5: 1, 8: 0}),
        (WarmUp(1, StepDecay(1, 1, 0.5)), {0: 1, 1: 1, 2: 0.5}),
        (WarmUp(2, WarmUp(2, 1.0)), {0: 0.25, 1: 0.5, 2: 0.5, 3: 1, 4: 1}),
    ],
    ids=str,
)
def test_rates(schedule, rates):
    np.testing.assert_allclose(
        [schedule(step) for step in rates], list(rates.values()), rtol=1e-12, atol=1e-15
    )


def test_the_stairs_lie_on_the_smooth_fall():
    stairs, smooth = StepDecay(0.3, 50, 0.4), ExponentialDecay(0.3, 50, 0.4)
    np.testing.assert_allclose(
        [stairs(50 * k) for k in range(9)], [smooth(50 * k) for k in range(9)], rtol=1e-12
    )
    assert all(stairs(step) >= smooth(step) for step in range(500))


def test_they_are_values():
    assert (
        Cosine(1, 10)
        == Cosine(1.0, np.int64(10), 0.0)
        == copy.deepcopy(Cosine(1, 10))
        == pickle.loads(pickle.dumps(Cosine(1, 10)))
    )
    assert Cosine(1, 10) != Cosine(1, 11)
    assert Constant(1) != WarmUp(1, 1)
    assert len({Cosine(1, 10), Cosine(1.0, 10), StepDecay(1, 10)}) == 2
    assert replace(Cosine(1, 10), final_learning_rate=0.5) == Cosine(1, 10, 0.5)
    with pytest.raises(FrozenInstanceError):
        Cosine(1, 10).decay_steps = 2


def test_repr():
    assert (
        str(WarmUp(10, Cosine(np.float32(0.5), 100)))
        == "WarmUp(warmup_steps=10, after=Cosine(initial_learning_rate=0.5, decay_steps=100, "
        "final_learning_rate=0.0))"
    )


@pytest.mark.parametrize(
    "make",
    [Constant, lambda v: StepDecay(v, 1), lambda v: ExponentialDecay(v, 1), lambda v: Cosine(v, 1)],
)
@pytest.mark.parametrize("value", [0, -0.1, math.nan, math.inf, "0.1", None, True, Constant(1)])
def test_the_rate_must_be_positive(make, value):
    with pytest.raises(
        ArgumentError,
        match=r"learning_rate must be finite and > 0, got .* in (Constant|Step|Exp|Cosine)",
    ):
        make(value)


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (lambda v: StepDecay(1, v), "decay_steps"),
        (lambda v: ExponentialDecay(1, v), "decay_steps"),
        (lambda v: Cosine(1, v), "decay_steps"),
        (lambda v: WarmUp(v, 1), "warmup_steps"),
    ],
)
@pytest.mark.parametrize("value", [0, -1, 1.5, 2.0, "2", None, True])
def test_steps_are_whole_numbers(make, name, value):
    with pytest.raises(ArgumentError, match=f"{name} must be an integer >= 1, got {value!r} in "):
        make(value)


@pytest.mark.parametrize("kind", [StepDecay, ExponentialDecay])
@pytest.mark.parametrize("value", [0, -0.5, 1.1, math.nan, "0.5"])
def test_a_factor_lies_in_0_to_1(kind, value):
    with pytest.raises(
        ArgumentError, match=rf"factor must be in \(0, 1\], got {value!r} in {kind.__name__}"
    ):
        kind(1, 1, value)


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


@pytest.mark.parametrize("value", [0, -1, math.inf, "0.1", None, Cosine])
def test_what_comes_after_a_warm_up_is_a_rate_or_a_schedule(value):
    with pytest.raises(
        ArgumentError,
        match=r"after must be finite and > 0, got .* in WarmUp: or pass a schedule such as Cosine",
    ):
        WarmUp(10, value)


def test_a_schedule_defines_its_call():
    with pytest.raises(TypeError, match="abstract"):
        Schedule()
