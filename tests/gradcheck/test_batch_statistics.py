"""A layer with batch statistics is checked in training, too, and is restored."""

import numpy as np
import pytest

from minidl import (
    GradientChecker,
    Layer,
    Linear,
    MeanSquaredError,
    Ones,
    Parameter,
    ReLU,
    Sequential,
    Zeros,
)


class BatchNorm(Layer):
    """Batch normalization, with one term of its backward in training forgotten if asked for."""

    def __init__(self, features, forget=""):
        self.gain = Parameter((features,), init=Ones())
        self.shift = Parameter((features,), init=Zeros())
        self.mean, self.var, self.forget = np.zeros(features), np.ones(features), forget

    def forward(self, x, *, training=False):
        self.training = training
        mean, var = self.mean, self.var
        if training:
            mean = x.mean(axis=0)
            var = ((x - mean) ** 2).mean(axis=0)
            self.mean = 0.9 * self.mean + 0.1 * mean.real
            self.var = 0.9 * self.var + 0.1 * var.real
        self.std = np.sqrt(var + 1e-5)
        self.unit = (x - mean) / self.std
        return self.unit * self.gain.value + self.shift.value

    def backward(self, dy):
        self.gain.grad[...] = (dy * self.unit).sum(axis=0)
        self.shift.grad[...] = dy.sum(axis=0)
        g = dy if self.forget == "gain" else dy * self.gain.value
        if not self.training:
            return g / self.std
        mean = 0 if self.forget == "mean" else g.mean(axis=0)
        var = 0 if self.forget == "variance" else self.unit * (g * self.unit).mean(axis=0)
        return (g - mean - var) / self.std


def checked(forget=""):
    layer = BatchNorm(5, forget)
    model = Sequential(
        [Linear(4, 5), layer, ReLU(), Linear(5, 1)], loss=MeanSquaredError(), dtype=np.float64
    )
    rng = np.random.default_rng(0)
    return layer, GradientChecker(model).check(rng.standard_normal((6, 4)), rng.standard_normal(6))


def test_the_right_layer_passes_and_keeps_its_statistics():
    layer, report = checked()
    assert report.ok, str(report)
    assert {
        check.training for check in report.checks if check.layer == 1 and check.term == "layer"
    } == {False, True}
    np.testing.assert_array_equal(layer.mean, np.zeros(5))
    np.testing.assert_array_equal(layer.var, np.ones(5))


@pytest.mark.parametrize("term", ["variance", "mean", "gain"])
def test_a_forgotten_term_is_found_in_the_gradient_of_the_input(term):
    guilty = checked(term)[1].guilty
    assert (guilty.layer, guilty.parameter, guilty.term) == (1, "input", "layer")
    assert guilty.training or term == "gain"
