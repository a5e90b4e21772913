"""`method="central"`: central differences of the total objective, one element at a time."""

import numpy as np
import pytest
from custom_parts import Abs
from helpers import rows

from minidl import (
    L2,
    BinaryCrossEntropy,
    Layer,
    Linear,
    MeanSquaredError,
    ReLU,
    Sequential,
    Sigmoid,
    Tanh,
)
from minidl.gradcheck import GradientChecker


def net(*middle, penalties=()):
    layers = [Linear(3, 4), *middle, Linear(4, 1), Sigmoid()]
    return Sequential(
        layers, loss=BinaryCrossEntropy(), penalties=penalties, dtype=np.float64, seed=2
    )


@pytest.mark.parametrize("epsilon", [None, 1e-4, 1e-5])
def test_the_central_method_gives_the_relative_error_of_one_vector(epsilon):
    X, Y = rows()
    model = net(Tanh(), penalties=[L2(0.3)])
    h = epsilon or 1e-7
    analytic, theta = model.gradient(X, Y), model.parameters.theta.copy()
    numeric = np.empty(theta.size)
    for k in range(theta.size):
        values = []
        for sign in (1, -1):
            model.parameters.theta[k] = theta[k] + sign * h
            values.append(model.objective(X, Y)["total"])
            model.parameters.theta[k] = theta[k]
        numeric[k] = (values[0] - values[1]) / (2 * h)
    expected = np.linalg.norm(analytic - numeric) / (
        np.linalg.norm(analytic) + np.linalg.norm(numeric)
    )
    report = GradientChecker(model, method="central", epsilon=epsilon).check(X, Y)
    assert report.ok
    assert report.difference == pytest.approx(expected, rel=1e-6)
    assert report.method == f"central differences, epsilon = {h:g}"
    assert {check.term for check in report.checks} == {"total"}


def test_the_central_method_finds_bugs():
    model = net(Tanh())
    right = model.layers[1].backward
    model.layers[1].backward = lambda dy: 1.1 * right(dy)
    report = GradientChecker(model, method="central").check(*rows())
    assert {(c.layer, c.parameter) for c in report.failures} == {(0, "weight"), (0, "bias")}
    assert report.difference > 1e-3


def test_the_central_method_probes_what_is_large_unless_all_is_asked_for():
    model = Sequential(
        [Linear(300, 70), Tanh(), Linear(70, 1), Sigmoid()],
        loss=BinaryCrossEntropy(),
        dtype=np.float64,
    )
    X = np.random.default_rng(0).standard_normal((2, 300))
    report = GradientChecker(model, method="central", epsilon=1e-5).check(X, [0, 1])
    assert report.ok
    assert all("probes" in check.method for check in report.checks)
    assert report.difference == max(check.difference for check in report.checks)


def test_a_kink_within_epsilon_is_no_bug():
    model = net(ReLU())
    X = np.random.default_rng(0).standard_normal((4, 3))
    model.predict(X)
    bias = model.parameters["0.bias"]
    z = X @ model.parameters["0.weight"].value.T
    bias.value = -z[0] + 3e-8  # unit by unit the first example sits just beside the kink
    report = GradientChecker(model, method="central").check(X, [0, 1, 1, 0])
    assert report.ok, str(report)
    assert any("a kink lies within epsilon" in note for note in report.notes)
    assert "rounding" not in str(report)


def test_a_failure_of_what_is_not_complex_safe_stands():
    model = net(Abs())
    right = model.layers[1].backward
    model.layers[1].backward = lambda dy: 1.1 * right(dy)
    report = GradientChecker(model, method="central").check(*rows())
    assert {(c.layer, c.parameter) for c in report.failures} == {(0, "weight"), (0, "bias")}


def test_a_doubtful_quotient_is_not_replaced_by_a_slope_that_gets_lost():
    class SquaredSize(Layer):
        """abs(x)**2, whose imaginary part gets lost without a word."""

        def forward(self, x, *, training=False):
            self.x = x
            return np.abs(x) ** 2

        def backward(self, dy):
            return 2 * dy * self.x

    layers = [Linear(3, 4), SquaredSize(), Linear(4, 1)]
    model = Sequential(layers, loss=MeanSquaredError(), dtype=np.float64)
    x = np.random.default_rng(0).standard_normal((4, 3))
    report = GradientChecker(model, method="central", epsilon=1e-13).check(x, np.ones((4, 1)))
    assert report.status == "unresolved", str(report)


def test_a_gradient_that_piles_up_fails():
    class PilesUp(Linear):
        """Right in its first call."""

        def backward(self, dy):
            dx = super().backward(dy)
            right = self.weight.grad.copy()
            self.weight.grad += memory.get("last", 0.0)
            memory["last"] = right
            return dx

    memory = {}  # a check restores what layers keep
    model = Sequential([PilesUp(3, 1)], loss=MeanSquaredError(), dtype=np.float64, seed=2)
    x = np.random.default_rng(0).standard_normal((4, 3))
    report = GradientChecker(model, method="central").check(x, np.ones((4, 1)))
    assert [check.parameter for check in report.failures] == ["weight"], str(report)
    assert "after a call at another point" in report.failures[0].diagnosis
