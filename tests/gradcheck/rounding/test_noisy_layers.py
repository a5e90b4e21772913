"""Noise on what layers return: there in the context, gone after it."""

import numpy as np
import pytest
from rank_layers import LayerNorm

from minidl import Chain, GradientChecker, Linear, MeanSquaredError, Sequential, Tanh
from minidl.gradcheck.constants import RELATIVE_NOISE
from minidl.gradcheck.rounding.noisy_layers import noisy_layers
from minidl.testing import check_layer

X = np.random.default_rng(0).standard_normal((5, 3))


def results(layer):
    y = layer.forward(X).copy()
    return y, layer.backward(np.ones_like(y)).copy()


@pytest.mark.parametrize("layer", [Linear(3, 3), Linear(3, 2), Tanh()], ids=str)
def test_outputs_and_gradients_get_noise_and_layers_come_back(layer):
    for parameter in layer.parameters().values():
        parameter.value = np.random.default_rng(1).standard_normal(parameter.shape)
        parameter.memory = tuple(np.float64(array) for array in parameter.memory)
    expected = results(layer)
    attributes = set(vars(layer))
    with noisy_layers([layer], np.random.default_rng(2)):
        noisy = results(layer)
    for array, original in zip(noisy, expected, strict=True):
        gap = np.abs(array - original).max()
        assert 0 < gap < 100 * RELATIVE_NOISE
    assert set(vars(layer)) == attributes
    for array, original in zip(results(layer), expected, strict=True):
        np.testing.assert_array_equal(array, original)


def test_a_forward_of_its_own_and_no_input_gradient_are_kept():
    layer = Tanh()
    layer.forward = forward = lambda x, *, training=False: x.copy()
    layer.backward = backward = lambda dy: None
    with noisy_layers([layer], np.random.default_rng(2)):
        assert layer.backward(layer.forward(X)) is None
    assert (layer.forward, layer.backward) == (forward, backward)


@pytest.mark.parametrize("seed", [17, 28])
def test_the_rounding_between_the_layers_of_a_container_is_no_failure(seed):
    rng = np.random.default_rng(seed)
    linear = Linear(2, 3)
    linear.weight.value = rng.standard_normal((3, 2)) * 10.0 ** rng.uniform(0, 3)
    x = rng.standard_normal((3, 2)) * 10.0 ** rng.uniform(0, 3)
    report = check_layer(Chain(linear, LayerNorm(3)), x, seed=seed)
    assert report.ok, str(report)


def test_a_saturated_derivative_is_zero_in_a_model_too():
    # Its derivative 1 - y^2 is 0, where the complex step gives 1e-30.
    rng = np.random.default_rng(0)
    linear, last = Linear(2, 3), Linear(3, 1)
    linear.weight.value = 12 + rng.random((3, 2))
    model = Sequential([Chain(linear, Tanh(), last)], loss=MeanSquaredError())
    report = GradientChecker(model).check(1 + rng.random((3, 2)), rng.random(3))
    assert all(check.verdict != "fail" for check in report.checks), str(report)
