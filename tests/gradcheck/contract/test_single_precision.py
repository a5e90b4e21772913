"""Gradients in float32 are those in float64: mistakes of 1 % are found, rounding is none."""

import numpy as np
import pytest
from own_layers import LogSumExp, WeightNorm

from minidl import Chain, Linear, ReLU, Sigmoid, Tanh
from minidl.testing import check_layer

X = np.random.default_rng(0).standard_normal((5, 3))


class WrongInFloat32(Linear):
    """Its weight's gradient is wrong in float32 alone."""

    def __init__(self, change):
        super().__init__(3, 2)
        self.change = change

    def backward(self, dy):
        dx = super().backward(dy)
        if dy.dtype == np.float32:
            self.change(self.weight.grad)
        return dx


def scale(grad):
    grad *= 1.01


def scale_row(grad):
    grad[0] *= 1.02


def round_to_four_bits(grad):
    digits, exponents = np.frexp(grad)
    grad[...] = np.ldexp(np.round(digits * 16) / 16, exponents)


def add_noise(grad):
    grad *= 1 + 0.02 * np.random.default_rng().choice([-1.0, 1.0], grad.shape)


@pytest.mark.parametrize("change", [scale, scale_row, round_to_four_bits, add_noise])
@pytest.mark.parametrize("wrap", [lambda layer: layer, lambda layer: Chain(layer, Tanh())])
def test_a_mistake_of_one_percent_in_float32_alone_is_found(wrap, change):
    report = check_layer(wrap(WrongInFloat32(change)), X)
    assert "float32 as float64" in {check.parameter for check in report.failures}


class SlopeInFloat32(Sigmoid):
    """Its slope is wrong in float32 alone."""

    def backward(self, dy):
        dx = super().backward(dy)
        return dx * np.float32(1.1) if dx.dtype == np.float32 else dx


def test_a_saturated_activation_is_tried_where_it_is_not():
    report = check_layer(SlopeInFloat32(), 1000 * X)
    assert "float32 as float64" in {check.parameter for check in report.failures}


@pytest.mark.parametrize("scale", [1.0, 0.03])
def test_terms_that_cancel_in_float32_are_no_mistake(scale):
    """Of one feature, the gradient of a normalized weight is rounding, here of its own unit."""
    for seed in range(6):
        layer, rng = WeightNorm(1, 4), np.random.default_rng(seed)
        layer.v.value = scale * rng.uniform(0.5, 2.0, (4, 1))
        report = check_layer(layer, 30 * rng.standard_normal((5, 1)), seed=seed)
        assert "float32 as float64" not in {check.parameter for check in report.failures}


def test_a_kink_that_float32_reaches_by_rounding_is_no_mistake():
    """log(exp x + exp 0) is 1e-9 in float64 and 0 in float32, where ReLU has its kink."""
    layer = Chain(LogSumExp(2), ReLU())
    inner = layer.layers[0] if hasattr(layer, "layers") else next(layer.named_children())[1]
    inner.k.value = np.zeros(2)
    x = np.random.default_rng(0).uniform(-40, 4, (8, 2))
    report = check_layer(layer, x)
    assert "float32 as float64" not in {check.parameter for check in report.failures}


def test_a_mistake_in_a_small_gradient_in_float32_is_found_beside_a_large_input():
    class Wrong(Linear):
        def backward(self, dy):
            dx = super().backward(dy)
            return dx * np.float32(1.3) if dy.dtype == np.float32 else dx

    layer = Wrong(3, 2)
    layer.weight.value = 1e-3 * np.random.default_rng(0).standard_normal((2, 3))
    report = check_layer(layer, 50 * X)
    assert "float32 as float64" in {check.parameter for check in report.failures}
