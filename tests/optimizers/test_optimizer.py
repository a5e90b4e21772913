"""What all optimizers have in common: a learning rate or its schedule, clipping, the count of steps, the state."""

import copy
import json
import tracemalloc
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minidl import (
    L2,
    Adam,
    AdamW,
    ArgumentError,
    Constant,
    Cosine,
    ExponentialDecay,
    GradientDescent,
    Linear,
    MeanSquaredError,
    Momentum,
    Nesterov,
    NonFiniteError,
    Optimizer,
    RMSProp,
    Schedule,
    Sequential,
    StepDecay,
    WarmUp,
)

KINDS = [GradientDescent, Momentum, Nesterov, RMSProp, Adam, AdamW]
each = pytest.mark.parametrize("kind", KINDS)
GRADS = np.random.default_rng(0).standard_normal((30, 4))
SCHEDULE = WarmUp(5, Cosine(0.2, 20, 0.01))


def walk(optimizer, grads=GRADS, theta=None):
    theta = np.ones(4) if theta is None else theta
    path = []
    for grad in grads:
        optimizer.step(theta, grad)
        path.append(theta.copy())
    return np.array(path)


def walk_by_hand(optimizer, rates):
    theta, path = np.ones(4), []
    for grad, rate in zip(GRADS, rates, strict=True):
        optimizer.learning_rate = rate
        optimizer.step(theta, grad)
        path.append(theta.copy())
    return np.array(path)


class Signs(Optimizer):
    """One of a user's own, which knows of nothing."""

    def start(self, theta):
        self.seen = 0

    def update(self, theta, grad):
        self.seen += 1
        theta -= self.learning_rate * np.sign(grad) * np.abs(grad).max()


@pytest.mark.parametrize("kind", [*KINDS, Signs])
@pytest.mark.parametrize("schedule", [SCHEDULE, StepDecay(0.1, 7), ExponentialDecay(0.1, 3, 0.5), Constant(0.1)], ids=str)
def test_a_schedule_is_its_rates_set_by_hand(kind, schedule):
    rates = [schedule(step) for step in range(len(GRADS))]
    if 0 in rates:
        rates = [max(rate, 1e-300) for rate in rates]
    np.testing.assert_array_equal(walk(kind(schedule)), walk_by_hand(kind(1.0), rates))


@pytest.mark.parametrize("kind", [*KINDS, Signs])
def test_the_learning_rate_is_that_of_the_next_step(kind):
    optimizer, theta = kind(SCHEDULE), np.ones(4)
    assert (optimizer.learning_rate, optimizer.last_learning_rate, optimizer.steps_made) == (SCHEDULE(0), SCHEDULE(0), 0)
    for step, grad in enumerate(GRADS, start=1):
        optimizer.step(theta, grad)
        assert (optimizer.learning_rate, optimizer.last_learning_rate) == (SCHEDULE(step), SCHEDULE(step - 1))
        assert optimizer.steps_made == step
    assert optimizer.schedule is SCHEDULE


@each
def test_a_number_follows_no_schedule(kind):
    optimizer = kind(0.1)
    walk(optimizer)
    assert (optimizer.learning_rate, optimizer.last_learning_rate, optimizer.schedule, optimizer.steps_made) == (0.1, 0.1, None, 30)


def test_assigning_changes_it_between_steps():
    optimizer, theta = GradientDescent(0.5), np.zeros(1)
    rates = []
    for new in (None, StepDecay(1.0, 2, 0.5), None, None, 0.25, None):
        if new is not None:
            optimizer.learning_rate = new
        before = theta.copy()
        optimizer.step(theta, np.ones(1))
        rates.append(float(before[0] - theta[0]))
    assert rates == [0.5, 1.0, 0.5, 0.5, 0.25, 0.25]  # a schedule counts from the optimizer's first step
    assert optimizer.schedule is None


@each
def test_another_vector_starts_the_schedule_anew(kind):
    optimizer = kind(SCHEDULE)
    first = walk(optimizer)
    assert optimizer.learning_rate == SCHEDULE(30)
    np.testing.assert_array_equal(walk(optimizer), first)
    assert optimizer.steps_made == 30


@dataclass(frozen=True)
class Listed(Schedule):
    rates: tuple

    def __call__(self, step):
        return self.rates[step]


def test_a_schedule_of_ones_own_is_asked_for_no_step_too_many():
    optimizer = GradientDescent(Listed((0.3, 0.2, 0.1)))
    np.testing.assert_allclose(walk(optimizer, np.ones((3, 4)))[:, 0], [0.7, 0.5, 0.4])
    assert optimizer.steps_made == 3


@pytest.mark.parametrize("rate", [-0.1, np.nan, np.inf, None, "0.1"])
def test_what_a_schedule_returns_is_checked(rate):
    with pytest.raises(ArgumentError, match=r"the rate of Listed\(.*\) at step 0 must be finite and >= 0, got .* in Adam"):
        Adam(Listed((rate,)))
    optimizer, theta = Adam(Listed((0.1, rate))), np.ones(4)
    optimizer.step(theta, GRADS[0])
    kept = theta.copy()
    with pytest.raises(ArgumentError, match=r"at step 1 must be finite and >= 0"):
        optimizer.step(theta, GRADS[0])
    np.testing.assert_array_equal(theta, kept)


def test_a_wrong_one_changes_nothing():
    optimizer = Adam(SCHEDULE)
    for wrong in (0, "fast", Cosine, Listed((np.nan,))):
        with pytest.raises(ArgumentError):
            optimizer.learning_rate = wrong
        assert optimizer.schedule == SCHEDULE
        assert optimizer.learning_rate == SCHEDULE(0)


def test_the_message_names_schedules():
    with pytest.raises(
        ArgumentError, match=r"learning_rate must be finite and > 0, got 0 in Adam: .* or pass a Schedule such as Cosine\(0"
    ):
        Adam(0)


# Clipping


@pytest.mark.parametrize("kind", [*KINDS, Signs])
def test_clipping_is_a_step_along_the_shortened_gradient(kind):
    norms = np.linalg.norm(GRADS, axis=1)
    assert 0 < (norms > 1.8).sum() < len(norms)
    shortened = GRADS * np.minimum(1, 1.8 / norms)[:, np.newaxis]
    kept = GRADS.copy()
    np.testing.assert_allclose(walk(kind(0.1, clip_norm=1.8)), walk(kind(0.1), shortened), rtol=1e-12)
    np.testing.assert_array_equal(kept, GRADS)
    np.testing.assert_array_equal(walk(kind(0.1, clip_norm=100)), walk(kind(0.1)))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@given(seed=st.integers(0, 99), power=st.integers(-12, 30), most=st.floats(1e-3, 1e3))
def test_the_step_of_a_clipped_gradient_has_that_norm_and_its_direction(dtype, seed, power, most):
    grad = (np.random.default_rng(seed).standard_normal(7) * 10.0**power).astype(dtype)
    theta = np.zeros(7, dtype)
    GradientDescent(1.0, clip_norm=most).step(theta, grad)
    wide = grad.astype(np.float64)
    norm = np.linalg.norm(wide)
    tolerance = 1e-5 if dtype == np.float32 else 1e-12
    np.testing.assert_allclose(-theta.astype(np.float64), wide * min(1, most / norm), rtol=tolerance)


def test_float32_squares_that_overflow_do_not_end_the_training():
    theta, grad = np.zeros(2, np.float32), np.array([3e30, -4e30], np.float32)
    GradientDescent(1.0, clip_norm=5.0).step(theta, grad)
    np.testing.assert_allclose(theta, [-3, 4], rtol=1e-6)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_stays_so(bad):
    theta = np.zeros(2)
    GradientDescent(1.0, clip_norm=5.0).step(theta, np.array([1.0, bad]))
    assert not np.isfinite(theta).all()
    assert theta[0] == -1


def test_training_clips_the_whole_gradient_with_the_penalties_share():
    X, Y = np.random.default_rng(1).standard_normal((20, 3)), np.full((20, 1), 50.0)
    model = Sequential([Linear(3, 2), Linear(2, 1)], loss=MeanSquaredError(), penalties=[L2(5.0)], dtype=np.float64)
    before, slope = model.parameters.theta.copy(), model.gradient(X, Y)
    model.fit(X, Y, optimizer=GradientDescent(1.0, clip_norm=0.5), epochs=1, batch_size=None, progress=False)
    assert np.linalg.norm(slope) > 10
    np.testing.assert_allclose(before - model.parameters.theta, slope * 0.5 / np.linalg.norm(slope), rtol=1e-12)
    np.testing.assert_allclose(model.parameters.grad, slope)  # as it is


def test_a_gradient_that_is_not_finite_is_not_clipped_but_told():
    model = Sequential([Linear(1, 1)], loss=MeanSquaredError(), dtype=np.float64)
    with pytest.raises(NonFiniteError, match=r"gradient|loss"):
        model.fit([[1e200]], [[1.0]], optimizer=GradientDescent(0.1, clip_norm=1.0), epochs=3, progress=False)


@pytest.mark.parametrize("value", [0, -1, np.nan, np.inf, "1", True])
@each
def test_clip_norm_must_be_positive(kind, value):
    with pytest.raises(ArgumentError, match=f"clip_norm must be None, or finite and > 0, got {value!r} in {kind.__name__}"):
        kind(0.1, clip_norm=value)


def test_clip_norm_is_read_only():
    assert (Adam(clip_norm=2).clip_norm, Adam().clip_norm) == (2.0, None)
    with pytest.raises(AttributeError):
        Adam().clip_norm = 1.0


# Text and state


@pytest.mark.parametrize(
    ("optimizer", "text"),
    [
        (GradientDescent(0.1, clip_norm=1), "GradientDescent(learning_rate=0.1, clip_norm=1.0)"),
        (Momentum(Constant(0.1)), "Momentum(learning_rate=Constant(rate=0.1), beta=0.9)"),
        (
            AdamW(WarmUp(10, Cosine(0.1, 90)), weight_decay=0.1, clip_norm=2),
            "AdamW(learning_rate=WarmUp(steps=10, then=Cosine(rate=0.1, steps=90, final=0.0)), beta1=0.9, beta2=0.999, epsilon=1e-08, "
            "weight_decay=0.1, clip_norm=2.0)",
        ),
    ],
)
def test_the_text_names_schedule_and_clipping_and_stays_while_it_trains(optimizer, text):
    assert str(optimizer) == text
    walk(optimizer)
    assert str(optimizer) == text


@each
@pytest.mark.parametrize("rate", [0.1, SCHEDULE], ids=str)
@pytest.mark.parametrize("made", [1, 3, 5, 17])
def test_a_restored_one_goes_on_bit_for_bit(kind, rate, made):
    whole = walk(kind(rate, clip_norm=1.5))
    first, theta = kind(rate, clip_norm=1.5), np.ones(4)
    walk(first, GRADS[:made], theta)
    state = first.state()
    plain = {name: value for name, value in state.items() if not isinstance(value, np.ndarray)}
    assert json.loads(json.dumps(plain)) == plain
    second = kind(rate, clip_norm=1.5)
    second.restore(theta, copy.deepcopy(state))
    assert second.state().keys() == state.keys()
    assert (second.steps_made, second.learning_rate, second.last_learning_rate) == (made, first.learning_rate, first.last_learning_rate)
    np.testing.assert_array_equal(walk(second, GRADS[made:], theta), whole[made:])


def test_a_schedule_that_was_assigned_on_the_way_is_restored():
    first, theta = Adam(0.1), np.ones(4)
    walk(first, GRADS[:10], theta)
    first.learning_rate = SCHEDULE
    second = Adam(0.1)
    second.restore(theta, first.state())
    assert second.schedule == SCHEDULE
    first.learning_rate = 0.3
    second.restore(theta, first.state())
    assert (second.schedule, second.learning_rate) == (None, 0.3)


def test_a_schedule_of_ones_own_must_be_there_again():
    first, theta = Adam(Listed((0.1, 0.2))), np.ones(4)
    walk(first, GRADS[:1], theta)
    Adam(Listed((0.1, 0.2))).restore(theta, first.state())
    other = Adam(Listed((0.1, 0.3)))
    with pytest.raises(ArgumentError, match="give the optimizer the same schedule"):
        other.restore(theta, first.state())
    assert other.steps_made == 0


def test_attributes_of_ones_own_may_have_any_name():
    class Own(Signs):
        def __init__(self, rate):
            super().__init__(rate)
            self.schedule_name, self.steps, self.rate = "linear", 7, 0.5

    first, theta = Own(SCHEDULE), np.ones(4)
    walk(first, GRADS[:3], theta)
    second = Own(SCHEDULE)
    second.restore(theta, first.state())
    assert (second.steps, second.seen, second.steps_made, second.learning_rate) == (7, 3, 3, SCHEDULE(3))


def test_a_copy_goes_on_by_itself():
    optimizer, theta = Nesterov(SCHEDULE, clip_norm=1), np.ones(4)
    walk(optimizer, GRADS[:3], theta)
    twin, other = copy.deepcopy((optimizer, theta))
    walk(twin, GRADS[3:], other)
    assert (optimizer.steps_made, twin.steps_made) == (3, 30)
    np.testing.assert_array_equal(walk(optimizer, GRADS[3:], theta)[-1], other)


@pytest.mark.parametrize("optimizer", [kind(SCHEDULE, clip_norm=1e-3) for kind in KINDS], ids=lambda optimizer: type(optimizer).__name__)
def test_steps_after_the_first_allocate_no_arrays(optimizer):
    optimizer.fast = False
    theta, grad = np.ones(30_000, np.float32), np.ones(30_000, np.float32)  # each of 120 kB
    optimizer.step(theta, grad)
    tracemalloc.start()
    for _ in range(3):
        optimizer.step(theta, grad)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 20_000
