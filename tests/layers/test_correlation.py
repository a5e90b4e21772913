"""The layers' tests check the arithmetic; here are what only the functions can be asked."""

from itertools import product

import numpy as np
import pytest

from minidl.layers import correlation
from minidl.layers.correlation import (
    correlate,
    input_gradient,
    kernel_gradient,
    lay_out,
    sum_pixels,
)
from minidl.layers.taps import Grid


def by_loops(x, kernel, output_size, grid):
    """Return y from the definition of a grid, one number at a time."""
    kh, kw, _, o = kernel.shape
    y = np.zeros((len(x), *output_size, o))
    for i, j, u, v in product(*map(range, (*output_size, kh, kw))):
        row, column = (
            at * stride + tap * dilation - offset
            for at, tap, stride, dilation, offset in zip(
                (i, j), (u, v), grid.stride, grid.dilation, grid.offset, strict=True
            )
        )
        if 0 <= row < x.shape[1] and 0 <= column < x.shape[2]:
            y[:, i, j] += x[:, row, column] @ kernel[u, v]
    return y


GRIDS = [
    Grid((0, 0), (1, 1), (1, 1)),
    Grid((2, 1), (1, 2), (2, 1)),
    Grid((1, 0), (1, 1), (2, 1)),
    Grid((-1, -2), (2, 1), (1, 3)),  # the first pixels are cut off
    Grid((9, 0), (1, 1), (1, 1)),  # the taps of many outputs meet padding alone
    Grid((-9, 0), (3, 3), (2, 2)),  # no tap meets anything
]


@pytest.mark.parametrize("grid", GRIDS, ids=str)
@pytest.mark.parametrize(
    ("kernel_size", "output_size"), [((1, 1), (4, 3)), ((1, 1), (3, 4)), ((2, 3), (4, 5))]
)
def test_all_three_functions_follow_the_definition(grid, kernel_size, output_size):
    rng = np.random.default_rng(0)
    x, kernel = rng.standard_normal((2, 3, 4, 2)), rng.standard_normal((*kernel_size, 2, 3))
    y = np.empty((2, *output_size, 3))
    correlate(x, kernel, y, grid, {})
    np.testing.assert_allclose(y, by_loops(x, kernel, output_size, grid), rtol=0, atol=1e-13)
    # The gradients are the adjoint of maps that are linear in x and in the kernel.
    dy = rng.standard_normal(y.shape)
    dx, weight = np.empty_like(x), np.ascontiguousarray(kernel.transpose(3, 0, 1, 2))
    input_gradient(dy, weight, dx, grid, {})
    d_kernel = kernel_gradient(x, dy, kernel_size, grid, {})
    for k in np.ndindex(x.shape):
        unit = np.zeros_like(x)
        unit[k] = 1
        assert dx[k] == pytest.approx((dy * by_loops(unit, kernel, output_size, grid)).sum())
    for k in np.ndindex(kernel.shape):
        unit = np.zeros_like(kernel)
        unit[k] = 1
        assert d_kernel[k] == pytest.approx((dy * by_loops(x, unit, output_size, grid)).sum())


def test_products_in_pieces_give_the_same(monkeypatch):
    rng, grid = np.random.default_rng(0), Grid((1, 1), (1, 1), (1, 1))
    x, kernel = rng.standard_normal((3, 6, 8, 2)), rng.standard_normal((3, 3, 2, 4))
    y, d_kernel = [], []
    for limit, rows in ((10**6, 96), (16 * 6 * 4, 4)):
        monkeypatch.setattr(correlation, "SMALL_PRODUCT", limit)
        monkeypatch.setattr(correlation, "MIN_ROWS", rows)
        y.append(np.empty((3, 6, 8, 4)))
        correlate(x, kernel, y[-1], grid, {}, bias=np.arange(4.0))
        d_kernel.append(kernel_gradient(x, y[0], (3, 3), grid, {}))
    assert correlation._count_pieces(48, 24, 384) == 3
    np.testing.assert_allclose(y[0], y[1], rtol=1e-13)
    np.testing.assert_allclose(*d_kernel, rtol=1e-12)


def test_the_output_may_be_a_part_of_an_array():
    rng, grid = np.random.default_rng(0), Grid((0, 0), (1, 1), (1, 1))
    x, kernel = rng.standard_normal((3, 4, 5, 2)), rng.standard_normal((2, 2, 2, 3))
    around, y = np.zeros((3, 6, 8, 3)), np.empty((3, 3, 4, 3))
    correlate(x, kernel, around[:, ::2, 1::2], grid, {}, bias=np.ones(3))
    correlate(x, kernel, y, grid, {}, bias=np.ones(3))
    np.testing.assert_array_equal(around[:, ::2, 1::2], y)
    assert not around[:, 1::2].any()
    assert not around[:, :, ::2].any()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_sum_over_pixels(dtype):
    dy = np.random.default_rng(0).standard_normal((2, 3, 5, 4))
    out = np.empty(4, dtype)
    sum_pixels(dy, out, {})
    np.testing.assert_allclose(out, dy.sum(axis=(0, 1, 2)), rtol=1e-6)


def test_a_kernel_is_laid_out_in_the_dtype_of_the_products():
    kernel = np.arange(24.0).reshape(2, 3, 2, 2).transpose(3, 2, 1, 0)
    copy = lay_out(kernel, np.dtype(np.float32), {})
    assert copy.flags.c_contiguous
    assert copy.dtype == np.float32
    np.testing.assert_array_equal(copy, kernel)
