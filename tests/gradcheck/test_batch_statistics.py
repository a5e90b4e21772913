"""Rows that depend on each other in training are declared, and then checked in all else."""

import numpy as np
import pytest
from batch_norm import AlsoAtInference, BatchNorm, Undeclared

from minidl import Chain, GradientChecker, Linear, MeanSquaredError, ReLU, Residual, Sequential
from minidl.gradcheck.rounding.zero import ZERO_HERE
from minidl.testing import check_layer

X = np.random.default_rng(0).standard_normal((6, 4))
Y = np.random.default_rng(1).standard_normal(6)

BUGS = [
    "mean",
    "mean of another axis",
    "variance",
    "variance without the unit",
    "1/m missing",
    "statistics ignored",
    "gain",
]


def checked(layer):
    model = Sequential(
        [Linear(4, 5), layer, ReLU(), Linear(5, 1)], loss=MeanSquaredError(), dtype=np.float64
    )
    return GradientChecker(model).check(X, Y)


def test_the_right_layer_passes_and_keeps_its_statistics():
    layer = BatchNorm(5)
    report = checked(layer)
    assert report.ok, str(report)
    assert not report.surviving_mutants
    assert {
        check.training for check in report.checks if check.layer == 1 and check.term == "layer"
    } == {False, True}
    np.testing.assert_array_equal(layer.mean.value, np.zeros(5))
    np.testing.assert_array_equal(layer.var.value, np.ones(5))
    assert check_layer(BatchNorm(4), X).ok


@pytest.mark.parametrize("count", [1, 2])
def test_as_the_first_layers_of_a_model_it_passes(count):
    layers = [*(BatchNorm(4) for _ in range(count)), Linear(4, 1)]
    model = Sequential(layers, loss=MeanSquaredError())
    report = GradientChecker(model).check(X, Y)
    assert report.ok, str(report)


class CentredByRunningMean(BatchNorm):
    """Takes away the running mean in training, too, after the batch has moved it."""

    def forward(self, x, *, training=False):
        self.training = training
        if training:
            self.mean.value += 0.1 * (x.mean(axis=0) - self.mean.value)
        self.unit = x - self.mean.value
        return self.unit * self.gain.value + self.shift.value

    def backward(self, dy):
        self.gain.grad[...] = (dy * self.unit).sum(axis=0)
        self.shift.grad[...] = dy.sum(axis=0)
        dx = dy * self.gain.value
        return dx - 0.1 * dx.mean(axis=0) if self.training else dx


def test_a_layer_may_use_what_it_has_just_moved():
    report = check_layer(CentredByRunningMean(4), X)
    assert report.ok, str(report)
    assert checked(CentredByRunningMean(5)).ok


@pytest.mark.parametrize("bug", BUGS)
def test_a_planted_bug_is_found_in_the_gradient_of_the_input(bug):
    guilty = checked(BatchNorm(5, bug)).guilty
    assert (guilty.layer, guilty.parameter, guilty.term) == (1, "input", "layer")
    assert guilty.training or bug == "gain"
    assert not check_layer(BatchNorm(4, bug), X).ok


@pytest.mark.parametrize("wrap", [lambda layer: layer, Chain, lambda layer: Residual(layer)])
def test_an_undeclared_layer_is_told_to_declare_it(wrap):
    report = check_layer(wrap(Undeclared(4)), X)
    (failure,) = [check for check in report.failures if not check.caused_by]
    assert (failure.parameter, failure.training) == ("rows independent", True)
    assert "couples_examples = True" in failure.diagnosis
    assert check_layer(wrap(BatchNorm(4)), X).ok


def test_at_inference_rows_are_independent_whatever_is_declared():
    report = check_layer(AlsoAtInference(4), X)
    assert {(check.parameter, check.training) for check in report.failures} == {
        ("rows independent", False),
        ("additive over the batch", False),
    }
    assert "couples_examples = True" in report.failures[-1].diagnosis


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e3])
@pytest.mark.parametrize("width", [3, 80])
def test_a_bias_before_it_passes_as_zero_here(width, scale):
    linear = Linear(4, width)
    report = check_layer(Chain(linear, BatchNorm(width)), scale * X, seed=1)
    assert report.ok, str(report)
    (bias,) = [c for c in report.checks if c.parameter == "0.bias" and c.training]
    assert (bias.verdict, bias.diagnosis, bias.difference) == ("pass", ZERO_HERE, 0.0)
    assert report.difference < 1e-9
    assert checked(Chain(Linear(5, 5), BatchNorm(5))).ok


@pytest.mark.parametrize("seed", [2, 20, 45])
def test_the_rounding_of_terms_that_cancel_inside_of_it_is_no_failure(seed):
    # Of two rows only signs are left, so that nearly everything cancels.
    rng = np.random.default_rng(seed)
    linear = Linear(2, 2)
    linear.weight.value = rng.standard_normal((2, 2)) * 10.0 ** rng.uniform(-2, 2)
    x = rng.standard_normal((2, 2)) * 10.0 ** rng.uniform(-2, 2)
    report = check_layer(Chain(linear, BatchNorm(2)), x, seed=seed)
    assert report.ok, str(report)


class AddsToBias(Linear):
    def backward(self, dy):
        dx = super().backward(dy)
        self.bias.grad += 1e-9 * np.abs(dy).sum(axis=0)
        return dx


def test_a_bias_before_it_with_a_gradient_that_is_not_zero_fails():
    report = check_layer(Chain(AddsToBias(4, 3), BatchNorm(3)), X)
    assert ("0.bias", True) in {(check.parameter, check.training) for check in report.failures}
