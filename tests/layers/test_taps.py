from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minidl.layers.taps import Grid, Layout, Taps

small = st.integers(1, 3)
pairs = st.tuples(small, small)


def met(x, kernel_size, output_size, grid):
    """Return what each tap meets, (kh, kw, m, oh, ow, c), one pixel at a time."""
    (kh, kw), (oh, ow), (m, h, w, c) = kernel_size, output_size, x.shape
    numbers = np.zeros((kh, kw, m, oh, ow, c), x.dtype)
    for u, v, i, j in product(range(kh), range(kw), range(oh), range(ow)):
        row = i * grid.stride[0] + u * grid.dilation[0] - grid.offset[0]
        column = j * grid.stride[1] + v * grid.dilation[1] - grid.offset[1]
        if 0 <= row < h and 0 <= column < w:
            numbers[u, v, :, i, j] = x[:, row, column]
    return numbers


def copied(layout, picture):
    """Return what a layout makes of a picture."""
    numbers, picture = np.zeros(layout.size, picture.dtype), picture.ravel()
    for target, source, count in layout.copies:
        numbers[target : target + count] = picture[source : source + count]
    return numbers


@given(
    kernel_size=pairs,
    output_size=st.tuples(st.integers(1, 5), st.integers(1, 5)),
    offset=st.tuples(st.integers(-4, 5), st.integers(-4, 5)),
    stride=pairs,
    dilation=pairs,
    size=st.tuples(st.integers(1, 6), st.integers(1, 6)),
    channels=small,
    dtype=st.sampled_from([np.float32, np.complex128]),
)
def test_matrices_hold_what_each_tap_meets(
    kernel_size, output_size, offset, stride, dilation, size, channels, dtype
):
    grid = Grid(offset, stride, dilation)
    x = 1 + np.arange(3 * size[0] * size[1] * channels).reshape(3, *size, channels).astype(dtype)
    expected = met(x, kernel_size, output_size, grid)
    (kh, kw), n_pixels = kernel_size, output_size[0] * output_size[1]
    taps = Taps(x, kernel_size, output_size, grid, 2, 1, {}, "test")
    layout = Layout.of(x.shape[1:], kernel_size, output_size, grid)
    for examples in (slice(0, 2), slice(2, 3)):
        n = examples.stop - examples.start
        if channels == 1:
            (matrix,) = taps.met_in(examples)
            by_tap = matrix.reshape(n, *output_size, kh, kw, 1).transpose(3, 4, 0, 1, 2, 5)
        else:
            rows = np.array(taps.met_in(examples))
            by_tap = rows.reshape(kh, n, *output_size, kw, channels).transpose(0, 4, 1, 2, 3, 5)
        np.testing.assert_array_equal(by_tap, expected[:, :, examples])
    matrix = copied(layout, x[0]).reshape(-1, kw * channels)
    for u, start in enumerate(layout.starts):
        by_tap = matrix[start : start + n_pixels].reshape(*output_size, kw, channels)
        np.testing.assert_array_equal(by_tap.transpose(2, 0, 1, 3), expected[u, :, 0])
    if channels == 1 and stride[1] == 1:
        layout = Layout.of_all_taps(size, kernel_size, output_size, grid)
        np.testing.assert_array_equal(copied(layout, x[0]), expected[:, :, 0].ravel())


@pytest.mark.parametrize("channels", [1, 2])
def test_matrices_may_be_in_pieces(channels):
    x = np.random.default_rng(0).standard_normal((2, 4, 6, channels))
    arguments = (x, (3, 3), (4, 6), Grid((1, 1), (1, 1), (1, 1)), 2)
    whole, pieces = (Taps(*arguments, n, {}, "test").met_in(slice(0, 2)) for n in (1, 3))
    assert all(matrix.shape[:3] == (2, 3, 8) for matrix in pieces)
    np.testing.assert_array_equal(np.ravel(whole), np.ravel(pieces))
