"""The base class of schedules, and the range, repr and arguments of all of them."""

import copy
import math
import pickle
from dataclasses import FrozenInstanceError, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from schedule_strategies import ANY, PLAIN

from minidl import (
    ArgumentError,
    Constant,
    Cosine,
    ExponentialDecay,
    Schedule,
    StepDecay,
    WarmUp,
    schedules,
)


@given(schedule=ANY, step=st.integers(0, 10**7))
def test_learning_rates_are_finite_and_at_most_the_initial_one(schedule, step):
    top = schedule.after if isinstance(schedule, WarmUp) else schedule
    top = top(0) if isinstance(top, Schedule) else top
    assert 0 <= schedule(step) <= top * (1 + 1e-15)
    assert isinstance(schedule(step), float)


@given(schedule=PLAIN, step=st.integers(0, 10**5))
def test_without_warm_up_learning_rates_never_rise(schedule, step):
    assert schedule(step + 1) <= schedule(step) * (1 + 1e-15)


@given(schedule=ANY)
def test_repr_recreates_the_schedule(schedule):
    names = {name: getattr(schedules, name) for name in schedules.__all__}
    assert eval(repr(schedule), names) == schedule


def test_schedules_are_compared_by_value():
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
def test_the_learning_rate_must_be_positive(make, value):
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
def test_numbers_of_steps_must_be_integers(make, name, value):
    with pytest.raises(ArgumentError, match=f"{name} must be an integer >= 1, got {value!r} in "):
        make(value)


@pytest.mark.parametrize("kind", [StepDecay, ExponentialDecay])
@pytest.mark.parametrize("value", [0, -0.5, 1.1, math.nan, "0.5"])
def test_factor_must_be_in_0_to_1(kind, value):
    with pytest.raises(
        ArgumentError, match=rf"factor must be in \(0, 1\], got {value!r} in {kind.__name__}"
    ):
        kind(1, 1, value)


def test_a_schedule_defines_its_call():
    with pytest.raises(TypeError, match="abstract"):
        Schedule()
