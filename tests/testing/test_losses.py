"""check_loss: right losses pass, and each mistake is found."""

import numpy as np
import pytest

from minidl import (
    ArgumentError,
    BinaryCrossEntropy,
    CategoricalCrossEntropy,
    Loss,
    MeanSquaredError,
    ShapeError,
)
from minidl.losses.binary_cross_entropy import SigmoidCrossEntropy
from minidl.losses.categorical_cross_entropy import SoftmaxCrossEntropy
from minidl.testing import check_loss

X = np.random.default_rng(0).standard_normal((5, 3))


def failed(report):
    return {check.parameter for check in report.failures}


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
    ids=lambda argument: str(argument) if isinstance(argument, Loss) else "",
)
def test_right_losses_pass(loss, prediction, target):
    report = check_loss(loss, prediction, target)
    assert report.ok, report
    assert report.checks[-1].parameter == "prediction"
    assert report.checks[-1].term == "data"
    assert report.difference < 1e-12
    assert set(vars(loss)) == set(vars(type(loss)()))


class BrokenLoss(MeanSquaredError):
    def __init__(self, fault):
        self.fault = fault
        self.first = None

    def forward(self, prediction, target):
        if self.fault == "writes prediction":
            prediction *= 1.0
        if self.fault == "writes target":
            target *= 1.0
        if self.fault == "broadcasts":
            self.wide = (prediction - target) * 1.0
            return (self.wide**2).mean()
        if self.fault == "stale":
            self.first = prediction.copy() if self.first is None else self.first
        value = super().forward(prediction, target)
        return {"sum": value * prediction.size, "rows": np.full(2, value)}.get(self.fault, value)

    def backward(self):
        if self.fault == "broadcasts":
            return 2 * self.wide / self.wide.size
        gradient = super().backward().copy()
        if self.fault == "stale":
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
        }.get(self.fault, gradient)


@pytest.mark.parametrize(
    ("fault", "rule"),
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
def test_each_fault_of_a_loss_is_found(fault, rule):
    report = check_loss(BrokenLoss(fault), X, X[::-1])
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
