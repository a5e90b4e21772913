"""A layer, parameter or buffer that `forward` makes anew is an error that names its place."""

import copy

import numpy as np
import pytest

from minidl import (
    ArgumentError,
    Buffer,
    Chain,
    GradientChecker,
    GradientDescent,
    He,
    Layer,
    Linear,
    MeanSquaredError,
    Parameter,
    ReLU,
    Sequential,
    Tanh,
    Zeros,
)
from minidl.testing import check_layer

RNG = np.random.default_rng(0)
X, Y = RNG.standard_normal((8, 3)), RNG.standard_normal((8, 3))


def matrix():
    parameter = Parameter((3, 3), init=He(), fan_in=3)
    parameter.initialize()
    return parameter


class Product(Layer):
    """y = x @ weight @ ws[0]; a subclass makes something in forward."""

    def __init__(self):
        self.weight = matrix()
        self.ws = [matrix()]
        self.mean = Buffer((3,), init=Zeros())
        self.act = Tanh()

    def make(self):
        pass

    def forward(self, x, *, training=False):
        self.x = x
        self.make()
        return x @ self.weight.value @ self.ws[0].value

    def backward(self, dy):
        first, second = self.weight.value, self.ws[0].value
        self.weight.grad[...] = self.x.T @ (dy @ second.T)
        self.ws[0].grad[...] = (self.x @ first).T @ dy
        return dy @ second.T @ first.T


def attribute(name, make):
    return lambda layer: setattr(layer, name, make())


# What forward does, and what the error says.
MADE = {
    "parameter": (attribute("weight", matrix), r"'weight' of layer 1\.0, Made\(\), was replaced"),
    "in a list": (lambda layer: layer.ws.__setitem__(0, matrix()), "'ws.0' .* was replaced"),
    "appended": (lambda layer: layer.ws.append(matrix()), "'ws.1' .* was added"),
    "buffer": (
        attribute("mean", lambda: Buffer((3,), init=Zeros())),
        "'mean' .* was replaced",
    ),
    "child": (attribute("child", lambda: Linear(3, 3)), "'child' .* was added"),
    "child without parameters": (attribute("act", Tanh), "'act' .* was replaced"),
    "removed": (lambda layer: vars(layer).pop("act", None), "'act' .* was removed"),
    "the first time": (
        lambda layer: vars(layer).setdefault("child", Linear(3, 3)),
        "'child' .* was added",
    ),
}
CASES = pytest.mark.parametrize(("make", "message"), MADE.values(), ids=list(MADE))


def made(make):
    return type("Made", (Product,), {"make": make})()


def model_with(make):
    return Sequential([ReLU(), Chain(made(make))], loss=MeanSquaredError(), dtype=np.float64)


@CASES
@pytest.mark.parametrize(
    "ask",
    [
        lambda model: model.predict(X),
        lambda model: model.predict(X[:1]),
        lambda model: model.evaluate(X, Y),
        lambda model: model.objective(X, Y),
        lambda model: model.gradient(X, Y),
    ],
    ids=["predict", "predict one row", "evaluate", "objective", "gradient"],
)
def test_questions_refuse_what_forward_makes(make, message, ask):
    model = model_with(make)
    for _ in range(2):  # not only the first time
        with pytest.raises(ArgumentError, match=f"{message}: create them in __init__, never in"):
            ask(model)


@CASES
def test_nothing_is_saved_or_trained_afterwards(make, message, tmp_path):
    model = model_with(make)
    before = model.parameters.theta.tobytes()
    model.objective_function.forward(X)
    with pytest.raises(ArgumentError, match=message):
        model.save(tmp_path / "model.h5")
    assert not list(tmp_path.iterdir())
    with pytest.raises(ArgumentError, match=message):
        model.fit(X, Y, optimizer=GradientDescent(0.1), epochs=1, progress=False)
    assert model.parameters.theta.tobytes() == before


@CASES
def test_the_checker_fails_it(make, message):
    place, verb = message.split("'")[1], message.split()[-1]
    told = f"{place}' is {verb}: create them in __init__"  # the chain says '0.{place}'
    for report in (check_layer(made(make), X), GradientChecker(model_with(make)).check(X, Y)):
        rows = [
            row for row in report.failures if row.parameter == "no parameter or layer made anew"
        ]
        assert rows
        assert all(told in row.diagnosis for row in rows)


def test_a_layer_that_makes_nothing_passes():
    model = model_with(lambda layer: None)
    assert GradientChecker(model).check(X, Y).ok
    np.testing.assert_array_equal(copy.deepcopy(model).predict(X), model.predict(X))
