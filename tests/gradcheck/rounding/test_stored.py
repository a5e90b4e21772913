"""Noise on what custom layers store: rounding that the input and float32 do not show."""

import numpy as np
import pytest
from own_layers import Attention

from minidl import GRU, RNN, Layer, Linear
from minidl.gradcheck.constants import RELATIVE_NOISE
from minidl.gradcheck.layer_harness import LayerHarness
from minidl.gradcheck.rounding.stored import rounds_inside, stored_arrays, widen_by_stored
from minidl.gradcheck.sandbox import ModelSandbox
from minidl.layers.recurrent import Recurrent
from minidl.testing import check_layer

X = np.random.default_rng(0).standard_normal((4, 3))
TABLE = np.array([0.1, 0.2, 0.3])


def sizes_of(layer, x):
    """Return what is measured, and the gradients."""
    cotangent = np.random.default_rng(1).standard_normal(layer.forward(x).shape)
    sizes = {}
    with ModelSandbox([layer]) as sandbox:
        harness = LayerHarness(sandbox, 0)
        widen_by_stored(
            sizes,
            [layer],
            lambda: harness.fresh_output(x),
            lambda: harness.collect(cotangent),
            np.random.default_rng(2),
        )
        return sizes, harness.gradients(x, cotangent)


def test_the_rounding_of_a_saturated_softmax_is_seen():
    layer = Attention(3)
    for matrix in layer.matrices:
        matrix.value = np.eye(3)
    # The first row of scores is (144, -24, -24) / sqrt(3): one a is 1, the others are 1e-43.
    x = np.array([[[12.0, 0.1, 0.0], [-2.0, 0.1, 0.0], [-2.0, 0.2, 0.1]]])
    sizes, gradients = sizes_of(layer, x)
    by_noise = sizes["input"][0, 0].max()
    assert RELATIVE_NOISE < by_noise < 1e4 * RELATIVE_NOISE
    assert np.isfinite(gradients["input"]).all()


class Compares(Layer):
    """x - max(x), which stores both and compares them again."""

    def forward(self, x, *, training=False):
        self.x, self.top = x, x.max(axis=1, keepdims=True)
        return x - self.top

    def backward(self, dy):
        return dy - (self.x == self.top) * dy.sum(axis=1, keepdims=True)


def test_where_stored_numbers_are_compared_noise_tells_nothing():
    assert sizes_of(Compares(), X)[0] == {}


class Scaled(Layer):
    """Multiplies by a table that belongs to others; the closure has the input."""

    def __init__(self):
        self.table, self.kept = TABLE, {}

    def forward(self, x, *, training=False):
        mask, cube = (x > 0).astype(float), x**3
        self.view = self.table[:2]
        self.kept = {"mask": [mask], "x": (x, len(x))}

        def back(dy):
            return dy * self.table * (cube / x**2 / x)

        self.back = back
        return x * self.table

    def backward(self, dy):
        return self.back(dy)


def test_constants_stay_and_masks_have_no_rounding():
    layer, before = Scaled(), TABLE.copy()
    sizes, gradients = sizes_of(layer, X)
    np.testing.assert_array_equal(TABLE, before)
    spread = sizes["input"] / np.abs(gradients["input"])
    assert (spread < 10 * RELATIVE_NOISE).all()  # of the arrays in the closure
    assert (spread > 0).all()
    layer.forward(X.copy())
    assert sorted(array.shape for array in stored_arrays(layer)) == [(2,), (3,), (4, 3), (4, 3)]


def test_layers_of_minidl_are_left_as_they_are():
    assert sizes_of(Linear(3, 2), X)[0] == {}


class Counts(Compares):
    """Each call of backward gives something else."""

    calls = 0

    def backward(self, dy):
        self.calls += 1
        return dy * (1 + 1e-6 * self.calls)


def test_what_differs_from_call_to_call_is_no_rounding():
    assert sizes_of(Counts(), X)[0] == {}


def saturated(kind):
    """Return a recurrent layer whose gates and states are nearly 1, and sequences for it."""
    layer = kind(2, 2)
    for parameter in layer.parameters().values():
        parameter.bind(np.empty(parameter.shape), np.empty(parameter.shape))
        parameter.initialize(np.random.default_rng(3))
    layer.bias.value = np.full(layer.bias.shape, 9.0)
    return layer, np.random.default_rng(0).standard_normal((3, 4, 2))


@pytest.mark.parametrize("kind", [RNN, GRU])
def test_the_rounding_of_saturated_gates_is_seen(kind, monkeypatch):
    layer, x = saturated(kind)
    assert rounds_inside(layer)
    report = check_layer(layer, x)
    assert report.ok, str(report)
    monkeypatch.setattr(Recurrent, "rounds_inside", False)
    assert not check_layer(layer, x).ok


def test_what_a_layer_keeps_in_its_workspace_is_its_own():
    layer, x = saturated(RNN)
    sizes, gradients = sizes_of(layer, x)
    assert sizes["bias"].max() > 10 * RELATIVE_NOISE * np.abs(gradients["bias"]).max()
    assert not rounds_inside(Linear(2, 3))
