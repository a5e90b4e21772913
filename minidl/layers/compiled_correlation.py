"""Correlation with kernels as compiled loops over pictures, which hold no interpreter's lock.

A picture at a time is copied and multiplied, so that all of it lies in the cache of a processor's
core. The products are those of SciPy's BLAS, as in all functions that numba compiles; they are so
small that it uses one thread.
"""

from __future__ import annotations

import functools
import math
from typing import NamedTuple

import numpy as np

from ..utils.compiling import Loop, compile_loop, copy_numbers
from ..utils.typing import Array
from ..utils.workspace import Workspace, get_scratch
from .lanes import MIN_ROWS, SMALL_PRODUCT, Lanes
from .taps import Grid, Layout
from .windows import Pair

FLOAT32 = np.dtype(np.float32)

MIN_PRODUCTS, MAX_PIXELS = 10_000_000, 2**16
"""By default, loops are compiled from this number of multiplications on, for outputs of up to this
number of pixels."""

_MAX_NUMBERS = 8192


def correlate_pictures(
    x: Array,
    copies: Array,
    rows: Array,
    starts: Array,
    kernel: Array,
    bias: Array,
    y: Array,
    product: Array,
) -> None:
    """Write the correlation of pictures with a kernel into an output array.

    Parameters
    ----------
    x : ndarray of shape (m, h * w * c)
        The pictures.
    copies, starts : ndarray of int64
        See `Layout`.
    rows : ndarray of shape (n,)
        What the taps meet, with zeros where nothing is copied to.
    kernel : ndarray of shape (kh, kw * c, o)
        The weights of each row of taps.
    bias : ndarray of shape (length * o,)
        What is added to `length` pixels.
    y : ndarray of shape (m, oh * ow, o)
        The output.
    product : ndarray of shape (length, o)
        A work array; the products are made in pieces of this length.
    """
    n_taps, k, o = kernel.shape
    n_pixels, length = y.shape[1], len(product)
    matrix = rows.reshape(-1, k)
    for example in range(len(x)):
        picture = x[example]
        for copy in range(len(copies)):
            copy_numbers(rows, copies[copy, 0], picture, copies[copy, 1], copies[copy, 2])
        for first in range(0, n_pixels, length):
            n = min(length, n_pixels - first)
            total, term = y[example, first : first + n], product[:n]
            totals, terms = total.reshape(n * o), term.reshape(n * o)
            np.dot(matrix[starts[0] + first : starts[0] + first + n], kernel[0], total)
            for u in range(1, n_taps):
                np.dot(matrix[starts[u] + first : starts[u] + first + n], kernel[u], term)
                if u < n_taps - 1:
                    for i in range(n * o):
                        totals[i] += terms[i]
                else:  # the bias in the same pass
                    for i in range(n * o):
                        totals[i] += terms[i] + bias[i]
            if n_taps == 1:
                for i in range(n * o):
                    totals[i] += bias[i]


def add_kernel_gradient(
    x: Array,
    copies: Array,
    rows: Array,
    starts: Array,
    dy: Array,
    gradient: Array,
    product: Array,
    length: int,
) -> None:
    """Add the gradient of the correlation of pictures with respect to the kernel to an array.

    Parameters
    ----------
    x : ndarray of shape (m, h * w * c)
        The pictures.
    copies, starts : ndarray of int64
        See `Layout`.
    rows : ndarray of shape (n,)
        What the taps meet, with zeros where nothing is copied to.
    dy : ndarray of shape (m, oh * ow, o)
        The gradient with respect to the output.
    gradient : ndarray of shape (kh, kw * c, o)
        The sum.
    product : ndarray of shape (kw * c, o)
        A work array.
    length : int
        The products are made in pieces of this length.
    """
    n_taps, k, o = gradient.shape
    n_pixels = dy.shape[1]
    matrix, terms = rows.reshape(-1, k), product.reshape(k * o)
    for example in range(len(x)):
        picture = x[example]
        for copy in range(len(copies)):
            copy_numbers(rows, copies[copy, 0], picture, copies[copy, 1], copies[copy, 2])
        for first in range(0, n_pixels, length):
            n = min(length, n_pixels - first)
            for u in range(n_taps):
                pixels = matrix[starts[u] + first : starts[u] + first + n]
                np.dot(pixels.T, dy[example, first : first + n], product)
                totals = gradient[u].reshape(k * o)
                for i in range(k * o):
                    totals[i] += terms[i]


def correlate_joined(
    x: Array, copies: Array, columns: Array, kernel: Array, bias: Array, y: Array
) -> None:
    """Do the same for pictures of one channel, with one product for all taps.

    Parameters
    ----------
    x, copies, bias, y
        See `correlate_pictures`; `bias` has all pixels of a picture.
    columns : ndarray of shape (n,)
        What the taps meet, with zeros where nothing is copied to.
    kernel : ndarray of shape (kh * kw, o)
        The weights.
    """
    n_pixels, o = y.shape[1:]
    matrix = columns.reshape(-1, n_pixels)
    for example in range(len(x)):
        picture, totals = x[example], y[example].reshape(n_pixels * o)
        for copy in range(len(copies)):
            copy_numbers(columns, copies[copy, 0], picture, copies[copy, 1], copies[copy, 2])
        np.dot(matrix.T, kernel, y[example])
        for i in range(n_pixels * o):
            totals[i] += bias[i]


def add_joined_gradient(
    x: Array, copies: Array, columns: Array, dy: Array, gradient: Array, product: Array
) -> None:
    """Do what `add_kernel_gradient` does for pictures of one channel, with one product.

    Parameters
    ----------
    x, copies, dy
        See `add_kernel_gradient`.
    columns : ndarray of shape (n,)
        What the taps meet, with zeros where nothing is copied to.
    gradient : ndarray of shape (kh * kw, o)
        The sum.
    product : ndarray of shape (kh * kw, o)
        A work array.
    """
    matrix = columns.reshape(-1, dy.shape[1])
    totals, terms = gradient.reshape(gradient.size), product.reshape(product.size)
    for example in range(len(x)):
        picture = x[example]
        for copy in range(len(copies)):
            copy_numbers(columns, copies[copy, 0], picture, copies[copy, 1], copies[copy, 2])
        np.dot(matrix, dy[example], product)
        for i in range(len(totals)):
            totals[i] += terms[i]


class CompiledCorrelation(NamedTuple):
    """The compiled loops of a convolution, for arrays of float32."""

    correlate_pictures: Loop
    add_kernel_gradient: Loop
    correlate_joined: Loop
    add_joined_gradient: Loop

    def correlate(
        self,
        x: Array,
        kernel: Array,
        y: Array,
        grid: Grid,
        workspace: Workspace,
        bias: Array | None,
    ) -> None:
        """Do what `correlation.correlate` does, for a contiguous output."""
        (kh, kw, c, o), (m, oh, ow, _) = kernel.shape, y.shape
        layout, is_joined = _layout(x, (kh, kw), y, grid)
        lanes = Lanes(m, oh * ow * kernel.size, is_shared=True)
        length = oh * ow if is_joined else _length(oh * ow, kw * c * o, _MAX_NUMBERS // o)
        biases = get_scratch(workspace, "bias", (length, o), FLOAT32)
        biases[...] = 0 if bias is None else bias
        pictures, rows = _by_example(x, "x", workspace), _rows(layout, lanes, workspace)
        products = get_scratch(workspace, "product", (lanes.n_threads, length, o), FLOAT32)
        matrices, pixels = kernel.reshape(-1, kw * c, o), y.reshape(m, oh * ow, o)

        def work(lane: int, thread: int) -> None:
            of_lane, flat = lanes.slices[lane], biases.reshape(-1)
            copied = (pictures[of_lane], layout.copies, rows[thread])
            if is_joined:
                self.correlate_joined(*copied, kernel.reshape(-1, o), flat, pixels[of_lane])
                return
            outputs = (pixels[of_lane], products[thread])
            self.correlate_pictures(*copied, layout.starts, matrices, flat, *outputs)

        lanes.run(work)

    def kernel_gradient(
        self, x: Array, dy: Array, kernel_size: Pair, grid: Grid, workspace: Workspace
    ) -> Array:
        """Do what `correlation.kernel_gradient` does."""
        (kh, kw), c, (m, oh, ow, o) = kernel_size, x.shape[3], dy.shape
        layout, is_joined = _layout(x, kernel_size, dy, grid)
        lanes = Lanes(m, oh * ow * kh * kw * c * o, is_shared=True)
        shape = (1, kh * kw, o) if is_joined else (kh, kw * c, o)
        gradients = lanes.new_sums(workspace, shape, FLOAT32)
        pictures, rows = _by_example(x, "x", workspace), _rows(layout, lanes, workspace)
        products = get_scratch(workspace, "product", (lanes.n_threads, *shape[1:]), FLOAT32)
        pixels = _by_example(dy, "dy", workspace).reshape(m, oh * ow, o)
        length = _length(oh * ow, kw * c * o, oh * ow)

        def work(lane: int, thread: int) -> None:
            of_lane, gradient, product = lanes.slices[lane], gradients[lane], products[thread]
            copied = (pictures[of_lane], layout.copies, rows[thread])
            if is_joined:
                self.add_joined_gradient(*copied, pixels[of_lane], gradient[0], product)
                return
            factors = (layout.starts, pixels[of_lane])
            self.add_kernel_gradient(*copied, *factors, gradient, product, length)

        lanes.run(work)
        return lanes.total(gradients).reshape(kh, kw, c, o)


@functools.cache
def compiled_correlation() -> CompiledCorrelation:
    """Return the compiled loops."""
    rows, flat, cube = "float32[:, ::1]", "float32[::1]", "float32[:, :, ::1]"
    copied, starts = [rows, "int64[:, ::1]", flat], "int64[::1]"
    types = (
        [*copied, starts, cube, flat, cube, rows],
        [*copied, starts, cube, cube, rows, "int64"],
        [*copied, rows, flat, cube],
        [*copied, cube, rows, rows],
    )
    loops = (correlate_pictures, add_kernel_gradient, correlate_joined, add_joined_gradient)
    return CompiledCorrelation(
        *(compile_loop(loop, ", ".join(each)) for loop, each in zip(loops, types, strict=True))
    )


def compiling_pays(y: Array, kernel_size: Pair, in_channels: int) -> bool:
    """Return whether compiled loops pay by default for an output (m, ..., o).

    Large products take nearly all of the time, 1 x 1 taps need no copies, and a table of the copies
    should be small.
    """
    m, *output_size, o = y.shape
    n_pixels, of_row = math.prod(output_size), kernel_size[1] * in_channels * o
    is_small = MIN_ROWS * of_row <= SMALL_PRODUCT and n_pixels <= MAX_PIXELS
    is_large = m * n_pixels * kernel_size[0] * of_row >= MIN_PRODUCTS
    return is_small and is_large and kernel_size != (1, 1)


def _layout(x: Array, kernel_size: Pair, y: Array, grid: Grid) -> tuple[Layout, bool]:
    """Return a layout, and whether it joins all taps: for one channel, if a product is small."""
    (_, h, w, c), (oh, ow, o) = x.shape, y.shape[1:]
    is_small = math.prod(kernel_size) * oh * ow * o <= SMALL_PRODUCT
    if c == 1 and grid.stride[1] == 1 and is_small:
        return Layout.of_all_taps((h, w), kernel_size, (oh, ow), grid), True
    return Layout.of((h, w, c), kernel_size, (oh, ow), grid), False


def _length(n_pixels: int, size: int, longest: int) -> int:
    """Return how many pixels a product has, of equal pieces of a picture."""
    most = min(n_pixels, max(min(SMALL_PRODUCT // size, longest), MIN_ROWS))
    return -(-n_pixels // -(-n_pixels // most))


def _by_example(array: Array, name: str, workspace: Workspace) -> Array:
    """Return an array of which each row is an example, contiguous and writable as compiled for."""
    if not (array.flags.c_contiguous and array.flags.writeable):
        copy = get_scratch(workspace, name, array.shape, array.dtype)
        copy[...] = array
        array = copy
    return array.reshape(len(array), math.prod(array.shape[1:]))


def _rows(layout: Layout, lanes: Lanes, workspace: Workspace) -> Array:
    rows = get_scratch(workspace, "rows", (lanes.n_threads, layout.size), FLOAT32)
    rows[...] = 0
    return rows
