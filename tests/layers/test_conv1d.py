import numpy as np
import pytest
from helpers import assert_gradients, in_dtype
from torch_pictures import assert_same_as_torch, cases_of

from minidl import ArgumentError, Conv1D, Conv2D, ReLU, ShapeError
from minidl.testing import check_layer


@pytest.mark.parametrize("name", cases_of(Conv1D))
def test_pytorch_gives_the_same(name):
    assert_same_as_torch(name)


def test_differences_by_hand():
    layer = in_dtype(Conv1D(1, 2, 2), np.float64)
    layer.weight.value, layer.bias.value = [[[-1], [1]], [[1], [1]]], [0, 10]
    x = np.array([[[1.0], [4.0], [9.0]]])
    np.testing.assert_array_equal(layer.forward(x), [[[3, 15], [5, 23]]])
    np.testing.assert_array_equal(
        layer.backward(np.array([[[1.0, 0.0], [2.0, 1.0]]])), [[[-1], [0], [3]]]
    )
    np.testing.assert_array_equal(layer.weight.grad, [[[9], [22]], [[4], [9]]])
    np.testing.assert_array_equal(layer.bias.grad, [3, 1])


def test_it_is_a_convolution_of_pictures_of_one_row():
    options = {"stride": 2, "padding": 3, "dilation": 2}
    layer = Conv1D(3, 4, 3, **options)
    twin = Conv2D(3, 4, (1, 3), stride=(1, 2), padding=(0, 3), dilation=(1, 2))
    twin.weight.value = layer.weight.value[:, np.newaxis]
    x = np.random.default_rng(0).standard_normal((5, 9, 3)).astype(np.float32)
    y = layer.forward(x)
    np.testing.assert_array_equal(y, twin.forward(x[:, np.newaxis])[:, 0])
    np.testing.assert_array_equal(layer.backward(y), twin.backward(y[:, np.newaxis])[:, 0])
    np.testing.assert_array_equal(layer.weight.grad, twin.weight.grad[:, 0])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("padding", [0, 2, "same"])
def test_gradients(dtype, padding):
    x = np.random.default_rng(0).standard_normal((3, 6, 2)).astype(dtype)
    assert_gradients(Conv1D(2, 3, 3, stride=2, padding=padding), x)


def test_the_checker_finds_no_mistake():
    layer = Conv1D(2, 3, 3, padding="same", dilation=2)
    report = check_layer(layer, np.random.default_rng(0).standard_normal((3, 6, 2)))
    assert report.ok, str(report)
    assert report.difference < 1e-13


def test_weights_have_the_inputs_of_a_window():
    layer = Conv1D(3, 8, 5, bias=False)
    assert layer.weight.shape == (8, 5, 3)
    assert layer.weight.fan_in == 15
    assert layer.bias is None


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((9, 4), "expects 3 channels, got 4$"),
        ((3, 9), r"expects 3 channels, got 9 .*pass X\.transpose\(0, 2, 1\)\?"),
        ((9, 9, 3), r"expects sequences \(t, 3\), got \(9, 9, 3\)$"),
        ((4, 3), "expects at least 1 x 5 pixels, padding included, got 1 x 4"),
    ],
)
def test_a_shape_that_does_not_fit(shape, message):
    with pytest.raises(ShapeError, match=message):
        Conv1D(3, 8, 5).output_shape(shape)


def test_output_shape():
    assert Conv1D(3, 8, 5, stride=2).output_shape((10, 3)) == (3, 8)
    assert Conv1D(3, 8, 5, stride=2, padding="same").output_shape((9, 3)) == (5, 8)
    assert ReLU().output_shape(Conv1D(3, 8, 5).output_shape(None)) == (8,)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"kernel_size": (3, 3)}, r"kernel_size must be an integer >= 1, got \(3, 3\) in Conv1D"),
        ({"stride": 0}, "stride must be an integer >= 1, got 0 in Conv1D"),
        ({"dilation": 0}, "dilation must be an integer >= 1, got 0 in Conv1D"),
        ({"padding": "full"}, "padding must be an integer >= 0, got 'full' in Conv1D: or pass"),
        ({"padding": (1, 1)}, r"padding must be an integer >= 0, got \(1, 1\) in Conv1D"),
    ],
)
def test_arguments_are_checked(arguments, message):
    with pytest.raises(ArgumentError, match=message):
        Conv1D(**{"in_channels": 1, "out_channels": 2, "kernel_size": 3} | arguments)


@pytest.mark.parametrize("text", ["Conv1D(1, 2, 3)", "Conv1D(1, 2, 3, padding='same', dilation=2)"])
def test_repr(text):
    assert str(eval(text)) == text
