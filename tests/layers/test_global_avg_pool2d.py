import numpy as np
import pytest
from helpers import assert_gradients
from torch_pictures import assert_same_as_torch, cases_of

from minidl import Conv2D, GlobalAvgPool2D, Linear, MeanSquaredError, Sequential, ShapeError
from minidl.testing import check_layer


@pytest.mark.parametrize("name", cases_of(GlobalAvgPool2D))
def test_pytorch_gives_the_same(name):
    assert_same_as_torch(name)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_gradients(dtype):
    x = np.random.default_rng(0).standard_normal((3, 4, 5, 2)).astype(dtype)
    assert_gradients(GlobalAvgPool2D(), x)
    np.testing.assert_allclose(GlobalAvgPool2D().forward(x), x.mean(axis=(1, 2)), atol=1e-6)


def test_the_checker_finds_no_mistake():
    report = check_layer(GlobalAvgPool2D(), np.random.default_rng(0).random((3, 4, 5, 2)))
    assert report.ok, str(report)
    assert report.difference < 1e-14


def test_pictures_of_changing_size():
    layer, rng = GlobalAvgPool2D(), np.random.default_rng(0)
    for m, h, w in ((4, 5, 6), (2, 7, 3), (0, 1, 1)):
        x = rng.standard_normal((m, h, w, 3))
        y = layer.forward(np.asfortranarray(x))
        np.testing.assert_allclose(y, x.mean(axis=(1, 2)), atol=1e-15)
        dx = layer.backward(y.copy())
        np.testing.assert_allclose(
            dx, np.broadcast_to(x.mean(axis=(1, 2))[:, None, None] / (h * w), x.shape), atol=1e-15
        )


def test_the_output_shape():
    layer = GlobalAvgPool2D()
    assert layer.output_shape((4, 5, 3)) == (3,)
    assert layer.output_shape(None) is None
    assert layer.output_shape(Linear(2, 6).output_shape(None)) == (6,)
    Sequential([Conv2D(3, 8, 3), layer, Linear(8, 2)], loss=MeanSquaredError())


def test_errors():
    layer = GlobalAvgPool2D()
    with pytest.raises(ShapeError, match=r"expects pictures \(h, w, c\), got \(4, 5\)"):
        layer.output_shape((4, 5))
    with pytest.raises(ShapeError, match=r"expects pictures of shape \(m, h, w, c\), got \(4, 5\)"):
        layer.forward(np.zeros((4, 5)))
    with pytest.raises(ShapeError, match=r"GlobalAvgPool2D\(\)\.backward was called before"):
        layer.backward(np.zeros((1, 1)))
    layer.forward(np.zeros((2, 4, 5, 3)))
    with pytest.raises(ShapeError, match=r"the last output, \(2, 3\), got \(2, 4\)"):
        layer.backward(np.zeros((2, 4)))
