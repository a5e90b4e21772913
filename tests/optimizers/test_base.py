"""The base class of optimizers: learning rate, schedule, step count, repr, state."""

import copy
import io
import json
import pickle
from contextlib import nullcontext

import numpy as np
import pytest
from optimizer_paths import GRADS, KINDS, SCHEDULE, Listed, Signs, each, walk

from minidl import (
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
    Optimizer,
    OptimizerWarning,
    RMSProp,
    Schedule,
    Sequential,
    ShapeError,
    StepDecay,
    WarmUp,
)


@each
def test_steps_are_in_place_and_leave_the_gradient(kind):
    theta, grad = np.ones(3), np.array([1.0, 2.0, 3.0])
    same_theta = theta
    kind(0.1).step(theta, grad)
    assert same_theta is theta
    assert (theta < 1).all()
    np.testing.assert_array_equal(grad, [1, 2, 3])


@each
def test_another_vector_starts_with_a_new_state(kind):
    optimizer = kind(0.1)
    first = walk(optimizer)
    with warned_of_lost_state(optimizer):
        again = walk(optimizer)
    np.testing.assert_array_equal(again, first)


def warned_of_lost_state(optimizer):
    if not optimizer.state_names and optimizer.schedule is None:
        return nullcontext()  # nothing is lost
    return pytest.warns(OptimizerWarning, match="starts anew: its state after 30 steps")


@each
def test_the_warning_comes_before_anything_has_changed_and_once(kind):
    optimizer, theta = kind(SCHEDULE), np.ones(4)
    walk(optimizer, theta=theta)
    other = np.ones(4)
    with pytest.raises(OptimizerWarning):  # as an error, as all warnings in these tests
        optimizer.step(other, GRADS[0])
    assert (other == 1).all()
    assert optimizer.belongs_to(theta)
    assert optimizer.step_count == 30
    with pytest.warns(OptimizerWarning) as caught:
        walk(optimizer, theta=other)
    assert len(caught) == 1
    assert caught[0].filename.endswith("optimizer_paths.py")


@each
def test_a_reset_optimizer_is_as_new(kind):
    optimizer = kind(SCHEDULE)
    first = walk(optimizer)
    optimizer.reset()
    assert optimizer.state() == kind(SCHEDULE).state()
    assert optimizer.last_learning_rate == SCHEDULE(0)
    np.testing.assert_array_equal(walk(optimizer), first)


def dumped_by_joblib(objects):
    joblib = pytest.importorskip("joblib")
    file = io.BytesIO()
    joblib.dump(objects, file)
    file.seek(0)
    return joblib.load(file)


def pickled(objects):
    return pickle.loads(pickle.dumps(objects))


def pickled_in_reverse(objects):
    return pickled(objects[::-1])[::-1]


def fit(model, optimizer):
    x = np.random.default_rng(0).standard_normal((16, 2))
    model.fit(x, x[:, 0], optimizer=optimizer, epochs=5, batch_size=5, progress=False)


@pytest.mark.parametrize(
    "duplicate", [copy.deepcopy, pickled, pickled_in_reverse, dumped_by_joblib]
)
@pytest.mark.parametrize("n_fits", [0, 1])
@each
def test_model_and_optimizer_copied_together_go_on_together(kind, n_fits, duplicate):
    model = Sequential([Linear(2, 1)], loss=MeanSquaredError())
    optimizer = kind(Cosine(0.05, decay_steps=40))
    for _ in range(n_fits):
        fit(model, optimizer)
    other_model, other_optimizer = duplicate(duplicate((model, optimizer)))
    fit(model, optimizer)
    fit(other_model, other_optimizer)
    assert optimizer.step_count == other_optimizer.step_count == (n_fits + 1) * 20
    np.testing.assert_array_equal(other_model.parameters.theta, model.parameters.theta)
    assert not other_optimizer.belongs_to(model.parameters.theta)
    assert not np.shares_memory(other_model.parameters.theta, model.parameters.theta)


def test_an_array_and_its_optimizer_are_copied_together():
    optimizer, theta = Adam(0.1), np.ones(4)
    walk(optimizer, theta=theta)
    other_optimizer, other_theta = copy.deepcopy((optimizer, theta))
    walk(optimizer, theta=theta)
    walk(other_optimizer, theta=other_theta)
    np.testing.assert_array_equal(other_theta, theta)


def test_an_optimizer_copied_alone_belongs_to_no_model_and_holds_no_parameters():
    model, optimizer = Sequential([Linear(2, 1)], loss=MeanSquaredError()), Adam(0.1)
    fit(model, optimizer)
    alone = pickled(optimizer)
    assert not any(value is not None for value in (alone._theta, alone._identity.vector))
    with pytest.warns(OptimizerWarning, match="copy or pickle the model and the optimizer"):
        fit(model, alone)


@each
def test_the_state_persists_for_the_same_vector(kind):
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


@each
def test_vectors_of_another_shape_are_refused(kind):
    with pytest.raises(ShapeError, match=r"same shape, got \(3,\) and \(1,\)"):
        kind(0.1).step(np.ones(3), np.ones(1))


def test_a_custom_optimizer_defines_init_state_and_update():
    class Signs(Optimizer):
        def init_state(self, theta):
            self._started = theta.shape

        def update(self, theta, grad):
            theta -= self.learning_rate * np.sign(grad)

    optimizer, theta = Signs(0.5), np.zeros(2)
    optimizer.step(theta, np.array([3.0, -4.0]))
    np.testing.assert_array_equal(theta, [-0.5, 0.5])
    assert optimizer._started == (2,)
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


def walk_by_hand(optimizer, rates):
    theta, path = np.ones(4), []
    for grad, rate in zip(GRADS, rates, strict=True):
        optimizer.learning_rate = rate
        optimizer.step(theta, grad)
        path.append(theta.copy())
    return np.array(path)


@pytest.mark.parametrize("kind", [*KINDS, Signs])
@pytest.mark.parametrize(
    "schedule", [SCHEDULE, StepDecay(0.1, 7), ExponentialDecay(0.1, 3, 0.5), Constant(0.1)], ids=str
)
def test_a_schedule_equals_learning_rates_assigned_at_each_step(kind, schedule):
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
def test_a_number_is_not_a_schedule(kind):
    optimizer = kind(0.1)
    walk(optimizer)
    assert (
        optimizer.learning_rate,
        optimizer.last_learning_rate,
        optimizer.schedule,
        optimizer.step_count,
    ) == (0.1, 0.1, None, 30)


def test_the_learning_rate_can_be_assigned_between_steps():
    optimizer, theta = GradientDescent(0.5), np.zeros(1)
    rates = []
    for new in (None, StepDecay(1.0, 2, 0.5), None, None, 0.25, None):
        if new is not None:
            optimizer.learning_rate = new
        before = theta.copy()
        optimizer.step(theta, np.ones(1))
        rates.append(float(before[0] - theta[0]))
    # A schedule is evaluated at the optimizer's step count, wherever it was assigned.
    assert rates == [0.5, 1.0, 0.5, 0.5, 0.25, 0.25]
    assert optimizer.schedule is None


@each
def test_another_vector_restarts_the_schedule(kind):
    optimizer = kind(SCHEDULE)
    first = walk(optimizer)
    assert optimizer.learning_rate == SCHEDULE(30)
    with warned_of_lost_state(optimizer):
        again = walk(optimizer)
    np.testing.assert_array_equal(again, first)
    assert optimizer.step_count == 30


def test_a_custom_schedule_is_not_evaluated_beyond_the_last_step():
    optimizer = GradientDescent(Listed((0.3, 0.2, 0.1)))
    np.testing.assert_allclose(walk(optimizer, np.ones((3, 4)))[:, 0], [0.7, 0.5, 0.4])
    assert optimizer.step_count == 3


@pytest.mark.parametrize("rate", [-0.1, np.nan, np.inf, None, "0.1"])
def test_the_learning_rate_that_a_schedule_returns_is_checked(rate):
    with pytest.raises(
        ArgumentError,
        match=r"the learning rate of Listed\(.*\) at step 0 must be finite and >= 0, got .* in A",
    ):
        Adam(Listed((rate,)))
    optimizer, theta = Adam(Listed((0.1, rate))), np.ones(4)
    optimizer.step(theta, GRADS[0])
    theta_before = theta.copy()
    with pytest.raises(ArgumentError, match=r"at step 1 must be finite and >= 0"):
        optimizer.step(theta, GRADS[0])
    np.testing.assert_array_equal(theta, theta_before)


def test_an_invalid_learning_rate_changes_nothing():
    optimizer = Adam(SCHEDULE)
    for invalid_rate in (0, "fast", Cosine, Listed((np.nan,))):
        with pytest.raises(ArgumentError):
            optimizer.learning_rate = invalid_rate
        assert optimizer.schedule == SCHEDULE
        assert optimizer.learning_rate == SCHEDULE(0)


def test_the_error_for_a_learning_rate_mentions_schedules():
    with pytest.raises(
        ArgumentError,
        match=r"learning_rate must be finite and > 0, got 0 in Adam: .* or pass a Schedule such ",
    ):
        Adam(0)


@pytest.mark.parametrize(
    ("optimizer", "text"),
    [
        (GradientDescent(0.1, clip_norm=1), "GradientDescent(learning_rate=0.1, clip_norm=1.0)"),
        (Momentum(Constant(0.1)), "Momentum(learning_rate=Constant(learning_rate=0.1), beta=0.9)"),
        (
            AdamW(WarmUp(10, Cosine(0.1, 90)), weight_decay=0.1, clip_norm=2),
            "AdamW(learning_rate=WarmUp(warmup_steps=10, after=Cosine(initial_learning_rate=0.1, "
            "decay_steps=90, final_learning_rate=0.0)), beta1=0.9, beta2=0.999, epsilon=1e-08, "
            "weight_decay=0.1, clip_norm=2.0)",
        ),
    ],
)
def test_repr_names_schedule_and_clipping_and_does_not_change_in_training(optimizer, text):
    assert str(optimizer) == text
    walk(optimizer)
    assert str(optimizer) == text


@each
@pytest.mark.parametrize("rate", [0.1, SCHEDULE], ids=str)
@pytest.mark.parametrize("n_steps", [1, 3, 5, 17])
def test_a_restored_optimizer_continues_bit_for_bit(kind, rate, n_steps):
    whole = walk(kind(rate, clip_norm=1.5))
    first, theta = kind(rate, clip_norm=1.5), np.ones(4)
    walk(first, GRADS[:n_steps], theta)
    state = first.state()
    plain = {name: value for name, value in state.items() if not isinstance(value, np.ndarray)}
    assert json.loads(json.dumps(plain)) == plain
    second = kind(rate, clip_norm=1.5)
    second.restore(theta, copy.deepcopy(state))
    assert second.state().keys() == state.keys()
    assert (second.step_count, second.learning_rate, second.last_learning_rate) == (
        n_steps,
        first.learning_rate,
        first.last_learning_rate,
    )
    np.testing.assert_array_equal(walk(second, GRADS[n_steps:], theta), whole[n_steps:])


def test_a_copy_is_independent():
    optimizer, theta = Nesterov(SCHEDULE, clip_norm=1), np.ones(4)
    walk(optimizer, GRADS[:3], theta)
    optimizer_copy, theta_copy = copy.deepcopy((optimizer, theta))
    walk(optimizer_copy, GRADS[3:], theta_copy)
    assert (optimizer.step_count, optimizer_copy.step_count) == (3, 30)
    np.testing.assert_array_equal(walk(optimizer, GRADS[3:], theta)[-1], theta_copy)


class Counting(Signs):
    """A custom optimizer with arguments and with all kinds of state."""

    state_names = ("seen", "total", "label", "nothing")

    def __init__(self, learning_rate, decay=0.5, power=2, *, clip_norm=None):
        super().__init__(learning_rate, clip_norm=clip_norm)
        self.decay, self.power = decay, power

    def init_state(self, theta):
        super().init_state(theta)
        self.total, self.label, self.nothing = np.zeros_like(theta), "linear", None
        self._work = np.empty_like(theta)


def test_the_state_of_a_custom_optimizer_is_what_state_names_lists():
    first, theta = Counting(SCHEDULE), np.ones(4)
    walk(first, GRADS[:3], theta)
    first.total += 7
    state = first.state()
    assert list(state) == ["learning_rate", "step_count", "seen", "total", "label", "nothing"]
    second = Counting(SCHEDULE)
    second.restore(theta, state)
    assert (second.seen, second.step_count, second.learning_rate) == (3, 3, SCHEDULE(3))
    np.testing.assert_array_equal(second.total, 7)
    assert not np.shares_memory(second.total, first.total)


def test_hyperparameters_returns_the_arguments_by_name():
    optimizer = Counting(SCHEDULE, power=3, clip_norm=1)
    assert list(optimizer.hyperparameters().items()) == [
        ("learning_rate", SCHEDULE),
        ("decay", 0.5),
        ("power", 3),
        ("clip_norm", 1.0),
    ]
    assert str(Counting(0.1)) == "Counting(learning_rate=0.1, decay=0.5, power=2)"


@pytest.mark.parametrize("value", [0, np.zeros(4), None, {}])
def test_state_missing_from_state_names_is_refused_with_the_cure(value):
    class Unlisted(Signs):
        def init_state(self, theta):
            super().init_state(theta)
            self.average = value

    optimizer, theta = Unlisted(0.1), np.ones(4)
    for _ in range(2):
        with pytest.raises(
            ArgumentError,
            match=r"state_names must list .* \('seen',\) without 'average' in Unlisted: add it",
        ):
            optimizer.step(theta, GRADS[0])
    np.testing.assert_array_equal(theta, 1)


def test_an_array_that_the_constructor_creates_is_state_too():
    class Premature(Signs):
        def __init__(self, rate):
            super().__init__(rate)
            self.average = np.zeros(4)

    with pytest.raises(ArgumentError, match="without 'average' in Premature"):
        Premature(0.1).step(np.ones(4), GRADS[0])


def test_names_in_state_names_without_attribute_are_refused_with_the_cure():
    class Stateless(Signs):
        state_names = ("seen", "average")

    with pytest.raises(ArgumentError, match="no attribute 'average' in Stateless: create it"):
        Stateless(0.1).step(np.ones(4), GRADS[0])


def test_state_must_be_arrays_and_plain_values():
    class WithDict(Signs):
        state_names = ("seen", "pairs")

        def init_state(self, theta):
            super().init_state(theta)
            self.pairs = {1: 2}

    optimizer = WithDict(0.1)
    walk(optimizer)
    with pytest.raises(
        ArgumentError, match=r"WithDict\.pairs is listed in state_names, .* got \{1: 2\}"
    ):
        optimizer.state()


@pytest.mark.parametrize("change", [{"velocity": np.ones(4)}, {"mean_square": None}])
def test_the_state_of_another_class_is_refused(change):
    optimizer, theta = RMSProp(), np.ones(4)
    walk(optimizer, theta=theta)
    state = {name: value for name, value in optimizer.state().items() if name not in change}
    state |= {name: value for name, value in change.items() if value is not None}
    with pytest.raises(
        ArgumentError, match=r"the state must consist of mean_square, got .* in RMSProp"
    ):
        RMSProp().restore(theta, state)


class Halving(Schedule):
    """Halves the learning rate after each epoch whose loss has not fallen."""

    def __init__(self):
        self.rate = 1.0

    def __call__(self, step):
        return self.rate

    def observe(self, history):
        if len(history["loss"]) > 1 and history["loss"][-1] >= history["loss"][-2]:
            self.rate /= 2

    def state(self):
        return {"rate": self.rate}

    def restore(self, state):
        self.rate = state["rate"]

    def reset(self):
        self.rate = 1.0


@pytest.mark.parametrize("wrap", [lambda schedule: schedule, lambda schedule: WarmUp(1, schedule)])
def test_observations_of_a_schedule_are_part_of_the_state(wrap):
    first, theta = GradientDescent(wrap(Halving())), np.ones(4)
    walk(first, GRADS[:3], theta)
    first.schedule.observe({"loss": [1.0, 2.0]})
    assert first.learning_rate == 0.5
    assert first.state()["schedule"] == {"rate": 0.5}
    second = GradientDescent(wrap(Halving()))
    second.restore(theta, copy.deepcopy(first.state()))
    assert (second.learning_rate, second.last_learning_rate) == (0.5, 1.0)
    first.reset()
    assert first.learning_rate == first.schedule(3) == 1.0
    with pytest.warns(OptimizerWarning):
        walk(second, GRADS[:1], np.ones(4))  # another vector
    assert second.learning_rate == 1.0
    assert "schedule" not in GradientDescent(SCHEDULE).state()


def test_state_that_does_not_exist_yet_hides_none_behind_it():
    class Late(GradientDescent):
        state_names = ("not_yet", "count")

    optimizer = Late(0.1)
    optimizer.count = 3
    assert optimizer.state() == {"learning_rate": 0.1, "step_count": 0, "count": 3}


@pytest.mark.parametrize("missing", ["init_state", "update"])
def test_an_optimizer_needs_a_state_and_a_step(missing):
    incomplete = type("Incomplete", (Signs,), {missing: getattr(Optimizer, missing)})
    with pytest.raises(TypeError, match=f"abstract method '?{missing}'?$"):
        incomplete(0.1)


def test_a_restored_state_has_the_dtype_of_theta():
    theta, grad = np.ones(3), np.ones(3)
    double, single = Adam(), Adam()
    double.step(theta, grad)
    single.restore(theta.astype(np.float32), double.state())
    arrays = [value for value in single.state().values() if isinstance(value, np.ndarray)]
    assert arrays
    assert {array.dtype for array in arrays} == {np.dtype(np.float32)}
