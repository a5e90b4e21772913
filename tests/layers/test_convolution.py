"""What `Conv1D` and `Conv2D` share; their own tests are those of the arithmetic."""

import copy

import numpy as np
import pytest

from minidl import Conv1D, Conv2D, Linear, MeanSquaredError, Sequential, ShapeError
from minidl.layers.convolution import Convolution

LAYERS = {
    "pictures": (lambda: Conv2D(2, 3, (2, 3), stride=2, padding="same", bias=False), (4, 5, 2)),
    "sequences": (lambda: Conv1D(2, 3, 3, stride=2, padding=1, dilation=2), (6, 2)),
}
each = pytest.mark.parametrize(("make", "shape"), LAYERS.values(), ids=LAYERS)


@each
def test_settings_make_the_same_layer(make, shape):
    layer = make()
    twin = type(layer)(**layer.settings())
    assert str(twin) == str(layer)
    assert twin.settings() == layer.settings()
    assert twin.output_shape(shape) == layer.output_shape(shape)


@each
def test_a_copy_computes_the_same(make, shape):
    layer = make()
    x = np.random.default_rng(0).standard_normal((2, *shape)).astype(np.float32)
    y = layer.forward(x)
    twin = copy.deepcopy(layer)
    assert twin.workspace == {}
    np.testing.assert_array_equal(twin.forward(x), y)


@each
def test_formulas_name_the_gradients(make, shape):
    layer = make()
    forward, backward = layer.formula()
    assert ("bias" in forward) == ("d bias" in backward) == (layer.bias is not None)
    assert "d weight" in backward
    assert "dx" in backward


@each
def test_arguments_are_never_modified(make, shape):
    layer = make()
    x = np.random.default_rng(0).standard_normal((2, *shape)).astype(np.float32)
    x.flags.writeable = False
    dy = np.ones_like(layer.forward(x))
    dy.flags.writeable = False
    layer.backward(dy)


@each
def test_no_examples_give_no_output(make, shape):
    layer = make()
    y = layer.forward(np.zeros((0, *shape), np.float32))
    assert y.shape == (0, *layer.output_shape(shape))
    assert layer.backward(y).shape == (0, *shape)
    assert not layer.weight.grad.any()


@each
def test_integers_are_converted(make, shape):
    layer, x = make(), np.arange(2 * np.prod(shape)).reshape(2, *shape)
    np.testing.assert_array_equal(layer.forward(x), layer.forward(x.astype(float)))


def test_a_derived_class_with_another_backward_does_not_inherit_the_shortcut():
    class Doubled(Conv1D):
        def backward(self, dy):
            return super().backward(2 * dy)

    layer, plain = Doubled(1, 1, 1), Conv1D(1, 1, 1)
    for each_layer in (layer, plain):
        each_layer.forward(np.ones((2, 3, 1)))
        each_layer.backward_parameters(np.ones((2, 3, 1)))
    np.testing.assert_array_equal(layer.weight.grad, 2 * plain.weight.grad)
    assert isinstance(layer, Convolution)


def test_models_without_a_known_input_accept_what_may_fit():
    Sequential([Linear(2, 3), Conv1D(3, 2, 5), Linear(2, 1)], loss=MeanSquaredError())
    with pytest.raises(ShapeError, match=r"layer 1, Conv1D\(4, 2, 5\), expects 4 channels, got 3"):
        Sequential([Linear(2, 3), Conv1D(4, 2, 5)], loss=MeanSquaredError())
