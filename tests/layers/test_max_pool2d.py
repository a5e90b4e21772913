import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from torch_pictures import assert_same_as_torch, cases_of

from minidl import Conv2D, Flatten, GradientChecker, Linear, MaxPool2D, MeanSquaredError, Sequential
from minidl.testing import check_layer

pairs = st.tuples(st.integers(1, 4), st.integers(1, 4))


def by_loops(x, dy, kernel_size, stride, padding):
    """Return y and dx: of equal maxima, the first in the order of reading wins."""
    (kh, kw), (sh, sw), (ph, pw) = kernel_size, stride, padding
    sides = ((0, 0), (ph, ph), (pw, pw), (0, 0))
    padded = np.pad(x, sides, constant_values=-np.inf)
    y, d_padded = np.empty(dy.shape, x.dtype), np.zeros(padded.shape)
    for m, i, j, c in np.ndindex(dy.shape):
        window = padded[m, i * sh : i * sh + kh, j * sw : j * sw + kw, c]
        u, v = np.unravel_index(np.argmax(window.real), window.shape)
        y[m, i, j, c] = window[u, v]
        d_padded[m, i * sh + u, j * sw + v, c] += dy[m, i, j, c]
    return y, d_padded[:, ph : ph + x.shape[1], pw : pw + x.shape[2]]


@given(
    kernel_size=pairs,
    stride=st.none() | pairs,
    data=st.data(),
    size=st.tuples(st.integers(4, 9), st.integers(4, 9)),
    seed=st.integers(0, 99),
    dtype=st.sampled_from([np.float32, np.float64, np.complex128]),
    few_values=st.booleans(),
)
def test_any_windows_by_loops(kernel_size, stride, data, size, seed, dtype, few_values):
    padding = tuple(data.draw(st.integers(0, k // 2)) for k in kernel_size)
    rng, layer = np.random.default_rng(seed), MaxPool2D(kernel_size, stride=stride, padding=padding)
    shape = (2, *size, 2)
    x = rng.integers(0, 3, shape) * 1.0 if few_values else rng.standard_normal(shape)
    x = x.astype(dtype)
    if dtype is np.complex128:
        x += 1e-30j * rng.standard_normal(shape)  # as the complex step does
    y = layer.forward(x)
    dy = rng.integers(-9, 9, y.shape) * 1.0
    expected_y, expected_dx = by_loops(x, dy, kernel_size, layer.stride, padding)
    assert y.dtype == dtype
    np.testing.assert_array_equal(y, expected_y)
    np.testing.assert_array_equal(layer.backward(dy.astype(dtype)), expected_dx)
    assert y.shape[1:] == layer.output_shape(shape[1:])


@pytest.mark.parametrize("name", cases_of(MaxPool2D))
def test_pytorch_gives_the_same(name):
    assert_same_as_torch(name)


def test_the_figures_of_the_course():
    A_prev = np.random.RandomState(1).randn(2, 4, 4, 3)
    y = MaxPool2D(3, stride=2).forward(A_prev)
    expected = [[1.74481176, 0.86540763, 1.13376944], [1.13162939, 1.51981682, 2.18557541]]
    np.testing.assert_allclose(y[:, 0, 0], expected, rtol=0, atol=5e-9)


def test_of_equal_maxima_the_first_in_the_order_of_reading_gets_dy():
    layer = MaxPool2D(2)
    for where in ([(0, 1), (1, 0)], [(0, 0), (1, 1)], [(1, 0), (1, 1)]):
        x = np.zeros((1, 2, 2, 1))
        for i, j in where:
            x[0, i, j] = 3
        layer.forward(x)
        dx = layer.backward(np.ones((1, 1, 1, 1)))[0, :, :, 0]
        assert [tuple(at) for at in np.argwhere(dx)] == where[:1]


def test_nan_is_never_hidden():
    layer = MaxPool2D((2, 3), stride=1, padding=1)
    for at in np.ndindex(3, 4):
        x = np.random.default_rng(0).standard_normal((1, 3, 4, 1))
        x[0, at[0], at[1]] = np.nan
        y = layer.forward(x)[0, :, :, 0]
        windows_with_it = np.zeros(y.shape, bool)
        windows_with_it[at[0] : at[0] + 2, max(at[1] - 1, 0) : at[1] + 2] = True
        np.testing.assert_array_equal(np.isnan(y), windows_with_it)


@pytest.mark.parametrize(
    "layer", [MaxPool2D(2), MaxPool2D(3, stride=2, padding=1), MaxPool2D((1, 2), stride=3)], ids=str
)
def test_the_checker_finds_no_mistake_in_the_layer(layer):
    report = check_layer(layer, np.random.default_rng(0).standard_normal((3, 6, 7, 2)))
    assert report.ok, str(report)
    assert report.difference < 1e-14


def test_the_checker_finds_no_mistake_in_a_model():
    layers = [Conv2D(1, 3, 3), MaxPool2D(2), Flatten(), Linear(12, 2)]
    model, rng = Sequential(layers, loss=MeanSquaredError()), np.random.default_rng(0)
    report = GradientChecker(model).check(
        rng.standard_normal((4, 6, 7, 1)), rng.standard_normal((4, 2)), exhaustive=True
    )
    assert report.ok, str(report)
    assert report.difference < 1e-12


def test_windows_of_more_taps_than_a_byte_counts():
    layer = MaxPool2D((1, 300))
    x = np.arange(600.0).reshape(1, 1, 600, 1)
    np.testing.assert_array_equal(layer.forward(x).ravel(), [299, 599])
    np.testing.assert_array_equal(np.flatnonzero(layer.backward(np.ones((1, 1, 2, 1)))), [299, 599])


def test_the_first_of_equal_real_parts_wins_whatever_the_imaginary_parts_are():
    x = np.array([[1 + 1j, 3 + 1j], [3 + 2j, 3 - 1j]]).reshape(1, 2, 2, 1)
    layer = MaxPool2D(2)
    assert layer.forward(x).item() == 3 + 1j
    np.testing.assert_array_equal(layer.backward(np.ones((1, 1, 1, 1))).ravel(), [0, 1, 0, 0])
