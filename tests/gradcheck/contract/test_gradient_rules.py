"""The rules about gradients, and what rounding explains."""

import numpy as np
import pytest
from custom_parts import Gain
from rule_violations import Broken, broken

from minidl import GradientChecker, Linear, MeanSquaredError, Sequential, Tanh


def test_a_gradient_whose_shape_depends_on_the_cotangent_is_no_rounding():
    class Shrinks(Broken):
        def backward(self, dy):
            dx = super().backward(dy)
            return dx if (dy[0] > dy[0].mean()).argmax() == 0 or not dy.any() else dx[:, :2]

    assert set(broken(Shrinks())) & {"linear in the incoming gradient", "shapes and dtypes"}


def test_a_right_gradient_after_a_cancellation_is_rounding_and_no_broken_rule():
    x = np.random.default_rng(0).standard_normal((6, 4))
    x[3:] = -x[:3] * (1 + 1e-13)

    class Even(Gain):
        """A sum over the batch that nearly cancels: halves differ from it by rounding alone."""

        def backward(self, dy):
            self.gain.grad[...] = (1e6 * dy * self.x).sum(axis=0) / 1e6
            return dy * self.gain.value

    assert broken(Even(4), x) == {}


@pytest.mark.parametrize(
    ("when", "rule"),
    [
        (lambda layer, dy: dy.dtype == np.float32, "float32 as float64"),
        (lambda layer, dy: len(dy) == 1, "additive over the batch"),
    ],
)
def test_a_bug_in_a_special_case_is_caught(when, rule):
    class Special(Linear):
        def backward(self, dy):
            dx = super().backward(dy)
            if when(self, dy):
                self.weight.grad *= 2
            return dx

    model = Sequential([Special(4, 3), Tanh(), Linear(3, 1)], loss=MeanSquaredError())
    report = GradientChecker(model).check(
        np.random.default_rng(0).standard_normal((5, 4)), np.arange(5.0)
    )
    assert (report.guilty.layer, report.guilty.parameter) == (0, rule)
