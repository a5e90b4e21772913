import numpy as np
import pytest
from helpers import assert_gradients

from minidl import Flatten, ShapeError


@pytest.mark.parametrize("shape", [(1, 2, 2), (3, 2, 1, 2), (2, 4), (3,)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_flatten_gradients(shape, dtype):
    assert_gradients(Flatten(), np.random.default_rng(0).standard_normal(shape).astype(dtype))


def test_rows_are_the_examples_in_c_order():
    x = np.arange(24.0).reshape(2, 3, 4)
    np.testing.assert_array_equal(Flatten().forward(x), [np.arange(12), np.arange(12, 24)])


def test_backward_restores_the_shape():
    layer = Flatten()
    layer.forward(np.zeros((2, 3, 4)))
    dy = np.arange(24.0).reshape(2, 12)
    np.testing.assert_array_equal(layer.backward(dy), dy.reshape(2, 3, 4))


def test_flatten_backward_needs_a_forward():
    with pytest.raises(ShapeError, match=r"Flatten\(\)\.backward was called before forward"):
        Flatten().backward(np.ones((1, 1)))


@pytest.mark.parametrize(
    ("shape", "flat"), [((64, 64, 3), (12288,)), ((5,), (5,)), ((), (1,)), (None, None)]
)
def test_output_shape(shape, flat):
    assert Flatten().output_shape(shape) == flat
