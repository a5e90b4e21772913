"""The rules about calls: arguments, memory and state."""

import numpy as np
import pytest
from custom_parts import Gain, KeepsTheFirst, Noise
from rule_violations import Broken, broken

from minidl import (
    Chain,
    Dropout,
    GradientChecker,
    Layer,
    Linear,
    MeanSquaredError,
    Sequential,
    Tanh,
)
from minidl.testing import check_layer


class Trains(Broken):
    def backward(self, dy):
        dx = super().backward(dy)
        self.gain.value[...] = self.gain.value - 0.1 * self.gain.grad
        return dx


def test_any_wrong_sum_is_told_from_an_exact_multiple():
    class Mixes(Broken):
        def backward(self, dy):
            before = np.nan_to_num(self.gain.grad)
            dx = super().backward(dy)
            self.gain.grad += before * [1, 2, 3, 4]
            return dx

    assert "gives not the first one's gradient of gain" in broken(Mixes())["does not accumulate"]


def test_another_error_than_writing_is_named():
    class Fails(Broken):
        def backward(self, dy):
            if not dy.flags.writeable:
                raise ValueError("something else")
            return super().backward(dy)

    assert "something else" in broken(Fails())["arguments untouched"]


def test_a_layer_that_trains_itself_is_caught():
    assert "changes the value of gain" in broken(Trains())["parameters untouched"]


def test_an_input_gradient_in_the_memory_of_a_parameter_is_caught():
    class Alias(Layer):
        """Adds a learned row; its input gradient, right for one example, is that row's gradient."""

        def __init__(self):
            self.row = Linear(4, 1, bias=False).weight

        def forward(self, x, *, training=False):
            return x + self.row.value

        def backward(self, dy):
            self.row.grad[...] = dy.sum(axis=0, keepdims=True)
            return self.row.grad

    violations = broken(Alias(), np.ones((1, 4)))
    assert list(violations) == ["results are its own"]
    assert "input gradient shares memory with row" in violations["results are its own"]


def test_a_gradient_written_for_the_first_batch_only_is_stale():
    class OnlyFirst(Gain):
        def backward(self, dy):
            self.first = getattr(self, "first", self.x.copy())
            if np.array_equal(self.first, self.x):
                self.gain.grad[...] = (dy * self.x).sum(axis=0)
            return dy * self.gain.value

    assert "no stale cache" in broken(OnlyFirst(4))


@pytest.mark.parametrize("n_rows_before", [0, 1, 6])
def test_a_layer_alone_that_remembers_a_batch_from_before_is_stale(n_rows_before):
    x = np.random.default_rng(0).standard_normal((6, 4))
    for layer, path in ((KeepsTheFirst(4), "0"), (Chain(Tanh(), KeepsTheFirst(4)), "0.1")):
        if n_rows_before:
            layer.forward(x[:n_rows_before])
        failures = check_layer(layer, x).failures
        assert (path, "no stale cache") in {(check.path, check.parameter) for check in failures}


def test_a_stream_of_its_own_is_rewound():
    assert broken(Noise(), training=True) == {}


def test_a_layer_that_drops_units_in_prediction_is_caught():
    class AlwaysOn(Dropout):
        def forward(self, x, *, training=False):
            return super().forward(x, training=True)

    model = Sequential([Linear(4, 6), AlwaysOn(0.5), Linear(6, 1)], loss=MeanSquaredError())
    report = GradientChecker(model).check(np.eye(4), np.ones(4))
    assert report.guilty.parameter == "no randomness outside of training"
    assert "training" in report.guilty.diagnosis


def test_a_batch_that_is_remembered_until_the_shape_changes_is_stale():
    """Where no rule looks it is the right one again; and its change is no rounding."""

    class Remembers(Linear):
        batch = None

        def forward(self, x, *, training=False):
            if self.batch is None or self.batch.shape != x.shape:
                type(self).batch = x.copy()  # no attribute of the layer, which would be restored
            return super().forward(x, training=training)

        def backward(self, dy):
            dx = super().backward(dy)
            if dy.dtype == self.batch.dtype:
                self.weight.grad[...] = dy.T @ self.batch
            return dx

    x = np.random.default_rng(0).standard_normal((6, 4))
    model = Sequential([Tanh(), Remembers(4, 2)], loss=MeanSquaredError(), dtype=np.float64)
    report = GradientChecker(model).check(x, np.ones((6, 2)))
    assert "no stale cache" in {check.parameter for check in report.failures}
