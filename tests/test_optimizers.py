import numpy as np
import pytest

from minidl import Adam, AdamW, ArgumentError, GradientDescent, Momentum, Nesterov, Optimizer, RMSProp, ShapeError
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
@pytest.mark.parametrize(("kind", "slope", "minimum", "rate", "steps"), TABLE, ids=lambda v: getattr(v, "__name__", None))
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


def walk(optimizer, grads=GRADS):
    theta = np.ones(4)
    path = []
    for grad in grads:
        optimizer.step(theta, grad)
        path.append(theta.copy())
    return np.array(path)


def test_gradient_descent_is_its_formula():
    np.testing.assert_allclose(walk(GradientDescent(0.1)), 1 - 0.1 * np.cumsum(GRADS, axis=0), rtol=1e-13)


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
    momentum, ahead, square, both = Momentum(0.1, 0.8), Nesterov(0.1, 0.8), RMSProp(0.1, 0.7), Adam(0.1, 0.8, 0.7)
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
    with pytest.raises(ArgumentError, match=rf"learning_rate must be finite and > 0, got .* in {kind.__name__}"):
        kind(rate)
    optimizer = kind(0.1)
    with pytest.raises(ArgumentError, match="learning_rate"):
        optimizer.learning_rate = rate
    assert optimizer.learning_rate == 0.1


@pytest.mark.parametrize(("kind", "name"), [(Momentum, "beta"), (Nesterov, "beta"), (RMSProp, "beta"), (Adam, "beta1"), (AdamW, "beta2")])
@pytest.mark.parametrize("value", [-0.1, 1, 1.5, np.nan, None])
def test_shares_lie_in_0_to_1(kind, name, value):
    with pytest.raises(ArgumentError, match=rf"{name} must be in \[0, 1\), got {value} in {kind.__name__}"):
        kind(0.1, **{name: value})


@pytest.mark.parametrize("kind", [Adam, AdamW, RMSProp])
@pytest.mark.parametrize("epsilon", [0, -1e-8, np.nan, np.inf, "small"])
def test_epsilon_must_be_positive(kind, epsilon):
    with pytest.raises(ArgumentError, match=f"epsilon must be finite and > 0, got {epsilon!r} in {kind.__name__}"):
        kind(epsilon=epsilon)


@pytest.mark.parametrize("decay", [-0.01, np.nan, np.inf, None])
def test_weight_decay_must_not_be_negative(decay):
    with pytest.raises(ArgumentError, match=f"weight_decay must be finite and >= 0, got {decay} in AdamW"):
        AdamW(weight_decay=decay)


@each
def test_vectors_of_another_shape_are_refused(kind):
    with pytest.raises(ShapeError, match=r"same shape, got \(3,\) and \(1,\)"):
        kind(0.1).step(np.ones(3), np.ones(1))


def test_an_own_optimizer_defines_start_and_update():
    class Signs(Optimizer):
        def start(self, theta):
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
    assert str(AdamW()) == "AdamW(learning_rate=0.001, beta1=0.9, beta2=0.999, epsilon=1e-08, weight_decay=0.01)"
