import numpy as np
import pytest
from helpers import assert_gradients

from minidl import (
    ArgumentError,
    Conv2D,
    Flatten,
    Linear,
    MeanSquaredError,
    Reshape,
    Sequential,
    ShapeError,
)
from minidl.testing import check_layer


@pytest.mark.parametrize("shape", [(12,), (3, 4), (-1, 2), (2, -1, 3), (1, 12)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_gradients(shape, dtype):
    x = np.random.default_rng(0).standard_normal((3, 2, 6)).astype(dtype)
    layer = Reshape(shape)
    assert_gradients(layer, x)
    np.testing.assert_array_equal(layer.forward(x), x.reshape(3, *shape))
    assert layer.output_shape((2, 6)) == x.reshape(3, *shape).shape[1:]


def test_the_checker_finds_no_mistake():
    assert check_layer(Reshape((2, -1)), np.random.default_rng(0).random((3, 6))).ok


def test_it_undoes_flatten_for_any_number_of_examples():
    flatten, layer = Flatten(), Reshape((4, -1, 2))
    for m in (3, 1, 0):
        x = np.random.default_rng(0).standard_normal((m, 4, 5, 2))
        np.testing.assert_array_equal(layer.forward(x.reshape(m, 40)), x)
        np.testing.assert_array_equal(layer.backward(x), x.reshape(m, 40))
    assert flatten.output_shape(layer.output_shape((40,))) == (40,)


def test_the_output_shape_where_that_of_the_input_is_unknown():
    assert Reshape((4, 3)).output_shape(None) == (4, 3)
    assert Reshape((4, -1)).output_shape(None) is None
    assert Reshape((2, 3)).output_shape(Linear(4, 6).output_shape(None)) == (2, 3)


def test_models_check_the_channels_after_it(tmp_path):
    model = Sequential(
        [Linear(2, 12), Reshape((2, 2, 3)), Conv2D(3, 1, 2)], loss=MeanSquaredError()
    )
    X = np.random.default_rng(0).standard_normal((5, 2)).astype(np.float32)
    assert model.predict(X).shape == (5, 1, 1, 1)
    model.save(tmp_path / "model.h5")
    loaded = Sequential.load(tmp_path / "model.h5")
    assert str(loaded.layers[1]) == "Reshape((2, 2, 3))"
    np.testing.assert_array_equal(loaded.predict(X), model.predict(X))
    with pytest.raises(ShapeError, match=r"layer 1, Conv2D.*expects 4 channels, got 3 from"):
        Sequential([Reshape((2, 2, 3)), Conv2D(4, 1, 2)], loss=MeanSquaredError())


@pytest.mark.parametrize(
    "shape", [(), 12, "12", (0, 3), (-1, -1), (2.0, 3), (-2, 3), None, (True, 3)]
)
def test_the_shape_is_checked(shape):
    with pytest.raises(ArgumentError, match=r"shape must be integers >= 1, of which one may be -1"):
        Reshape(shape)


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((3, 5), r"expects 15 elements, got 12 in \(2, 6\)"),
        ((-1, 5), "expects a multiple of 5 elem"),
    ],
)
def test_a_number_of_elements_that_does_not_fit(shape, message):
    with pytest.raises(ShapeError, match=message):
        Reshape(shape).output_shape((2, 6))
    with pytest.raises(ShapeError, match=rf"Reshape\(.*\) {message}"):
        Reshape(shape).forward(np.zeros((3, 2, 6)))


def test_backward_needs_a_forward():
    with pytest.raises(ShapeError, match=r"Reshape\(\(3,\)\)\.backward was called before forward"):
        Reshape((3,)).backward(np.zeros((1, 3)))
