import numpy as np
import pytest
from helpers import assert_gradients
from hypothesis import given
from hypothesis import strategies as st
from numpy.lib.stride_tricks import sliding_window_view
from torch_pictures import assert_same_as_torch, cases_of

from minidl import AvgPool2D
from minidl.testing import check_layer

pairs = st.tuples(st.integers(1, 4), st.integers(1, 4))


@given(
    kernel_size=pairs,
    stride=st.none() | pairs,
    data=st.data(),
    size=st.tuples(st.integers(4, 9), st.integers(4, 9)),
    seed=st.integers(0, 99),
    dtype=st.sampled_from([np.float32, np.float64, np.complex128]),
)
def test_any_windows_by_the_definition(kernel_size, stride, data, size, seed, dtype):
    padding = tuple(data.draw(st.integers(0, k // 2)) for k in kernel_size)
    rng, layer = np.random.default_rng(seed), AvgPool2D(kernel_size, stride=stride, padding=padding)

    def means(x):
        x = np.pad(x, ((0, 0), *((p, p) for p in padding), (0, 0)))
        windows = sliding_window_view(x, kernel_size, axis=(1, 2))
        return windows[:, :: layer.stride[0], :: layer.stride[1]].mean(axis=(-1, -2))

    x = rng.standard_normal((2, *size, 2)).astype(dtype)
    y = layer.forward(x)
    assert y.dtype == dtype
    np.testing.assert_allclose(y, means(x), rtol=0, atol=1e-6)
    dy, change = rng.standard_normal(y.shape), rng.standard_normal(x.shape)
    dx = layer.backward(dy.astype(dtype))
    np.testing.assert_allclose((dx * change).sum(), (dy * means(change)).sum(), atol=1e-5)


@pytest.mark.parametrize("name", cases_of(AvgPool2D))
def test_pytorch_gives_the_same(name):
    assert_same_as_torch(name)


def test_the_figures_of_the_course():
    A_prev = np.random.RandomState(1).randn(2, 4, 4, 3)
    y = AvgPool2D(3, stride=2).forward(A_prev)
    expected = [[0.02105773, -0.20328806, -0.40389855], [-0.22154621, 0.51716526, 0.48155844]]
    np.testing.assert_allclose(y[:, 0, 0], expected, rtol=0, atol=5e-9)


def test_padding_counts():
    y = AvgPool2D(2, padding=1).forward(np.full((1, 2, 2, 1), 8.0))
    np.testing.assert_array_equal(y[0, :, :, 0], [[2, 2], [2, 2]])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    "layer", [AvgPool2D(2), AvgPool2D(3, stride=2, padding=1), AvgPool2D(1, stride=2)], ids=str
)
def test_gradients(layer, dtype):
    x = np.random.default_rng(0).standard_normal((2, 5, 4, 2)).astype(dtype)
    assert_gradients(layer, x)


def test_the_checker_finds_no_mistake():
    report = check_layer(AvgPool2D(3, stride=2), np.random.default_rng(0).random((3, 6, 7, 2)))
    assert report.ok, str(report)
    assert report.difference < 1e-14
