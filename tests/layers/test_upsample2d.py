import numpy as np
import pytest
from helpers import assert_gradients
from torch_pictures import assert_same_as_torch, cases_of

from minidl import ArgumentError, Linear, ShapeError, Upsample2D
from minidl.testing import check_layer


@pytest.mark.parametrize("name", cases_of(Upsample2D))
def test_pytorch_gives_the_same(name):
    assert_same_as_torch(name)


@pytest.mark.parametrize("factor", [1, 2, (1, 3), (3, 2)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_gradients(factor, dtype):
    layer = Upsample2D(factor)
    x = np.random.default_rng(0).standard_normal((3, 2, 3, 2)).astype(dtype)
    assert_gradients(layer, x)
    rows, columns = layer.factor
    np.testing.assert_array_equal(layer.forward(x), x.repeat(rows, 1).repeat(columns, 2))


def test_the_checker_finds_no_mistake():
    report = check_layer(Upsample2D((2, 3)), np.random.default_rng(0).random((3, 2, 3, 2)))
    assert report.ok, str(report)
    assert report.difference < 1e-14


def test_batches_of_changing_size():
    layer = Upsample2D(2)
    for m, h in ((4, 3), (2, 3), (5, 2), (0, 2)):
        x = np.random.default_rng(0).standard_normal((m, h, 2, 3))
        np.testing.assert_array_equal(layer.forward(x)[:, ::2, 1::2], x)
        np.testing.assert_array_equal(
            layer.backward(np.ones((m, 2 * h, 4, 3))), np.full(x.shape, 4)
        )


def test_the_output_shape_and_repr():
    layer = Upsample2D((2, 3))
    assert layer.output_shape((4, 5, 6)) == (8, 15, 6)
    assert layer.output_shape(None) is None
    unknown = Linear(2, 3).output_shape(None)
    assert layer.output_shape(unknown) is unknown
    assert str(layer) == "Upsample2D((2, 3))"
    assert str(Upsample2D([2, 2])) == "Upsample2D(2)"


def test_errors():
    with pytest.raises(ArgumentError, match=r"factor must be an integer >= 1.*got 0\.5"):
        Upsample2D(0.5)
    layer = Upsample2D(2)
    with pytest.raises(ShapeError, match=r"expects pictures \(h, w, c\), got \(4, 5\)"):
        layer.output_shape((4, 5))
    with pytest.raises(ShapeError, match=r"Upsample2D\(2\) expects pictures .* got \(4, 5\)"):
        layer.forward(np.zeros((4, 5)))
    with pytest.raises(ShapeError, match=r"Upsample2D\(2\)\.backward was called before"):
        layer.backward(np.zeros((1, 2, 2, 1)))
    layer.forward(np.zeros((1, 2, 2, 1)))
    with pytest.raises(ShapeError, match=r"the last output, \(1, 4, 4, 1\), got \(1, 2, 2, 1\)"):
        layer.backward(np.zeros((1, 2, 2, 1)))
