"""The rounding of a custom layer's gradients is seen in extended precision."""

import numpy as np
import pytest
from own_layers import Attention, JacobianAttention

from minidl import Layer, Parameter, Random
from minidl.gradcheck.extended_precision import (
    IS_AVAILABLE,
    extended_gradients,
    may_be_rounding,
    run_with_rounding,
    widen_by_rounding,
)
from minidl.gradcheck.layer_harness import LayerHarness
from minidl.gradcheck.numeric.differences import ComplexStep, RichardsonDifference
from minidl.gradcheck.numeric.numeric_gradient import NumericGradient
from minidl.gradcheck.result import Check
from minidl.gradcheck.rounding.compare import rounding_bar
from minidl.gradcheck.sandbox import EXTENDED, ModelSandbox
from minidl.testing import check_layer

needs_it = pytest.mark.skipif(not IS_AVAILABLE, reason="no precision beyond float64 here")


@needs_it
@pytest.mark.parametrize(("size", "seeds"), [(1.0, (0, 5)), (10.0, (17, 48)), (100.0, (10, 26))])
def test_attention_that_saturates_is_right(size, seeds):
    for seed in seeds:
        rng = np.random.default_rng(seed)
        x = size * rng.standard_normal((1 + seed % 3, 2 + seed % 5, 5))
        report = check_layer(JacobianAttention(5, 4), x, seed=seed)
        assert not report.failures, report


@pytest.mark.parametrize("size", [1.0, 10.0])
def test_a_slight_mistake_is_no_rounding(size):
    x = size * np.random.default_rng(0).standard_normal((2, 3, 3))
    report = check_layer(JacobianAttention(3, 2, factor=1 + 1e-8), x)
    assert {"query", "key", "input"} <= {check.parameter for check in report.failures}


class Exponential(Layer):
    """y = exp(w x); backward computes it again."""

    def __init__(self, shift=0.0):
        self.w, self.shift = Parameter((1,), init=Random(1.0)), shift

    def forward(self, x, *, training=False):
        self._x = x
        return np.exp(self.w.value * x)

    def backward(self, dy):
        y = (np.exp(self.w.value * self._x) + self.shift) - self.shift
        self.w.grad[...] = (dy * y * self._x).sum()
        return dy * y * self.w.value


@needs_it
def test_what_extended_precision_differs_by_is_the_rounding():
    layer, x = Exponential(shift=1e6), np.array([[0.3], [-1.2]])
    dy = np.ones((2, 1))
    with ModelSandbox([layer]) as sandbox:
        harness = LayerHarness(sandbox, 0)
        gradients = harness.fresh_gradients(x, dy)
        extended = extended_gradients(harness, x, dy)
        assert not EXTENDED.keys() & sandbox.arrays[0, "w"].keys()
        np.testing.assert_array_equal(harness.fresh_gradients(x, dy)["input"], gradients["input"])
        w = sandbox.arrays[0, "w"]["real"]
    exact = np.exp(w * x) * w
    assert extended["input"].dtype == np.longdouble
    np.testing.assert_allclose(extended["input"].astype(float), exact, rtol=1e-12)
    run = run_with_rounding(gradients["input"], extended["input"])
    gap = gradients["input"] - exact
    assert np.abs(gap).max() > 1e-12
    # The bar is that of noise: two times the rounding.
    bar = rounding_bar(gradients["input"], [run])
    np.testing.assert_allclose(bar, 2 * np.abs(gap), rtol=1e-2)


def test_a_layer_that_refuses_it_shows_nothing():
    class Strict(Exponential):
        def forward(self, x, *, training=False):
            if x.dtype not in (np.float64, np.complex128, np.float32):
                raise KeyError(x.dtype.char)
            return super().forward(x)

    x, dy = np.ones((2, 1)), np.ones((2, 1))
    with ModelSandbox([Strict()]) as sandbox:
        harness = LayerHarness(sandbox, 0)
        assert extended_gradients(harness, x, dy) == {}
        assert extended_gradients(harness, np.arange(3), dy) == {}
        numeric = NumericGradient(np.ones((2, 1)), np.zeros((2, 1)), "complex step")
        rng = np.random.default_rng(0)
        same = widen_by_rounding(harness, x, "input", dy, numeric, rng, 100)
        assert same is numeric


@needs_it
@pytest.mark.parametrize("scheme", [ComplexStep(), RichardsonDifference()])
def test_the_bounds_of_a_numeric_gradient_grow_by_its_rounding_alone(scheme):
    class Shifted(Exponential):
        def forward(self, x, *, training=False):
            self._x = x
            return (np.exp(self.w.value * x) * 1e6 + x) - np.exp(self.w.value * x) * 1e6

    x, dy, rng = np.array([[0.3], [-1.2]]), np.ones((2, 1)), np.random.default_rng(0)
    with ModelSandbox([Shifted()]) as sandbox:
        harness = LayerHarness(sandbox, 0, scheme=scheme)
        numeric = NumericGradient(np.full((2, 1), 1 + 1e-9), np.zeros((2, 1)), scheme.name)
        wider = widen_by_rounding(harness, x, "input", dy, numeric, rng, 100)
        np.testing.assert_allclose(wider.error, 2e-9, rtol=1e-3)


@needs_it
def test_only_slight_failures_of_custom_layers_may_be_rounding():
    x, dy = np.ones((2, 3)), np.ones((2, 2))

    def may_be(gap, layer=Attention, verdict="fail", x=x):
        check = Check(0, "layer", "input", verdict=verdict)
        check.worst = {"analytic": 1.0 + gap, "numeric": 1.0}
        with ModelSandbox([layer(3)]) as sandbox:
            return may_be_rounding(LayerHarness(sandbox, 0), check, x, dy)

    assert may_be(1e-12)
    assert not may_be(1e-6)
    assert not may_be(1e-12, verdict="pass")
    assert not may_be(1e-12, x=np.ones((2, 3), int))
