"""The conformance kit: right parts pass, each broken rule is named, and all comes back as it was."""

import copy

import numpy as np
import pytest
from helpers import Gain, Residual, classifier, rows
from hypothesis import given
from hypothesis import strategies as st

from minidl import (
    L1,
    L2,
    Adam,
    ArgumentError,
    BinaryCrossEntropy,
    CategoricalCrossEntropy,
    Dropout,
    DtypeError,
    Flatten,
    GradientDescent,
    GradientError,
    Layer,
    LeakyReLU,
    Linear,
    Loss,
    MeanSquaredError,
    Momentum,
    NonFiniteError,
    Optimizer,
    Penalty,
    ReLU,
    Sequential,
    ShapeError,
    Sigmoid,
    Softmax,
    Tanh,
    gradcheck,
)
from minidl.losses.binary_cross_entropy import SigmoidCrossEntropy
from minidl.losses.categorical_cross_entropy import SoftmaxCrossEntropy
from minidl.testing import assert_gradients, check_layer, check_loss, check_optimizer, check_penalty

X = np.random.default_rng(0).standard_normal((5, 3))


def failed(report):
    return {check.parameter for check in report.failures}


# assert_gradients


def test_a_right_model_passes_and_the_report_comes_back():
    report = assert_gradients(classifier(), *rows())
    assert report.ok
    assert report.difference < 1e-13


def test_a_wrong_model_raises_the_report():
    model = classifier()
    backward = model.layers[2].backward

    def doubled(dy):
        dx = backward(dy)
        model.layers[2].weight.grad[...] *= 2
        return dx

    model.layers[2].backward = doubled
    with pytest.raises(GradientError, match="weight") as raised:
        assert_gradients(model, *rows())
    assert isinstance(raised.value, AssertionError)


# check_layer


@pytest.mark.parametrize(
    "layer",
    [
        Linear(3, 4),
        Linear(3, 2, bias=False),
        ReLU(),
        LeakyReLU(0.1),
        Sigmoid(),
        Tanh(),
        Softmax(),
        Dropout(0.6),
        Flatten(),
        Gain(3),
        Residual(3),
    ],
    ids=str,
)
@pytest.mark.parametrize(
    "at", [X, np.zeros((1, 3)), np.float32(X), 30 * X], ids=["generic", "zero", "float32", "large"]
)
def test_right_layers_pass(layer, at):
    report = check_layer(copy.deepcopy(layer), at)
    assert report.ok, report
    assert report.difference < 1e-12
    assert {check.term for check in report.checks} == {"protocol", "layer"}


def test_a_stochastic_layer_is_checked_on_and_off():
    report = check_layer(Dropout(0.5), X)
    assert {check.training for check in report.checks if check.parameter == "input"} == {
        False,
        True,
    }
    assert {check.training for check in check_layer(Tanh(), X).checks} == {False}


class Broken(Gain):
    """A Gain that does one thing wrongly."""

    def __init__(self, how):
        super().__init__(3)
        self.how = how

    def forward(self, x, *, training=False):
        if self.how == "writes x":
            x *= 1.0
        if self.how == "trains otherwise" and training:
            self.twice = True
            return super().forward(2 * x)
        self.twice = False
        return super().forward(x)

    def backward(self, dy):
        if self.how == "writes dy":
            dy *= 1.0
        before = self.gain.grad.copy()
        dx = super().backward(dy)
        grad = self.gain.grad
        if self.how == "accumulates":
            grad += before
        elif self.how == "never fills":
            grad[...] = before
        elif self.how == "mean":
            grad /= len(dy)
        elif self.how == "sign":
            grad *= -1
        elif self.how == "one element":
            grad[1] *= 1.0001
        elif self.how == "wrong dx":
            return dx * 1.5
        elif self.how == "none":
            return None
        elif self.how == "constant dx":
            return 0 * dx + self.gain.value
        elif self.how == "float32 dx":
            return dx.astype(np.float32)
        return dx


@pytest.mark.parametrize(
    ("how", "rule"),
    [
        ("writes x", "arguments untouched"),
        ("writes dy", "arguments untouched"),
        ("accumulates", "gradients overwritten"),
        ("never fills", "gradients overwritten"),
        ("mean", "additive over the batch"),
        ("mean", "gain"),
        ("sign", "gain"),
        ("one element", "gain"),
        ("wrong dx", "input"),
        ("none", "input"),
        ("constant dx", "zero gives zero"),
        ("float32 dx", "shapes and dtypes"),
        ("trains otherwise", "input"),
    ],
)
def test_each_fault_of_a_layer_is_found(how, rule):
    report = check_layer(Broken(how), X)
    assert rule in failed(report), report
    check = next(check for check in report.failures if check.parameter == rule)
    assert check.diagnosis
    assert check.training == (how == "trains otherwise")


def state(layer):
    return {
        name: (held.value.tobytes(), held.grad.tobytes())
        if hasattr(held, "grad")
        else held.bit_generator.state
        if name == "rng"
        else id(held)
        for name, held in vars(layer).items()
        if name != "workspace"
    }


class Raises(Linear):
    def backward(self, dy):
        raise RuntimeError("in the middle")


def test_the_layer_comes_back_as_it_was_also_after_an_error():
    linear = Linear(3, 2)
    y = linear.forward(X.astype(np.float32)).copy()
    linear.backward(np.ones_like(y))
    before = state(linear)
    check_layer(linear, X)
    assert state(linear) == before
    assert linear.weight.value.dtype == np.float32
    raises = Raises(3, 2)
    raises.weight.value[...] = 3
    before = state(raises)
    with pytest.raises(RuntimeError, match="in the middle"):
        check_layer(raises, X)
    assert state(raises) == before


def test_random_streams_come_back_as_they_were():
    dropout = Dropout(0.5)
    dropout.rng = np.random.default_rng(3)
    expected = np.random.default_rng(3).random(4)
    check_layer(dropout, X)
    np.testing.assert_array_equal(dropout.rng.random(4), expected)
    alone = Dropout(0.5)
    check_layer(alone, X)
    assert alone.rng is None


def test_a_check_does_not_draw_the_weights_of_a_new_layer():
    checked, fresh = Linear(3, 2), Linear(3, 2)
    check_layer(checked, X)
    assert not checked.weight.has_value
    models = [Sequential([layer], loss=MeanSquaredError(), seed=7) for layer in (checked, fresh)]
    np.testing.assert_array_equal(models[0].parameters.theta, models[1].parameters.theta)


def test_a_layer_of_a_model_can_be_checked():
    model = classifier()
    theta = model.parameters.theta.copy()
    assert check_layer(model.layers[0], X).ok
    np.testing.assert_array_equal(model.parameters.theta, theta)
    assert np.shares_memory(model.layers[0].weight.value, model.parameters.theta)


class Root(Layer):
    """Defined for x > 0 alone."""

    def forward(self, x, *, training=False):
        self.y = np.sqrt(x)
        return self.y

    def backward(self, dy):
        return dy / (2 * self.y)


def test_a_layer_with_a_domain():
    assert check_layer(Root(), np.abs(X) + 0.1).ok
    with pytest.raises(NonFiniteError, match="domain"):
        check_layer(Root(), X - 10)


@pytest.mark.parametrize(
    ("arguments", "error", "said"),
    [
        ((Linear, X), ArgumentError, "Layer"),
        ((Tanh(), [["a"]]), DtypeError, "X"),
        ((Linear(4, 2), X), ShapeError, "4"),
    ],
)
def test_what_is_no_layer_or_no_input_is_refused(arguments, error, said):
    with pytest.raises(error, match=said):
        check_layer(*arguments)


# check_loss

PROBABILITIES = np.array([[0.2, 0.5, 0.3], [0.1, 0.1, 0.8]])


@pytest.mark.parametrize(
    ("loss", "prediction", "target"),
    [
        (MeanSquaredError(), X, X[::-1]),
        (MeanSquaredError(), [[0.5]], [1]),
        (BinaryCrossEntropy(), PROBABILITIES, np.array([[1, 0, 0.3], [0, 1, 1]])),
        (BinaryCrossEntropy(), [[1e-8], [1 - 1e-8]], [0, 1]),
        (SigmoidCrossEntropy(), 10 * X, X > 0),
        (SigmoidCrossEntropy(), np.zeros((2, 1)), [0, 1]),
        (CategoricalCrossEntropy(), PROBABILITIES, [1, 2]),
        (SoftmaxCrossEntropy(), 5 * X, [0, 1, 2, 0, 1]),
    ],
    ids=lambda part: str(part) if isinstance(part, Loss) else "",
)
def test_right_losses_pass(loss, prediction, target):
    report = check_loss(loss, prediction, target)
    assert report.ok, report
    assert report.checks[-1].parameter == "prediction"
    assert report.checks[-1].term == "data"
    assert report.difference < 1e-12
    assert set(vars(loss)) == set(vars(type(loss)()))


class BrokenLoss(MeanSquaredError):
    def __init__(self, how):
        self.how = how
        self.first = None

    def forward(self, prediction, target):
        if self.how == "writes prediction":
            prediction *= 1.0
        if self.how == "writes target":
            target *= 1.0
        if self.how == "broadcasts":
            self.wide = (prediction - target) * 1.0
            return (self.wide**2).mean()
        if self.how == "stale":
            self.first = prediction.copy() if self.first is None else self.first
        value = super().forward(prediction, target)
        return {"sum": value * prediction.size, "rows": np.full(2, value)}.get(self.how, value)

    def backward(self):
        if self.how == "broadcasts":
            return 2 * self.wide / self.wide.size
        gradient = super().backward().copy()
        if self.how == "stale":
            gradient = (
                gradient
                + 0 * self.first.sum()
                + (self.first.sum() == 0)
                + self.first[0, 0] * (gradient != gradient[0, 0])
            )
        return {
            "sum": gradient * gradient.size,
            "half": gradient / 2,
            "float32": gradient.astype(np.float32),
            "shape": gradient.ravel(),
        }.get(self.how, gradient)


@pytest.mark.parametrize(
    ("how", "rule"),
    [
        ("writes prediction", "arguments untouched"),
        ("writes target", "arguments untouched"),
        ("broadcasts", "other shapes refused"),
        ("sum", "a mean over the examples"),
        ("rows", "one number"),
        ("half", "prediction"),
        ("float32", "gradient like the prediction"),
        ("shape", "gradient like the prediction"),
        ("stale", "prediction"),
    ],
)
def test_each_fault_of_a_loss_is_found(how, rule):
    report = check_loss(BrokenLoss(how), X, X[::-1])
    assert rule in failed(report), report
    assert next(check for check in report.failures if check.parameter == rule).diagnosis


def test_a_loss_keeps_the_arguments_as_they_were():
    p, t = X.copy(), X[::-1].copy()
    check_loss(BrokenLoss("writes prediction"), p, t)
    check_loss(BrokenLoss("writes target"), p, t)
    np.testing.assert_array_equal(p, X)
    np.testing.assert_array_equal(t, X[::-1])


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ((MeanSquaredError, X, X), ArgumentError),
        ((MeanSquaredError(), X, X[:2]), ShapeError),
        ((MeanSquaredError(), np.ones(3), np.ones(3)), ShapeError),
        ((BinaryCrossEntropy(), [[0.5]], [2]), ArgumentError),
    ],
)
def test_what_is_no_loss_or_does_not_fit_is_refused(arguments, error):
    with pytest.raises(error):
        check_loss(*arguments)


# check_penalty


@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from([L1, L2]),
    st.sampled_from([0.0, 1e-3, 0.7, 100.0]),
    st.integers(1, 100),
)
def test_right_penalties_pass(seed, kind, strength, m):
    rng = np.random.default_rng(seed)
    weight = rng.standard_normal(tuple(rng.integers(1, 5, rng.integers(1, 4)))) * rng.integers(0, 2)
    report = check_penalty(kind(strength), weight, m)
    assert report.ok, report
    assert report.difference < 1e-13


class BrokenPenalty(L2):
    def __init__(self, how):
        super().__init__(0.5)
        self.how = how

    def value(self, weight, m):
        if self.how == "writes weight":
            weight *= 1.0
        if self.how == "rows":
            return (weight**2).sum(axis=1)
        return super().value(weight, m)

    def gradient(self, weight, m, out):
        if self.how == "adds":
            out += self.strength / m * weight
            return
        super().gradient(weight, m, out)
        if self.how == "forgets a row":
            out[0] = np.nan
        elif self.how == "no m":
            out *= m
        elif self.how == "double":
            out *= 2
        elif self.how == "sign of weight":
            np.sign(weight, out=out)


@pytest.mark.parametrize(
    ("how", "rule"),
    [
        ("writes weight", "weight untouched"),
        ("rows", "one number"),
        ("adds", "out overwritten"),
        ("forgets a row", "out overwritten"),
        ("no m", "weight"),
        ("double", "weight"),
        ("sign of weight", "weight"),
    ],
)
def test_each_fault_of_a_penalty_is_found(how, rule):
    weight = X.copy()
    report = check_penalty(BrokenPenalty(how), weight)
    assert rule in failed(report), report
    assert report.failures[0].diagnosis
    np.testing.assert_array_equal(weight, X)


def test_a_penalty_that_is_right_at_zero_alone_is_found_at_a_point_nearby():
    report = check_penalty(BrokenPenalty("double"), np.zeros((2, 2)))
    assert failed(report) == {"weight (a point nearby)"}


def test_what_is_no_penalty_is_refused():
    with pytest.raises(ArgumentError, match="Penalty"):
        check_penalty(0.1, X)
    assert issubclass(L2, Penalty)


# check_optimizer


@pytest.mark.parametrize(
    "make",
    [
        lambda: GradientDescent(0.1),
        lambda: GradientDescent(0.01),
        lambda: GradientDescent(1.0),
        lambda: Momentum(0.1),
        lambda: Momentum(0.05, beta=0.5),
        lambda: Adam(0.1),
        lambda: Adam(0.01),
        lambda: Adam(),
    ],
)
def test_right_optimizers_pass(make):
    report = check_optimizer(make)
    assert report.ok, report
    assert {check.term for check in report.checks} == {"protocol"}
    assert len(report.checks) == 7


class BrokenOptimizer(GradientDescent):
    state_names = ("total", "sum")

    def __init__(self, how):
        super().__init__(0.1)
        self.how = how
        self.sum = None
        self.rng = np.random.default_rng()

    def init_state(self, theta):
        super().init_state(theta)
        self.total = np.zeros_like(theta)
        if self.sum is None or self.how != "keeps its state":
            self.sum = 1.0

    def update(self, theta, grad):
        self.sum *= 0.5
        if self.how == "copies":
            theta = theta.copy()
        elif self.how == "writes the gradient":
            grad *= 1.0
        elif self.how == "uphill":
            grad = -grad
        elif self.how == "by chance":
            grad = grad * self.rng.uniform(0.5, 1.5, grad.shape)
        elif self.how == "keeps its state":
            grad = grad * (1 + self.sum)
        elif self.how == "other in float32":
            grad = grad * (1.5 if grad.dtype == np.float32 else 1.0)
        elif self.how == "only signs":
            grad = np.sign(grad)
        elif self.how == "first element":
            grad = np.where(np.arange(len(grad)) == 0, grad, 0)
        super().update(theta, grad)


@pytest.mark.parametrize(
    ("how", "rule"),
    [
        ("copies", "moves theta in place"),
        ("writes the gradient", "gradient untouched"),
        ("uphill", "finds the minimum of a parabola"),
        ("uphill", "gets down Rosenbrock's valley"),
        ("by chance", "repeatable"),
        ("keeps its state", "starts anew for another vector"),
        ("other in float32", "float32 as float64"),
        ("only signs", "finds the minimum of a parabola"),
        ("first element", "gets down Rosenbrock's valley"),
    ],
)
def test_each_fault_of_an_optimizer_is_found(how, rule):
    report = check_optimizer(lambda: BrokenOptimizer(how), steps=3000)
    assert rule in failed(report), report
    assert all(check.diagnosis for check in report.failures)


def test_a_useless_learning_rate_is_told():
    report = check_optimizer(lambda: GradientDescent(1e-9), steps=100)
    assert failed(report) == {"finds the minimum of a parabola", "gets down Rosenbrock's valley"}
    assert "too small a learning rate" in str(report)
    assert "too large a learning rate" in str(
        check_optimizer(lambda: GradientDescent(1000.0), steps=100)
    )


def test_what_makes_no_new_optimizer_is_refused():
    one = Adam()
    with pytest.raises(ArgumentError, match="new optimizer"):
        check_optimizer(lambda: one)
    with pytest.raises(ArgumentError, match="Optimizer"):
        check_optimizer(lambda: 3)
    assert issubclass(Adam, Optimizer)


def test_the_kit_s_names_are_explained():
    for part in (
        assert_gradients,
        check_layer,
        check_loss,
        check_penalty,
        check_optimizer,
        gradcheck.check_gradients,
    ):
        assert "Examples" in part.__doc__
