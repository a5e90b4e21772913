"""Each optimizer is its formula; and what all have in common: a learning rate or its schedule, clipping, the count of steps, the state."""

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
    ShapeError,
    StepDecay,
    WarmUp,
)
from minidl.testing import check_optimizer

KINDS = [GradientDescent, Momentum, Nesterov, RMSProp, Adam, AdamW]
each = pytest.mark.parametrize("kind", KINDS)
GRADS = np.random.default_rng(0).standard_normal((30, 4))


def parabola(t):
    return 2 * np.array([1, 10]) * (t - [3, -1])


def rosenbrock(t):
    x, y = t
    return np.array([-2 * (1 - x) - 40 * x * (y - x * x), 20 * (y - x * x)])


TABLE = [
    (GradientDescent, parabola, [3, -1], 0.05, 400),
    (Momentum, parabola, [3, -1], 0.05, 600),
    (Nesterov, parabola, [3, -1], 0.05, 600),
    (Adam, parabola, [3, -1], 0.05, 1500),
    (GradientDescent, rosenbrock, [1, 1], 0.005, 6000),
    (Momentum, rosenbrock, [1, 1], 0.005, 6000),
    (Nesterov, rosenbrock, [1, 1], 0.005, 6000),
    (Adam, rosenbrock, [1, 1], 0.01, 4000),
]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    ("kind", "slope", "minimum", "rate", "steps"), TABLE, ids=lambda v: getattr(v, "__name__", None)
)
def test_the_minimum_is_found(kind, slope, minimum, rate, steps, dtype):
    optimizer, theta = kind(rate), np.array([-1.2, 1], dtype)
    for _ in range(steps):
        optimizer.step(theta, slope(theta).astype(dtype))
    assert theta.dtype == dtype
    np.testing.assert_allclose(theta, minimum, atol=1e-3 if dtype == np.float32 else 1e-4)


@each
def test_it_passes_the_check_for_optimizers(kind):
    report = check_optimizer(lambda: kind(0.01))
    assert report.ok, report


def walk(optimizer, grads=GRADS, theta=None):
    theta = np.ones(4) if theta is None else theta
    path = []
    for grad in grads:
        optimizer.step(theta, grad)
        path.append(theta.copy())
    return np.array(path)


def test_gradient_descent_is_its_formula():
    np.testing.assert_allclose(
        walk(GradientDescent(0.1)), 1 - 0.1 * np.cumsum(GRADS, axis=0), rtol=1e-13
    )


def test_momentum_is_the_courses_formula():
    theta, v, path = np.ones(4), np.zeros(4), []
    for g in GRADS:
        v = 0.8 * v + (1 - 0.8) * g
        theta = theta - 0.1 * v
        path.append(theta)
    np.testing.assert_allclose(walk(Momentum(0.1, beta=0.8)), path, rtol=1e-13)


def test_adam_is_the_courses_formula():
    theta, v, s, path = np.ones(4), np.zeros(4), np.zeros(4), []
    for t, g in enumerate(GRADS, 1):
        v = 0.8 * v + 0.2 * g
        s = 0.99 * s + 0.01 * g**2
        theta = theta - 0.1 * (v / (1 - 0.8**t)) / (np.sqrt(s / (1 - 0.99**t)) + 1e-3)
        path.append(theta)
    np.testing.assert_allclose(walk(Adam(0.1, 0.8, 0.99, 1e-3)), path, rtol=1e-12)


def test_nesterovs_momentum_is_its_formula():
    theta, v, path = np.ones(4), np.zeros(4), []
    for g in GRADS:
        v = 0.8 * v + (1 - 0.8) * g
        theta = theta - 0.1 * (0.8 * v + (1 - 0.8) * g)
        path.append(theta)
    np.testing.assert_allclose(walk(Nesterov(0.1, beta=0.8)), path, rtol=1e-12)


def test_rmsprop_is_its_formula():
    theta, s, path = np.ones(4), np.zeros(4), []
    for g in GRADS:
        s = 0.8 * s + 0.2 * g**2
        theta = theta - 0.1 * g / (np.sqrt(s) + 1e-3)
        path.append(theta)
    np.testing.assert_allclose(walk(RMSProp(0.1, 0.8, 1e-3)), path, rtol=1e-12)


def test_adamw_decays_the_whole_vector_and_then_is_adam():
    theta, decayed, path = np.ones(4), AdamW(0.1, 0.8, 0.99, 1e-3, 0.5), []
    for along in np.diff(walk(Adam(0.1, 0.8, 0.99, 1e-3)), axis=0, prepend=1):
        theta = theta - 0.1 * 0.5 * theta + along
        path.append(theta)
    np.testing.assert_allclose(walk(decayed), path, rtol=1e-11)
    np.testing.assert_array_equal(walk(AdamW(0.1, weight_decay=0)), walk(Adam(0.1)))


def test_each_keeps_the_running_sums_that_it_names():
    v, s = np.zeros(4), np.zeros(4)
    momentum, ahead, square, both = (
        Momentum(0.1, 0.8),
        Nesterov(0.1, 0.8),
        RMSProp(0.1, 0.7),
        Adam(0.1, 0.8, 0.7),
    )
    for optimizer in (momentum, ahead, square, both):
        walk(optimizer)
    for g in GRADS:
        v, s = 0.8 * v + 0.2 * g, 0.7 * s + 0.3 * g**2
    np.testing.assert_allclose(momentum.velocity, v / 0.2, rtol=1e-11)
    np.testing.assert_allclose(ahead.ahead, 0.8 * v / 0.2, rtol=1e-11)
    np.testing.assert_allclose(square.square, s / 0.3, rtol=1e-11)
    np.testing.assert_allclose((both.mean, both.square), (v / 0.2, s / 0.3), rtol=1e-11)


@pytest.mark.parametrize("kind", [Momentum, Nesterov])
def test_momentum_without_beta_is_gradient_descent(kind):
    np.testing.assert_allclose(walk(kind(0.1, beta=0)), walk(GradientDescent(0.1)), rtol=1e-15)


def test_adams_first_step_is_the_learning_rate():
    theta = np.zeros(3)
    Adam(0.01).step(theta, np.array([5.0, -1e-3, 0.0]))
    np.testing.assert_allclose(theta, [-0.01, 0.01, 0], rtol=1e-4)


@each
def test_steps_are_in_place_and_leave_the_gradient(kind):
    theta, grad = np.ones(3), np.array([1.0, 2.0, 3.0])
    memory = theta
    kind(0.1).step(theta, grad)
    assert memory is theta
    assert (theta < 1).all()
    np.testing.assert_array_equal(grad, [1, 2, 3])


@each
def test_another_vector_starts_anew(kind):
    optimizer = kind(0.1)
    first = walk(optimizer)
    np.testing.assert_array_equal(walk(optimizer), first)


@each
def test_the_same_vector_goes_on(kind):
    optimizer, theta = kind(0.1), np.ones(4)
    for grad in GRADS[:10]:
        optimizer.step(theta, grad)
    for grad in GRADS[10:]:
        optimizer.step(theta, grad)
    np.testing.assert_array_equal(theta, walk(kind(0.1))[-1])


@each
def test_the_learning_rate_may_change_between_steps(kind):
    optimizer, theta = kind(0.1), np.zeros(1)
    optimizer.step(theta, np.ones(1))
    first = theta.copy()
    optimizer.learning_rate = 1e-9
    optimizer.step(theta, np.ones(1))
    assert abs(theta - first) < 1e-8
    assert optimizer.learning_rate == 1e-9


@each
@pytest.mark.parametrize("rate", [0, -0.1, np.nan, np.inf, "0.1", None, True, GradientDescent])
def test_the_learning_rate_must_be_positive(kind, rate):
    with pytest.raises(
        ArgumentError, match=rf"learning_rate must be finite and > 0, got .* in {kind.__name__}"
    ):
        kind(rate)
    optimizer = kind(0.1)
    with pytest.raises(ArgumentError, match="learning_rate"):
        optimizer.learning_rate = rate
    assert optimizer.learning_rate == 0.1


@pytest.mark.parametrize(
    ("kind", "name"),
    [(Momentum, "beta"), (Nesterov, "beta"), (RMSProp, "beta"), (Adam, "beta1"), (AdamW, "beta2")],
)
@pytest.mark.parametrize("value", [-0.1, 1, 1.5, np.nan, None])
def test_shares_lie_in_0_to_1(kind, name, value):
    with pytest.raises(
        ArgumentError, match=rf"{name} must be in \[0, 1\), got {value} in {kind.__name__}"
    ):
        kind(0.1, **{name: value})


@pytest.mark.parametrize("kind", [Adam, AdamW, RMSProp])
@pytest.mark.parametrize("epsilon", [0, -1e-8, np.nan, np.inf, "small"])
def test_epsilon_must_be_positive(kind, epsilon):
    with pytest.raises(
        ArgumentError, match=f"epsilon must be finite and > 0, got {epsilon!r} in {kind.__name__}"
    ):
        kind(epsilon=epsilon)


@pytest.mark.parametrize("decay", [-0.01, np.nan, np.inf, None])
def test_weight_decay_must_not_be_negative(decay):
    with pytest.raises(
        ArgumentError, match=f"weight_decay must be finite and >= 0, got {decay} in AdamW"
    ):
        AdamW(weight_decay=decay)


@each
def test_vectors_of_another_shape_are_refused(kind):
    with pytest.raises(ShapeError, match=r"same shape, got \(3,\) and \(1,\)"):
        kind(0.1).step(np.ones(3), np.ones(1))


def test_an_own_optimizer_defines_start_and_update():
    class Signs(Optimizer):
        def init_state(self, theta):
            self.started = theta.shape

        def update(self, theta, grad):
            theta -= self.learning_rate * np.sign(grad)

    optimizer, theta = Signs(0.5), np.zeros(2)
    optimizer.step(theta, np.array([3.0, -4.0]))
    np.testing.assert_array_equal(theta, [-0.5, 0.5])
    assert optimizer.started == (2,)
    with pytest.raises(TypeError, match="abstract"):
        Optimizer(0.1)


def test_repr():
    assert str(GradientDescent(0.1)) == "GradientDescent(learning_rate=0.1)"
    assert str(Momentum(0.1)) == "Momentum(learning_rate=0.1, beta=0.9)"
    assert str(Nesterov(0.1)) == "Nesterov(learning_rate=0.1, beta=0.9)"
    assert str(RMSProp()) == "RMSProp(learning_rate=0.001, beta=0.9, epsilon=1e-08)"
    assert str(Adam()) == "Adam(learning_rate=0.001, beta1=0.9, beta2=0.999, epsilon=1e-08)"
    assert (
        str(AdamW())
        == "AdamW(learning_rate=0.001, beta1=0.9, beta2=0.999, epsilon=1e-08, weight_decay=0.01)"
    )


# The learning rate

SCHEDULE = WarmUp(5, Cosine(0.2, 20, 0.01))


def walk_by_hand(optimizer, rates):
    theta, path = np.ones(4), []
    for grad, rate in zip(GRADS, rates, strict=True):
        optimizer.learning_rate = rate
        optimizer.step(theta, grad)
        path.append(theta.copy())
    return np.array(path)


class Signs(Optimizer):
    """One of a user's own, which knows of nothing."""

    def init_state(self, theta):
        self.seen = 0

    def update(self, theta, grad):
        self.seen += 1
        theta -= self.learning_rate * np.sign(grad) * np.abs(grad).max()


@pytest.mark.parametrize("kind", [*KINDS, Signs])
@pytest.mark.parametrize(
    "schedule", [SCHEDULE, StepDecay(0.1, 7), ExponentialDecay(0.1, 3, 0.5), Constant(0.1)], ids=str
)
def test_a_schedule_is_its_rates_set_by_hand(kind, schedule):
    rates = [schedule(step) for step in range(len(GRADS))]
    if 0 in rates:
        rates = [max(rate, 1e-300) for rate in rates]
    np.testing.assert_array_equal(walk(kind(schedule)), walk_by_hand(kind(1.0), rates))


@pytest.mark.parametrize("kind", [*KINDS, Signs])
def test_the_learning_rate_is_that_of_the_next_step(kind):
    optimizer, theta = kind(SCHEDULE), np.ones(4)
    assert (optimizer.learning_rate, optimizer.last_learning_rate, optimizer.step_count) == (
        SCHEDULE(0),
        SCHEDULE(0),
        0,
    )
    for step, grad in enumerate(GRADS, start=1):
        optimizer.step(theta, grad)
        assert (optimizer.learning_rate, optimizer.last_learning_rate) == (
            SCHEDULE(step),
            SCHEDULE(step - 1),
        )
        assert optimizer.step_count == step
    assert optimizer.schedule is SCHEDULE


@each
def test_a_number_follows_no_schedule(kind):
    optimizer = kind(0.1)
    walk(optimizer)
    assert (
        optimizer.learning_rate,
        optimizer.last_learning_rate,
        optimizer.schedule,
        optimizer.step_count,
    ) == (0.1, 0.1, None, 30)


def test_assigning_changes_it_between_steps():
    optimizer, theta = GradientDescent(0.5), np.zeros(1)
    rates = []
    for new in (None, StepDecay(1.0, 2, 0.5), None, None, 0.25, None):
        if new is not None:
            optimizer.learning_rate = new
        before = theta.copy()
        optimizer.step(theta, np.ones(1))
        rates.append(float(before[0] - theta[0]))
    assert rates == [
        0.5,
        1.0,
        0.5,
        0.5,
        0.25,
        0.25,
    ]  # a schedule counts from the optimizer's first step
    assert optimizer.schedule is None


@each
def test_another_vector_starts_the_schedule_anew(kind):
    optimizer = kind(SCHEDULE)
    first = walk(optimizer)
    assert optimizer.learning_rate == SCHEDULE(30)
    np.testing.assert_array_equal(walk(optimizer), first)
    assert optimizer.step_count == 30


@dataclass(frozen=True)
class Listed(Schedule):
    rates: tuple

    def __call__(self, step):
        return self.rates[step]


def test_a_schedule_of_ones_own_is_asked_for_no_step_too_many():
    optimizer = GradientDescent(Listed((0.3, 0.2, 0.1)))
    np.testing.assert_allclose(walk(optimizer, np.ones((3, 4)))[:, 0], [0.7, 0.5, 0.4])
    assert optimizer.step_count == 3


@pytest.mark.parametrize("rate", [-0.1, np.nan, np.inf, None, "0.1"])
def test_what_a_schedule_returns_is_checked(rate):
    with pytest.raises(
        ArgumentError,
        match=r"the rate of Listed\(.*\) at step 0 must be finite and >= 0, got .* in Adam",
    ):
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
        ArgumentError,
        match=r"learning_rate must be finite and > 0, got 0 in Adam: .* or pass a Schedule such as Cosine\(0",
    ):
        Adam(0)


# Clipping


@pytest.mark.parametrize("kind", [*KINDS, Signs])
def test_clipping_is_a_step_along_the_shortened_gradient(kind):
    norms = np.linalg.norm(GRADS, axis=1)
    assert 0 < (norms > 1.8).sum() < len(norms)
    shortened = GRADS * np.minimum(1, 1.8 / norms)[:, np.newaxis]
    kept = GRADS.copy()
    np.testing.assert_allclose(
        walk(kind(0.1, clip_norm=1.8)), walk(kind(0.1), shortened), rtol=1e-12
    )
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
    np.testing.assert_allclose(
        -theta.astype(np.float64), wide * min(1, most / norm), rtol=tolerance
    )


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
    model = Sequential(
        [Linear(3, 2), Linear(2, 1)], loss=MeanSquaredError(), penalties=[L2(5.0)], dtype=np.float64
    )
    before, slope = model.parameters.theta.copy(), model.gradient(X, Y)
    model.fit(
        X,
        Y,
        optimizer=GradientDescent(1.0, clip_norm=0.5),
        epochs=1,
        batch_size=None,
        progress=False,
    )
    assert np.linalg.norm(slope) > 10
    np.testing.assert_allclose(
        before - model.parameters.theta, slope * 0.5 / np.linalg.norm(slope), rtol=1e-12
    )
    np.testing.assert_allclose(model.parameters.grad, slope)  # as it is


def test_a_gradient_that_is_not_finite_is_not_clipped_but_told():
    model = Sequential([Linear(1, 1)], loss=MeanSquaredError(), dtype=np.float64)
    with pytest.raises(NonFiniteError, match=r"gradient|loss"):
        model.fit(
            [[1e200]],
            [[1.0]],
            optimizer=GradientDescent(0.1, clip_norm=1.0),
            epochs=3,
            progress=False,
        )


@pytest.mark.parametrize("value", [0, -1, np.nan, np.inf, "1", True])
@each
def test_clip_norm_must_be_positive(kind, value):
    with pytest.raises(
        ArgumentError,
        match=f"clip_norm must be finite and > 0, got {value!r} in {kind.__name__}: or None",
    ):
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
    assert (second.step_count, second.learning_rate, second.last_learning_rate) == (
        made,
        first.learning_rate,
        first.last_learning_rate,
    )
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
    assert other.step_count == 0


def test_attributes_of_ones_own_may_have_any_name():
    class Own(Signs):
        def __init__(self, rate):
            super().__init__(rate)
            self.schedule_name, self.steps, self.rate = "linear", 7, 0.5

    first, theta = Own(SCHEDULE), np.ones(4)
    walk(first, GRADS[:3], theta)
    second = Own(SCHEDULE)
    second.restore(theta, first.state())
    assert (second.steps, second.seen, second.step_count, second.learning_rate) == (
        7,
        3,
        3,
        SCHEDULE(3),
    )


def test_a_copy_goes_on_by_itself():
    optimizer, theta = Nesterov(SCHEDULE, clip_norm=1), np.ones(4)
    walk(optimizer, GRADS[:3], theta)
    twin, other = copy.deepcopy((optimizer, theta))
    walk(twin, GRADS[3:], other)
    assert (optimizer.step_count, twin.step_count) == (3, 30)
    np.testing.assert_array_equal(walk(optimizer, GRADS[3:], theta)[-1], other)


@pytest.mark.parametrize(
    "optimizer",
    [kind(SCHEDULE, clip_norm=1e-3) for kind in KINDS],
    ids=lambda optimizer: type(optimizer).__name__,
)
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
