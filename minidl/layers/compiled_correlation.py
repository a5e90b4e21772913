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
from ..utils.workspace import Workspace
from .lanes import MIN_ROWS, SMALL_PRODUCT, Lanes
from .taps import Grid, Layout, get_scratch
from .windows import Pair

FLOAT32 = np.dtype(np.float32)

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


class CompiledCorrelation(NamedTuple):
    """The compiled loops of a convolution, for arrays of float32."""

    correlate_pictures: Loop
    add_kernel_gradient: Loop

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
        layout = Layout.of(x.shape[1:], (kh, kw), (oh, ow), grid)
        length = _length(oh * ow, kw * c * o, _MAX_NUMBERS // o)
        biases = get_scratch(workspace, "bias", (length, o), FLOAT32)
        biases[...] = 0 if bias is None else bias
        lanes = Lanes(m, oh * ow * kernel.size, is_shared=True)
        pictures = _by_example(x, "x", workspace)
        rows = _rows(layout, lanes, workspace)
        products = get_scratch(workspace, "product", (lanes.n_threads, length, o), FLOAT32)
        matrices, pixels = kernel.reshape(kh, kw * c, o), y.reshape(m, oh * ow, o)

        def work(lane: int, thread: int) -> None:
            examples = lanes.slices[lane]
            self.correlate_pictures(
                pictures[examples],
                layout.copies,
                rows[thread],
                layout.starts,
                matrices,
                biases.reshape(-1),
                pixels[examples],
                products[thread],
            )

        lanes.run(work)

    def kernel_gradient(
        self, x: Array, dy: Array, kernel_size: Pair, grid: Grid, workspace: Workspace
    ) -> Array:
        """Do what `correlation.kernel_gradient` does."""
        (kh, kw), c, (m, oh, ow, o) = kernel_size, x.shape[3], dy.shape
        layout = Layout.of(x.shape[1:], kernel_size, (oh, ow), grid)
        length = _length(oh * ow, kw * c * o, oh * ow)
        lanes = Lanes(m, oh * ow * kh * kw * c * o, is_shared=True)
        gradients = lanes.new_sums(workspace, (kh, kw * c, o), FLOAT32)
        pictures = _by_example(x, "x", workspace)
        rows = _rows(layout, lanes, workspace)
        products = get_scratch(workspace, "product", (lanes.n_threads, kw * c, o), FLOAT32)
        pixels = _by_example(dy, "dy", workspace).reshape(m, oh * ow, o)

        def work(lane: int, thread: int) -> None:
            examples = lanes.slices[lane]
            self.add_kernel_gradient(
                pictures[examples],
                layout.copies,
                rows[thread],
                layout.starts,
                pixels[examples],
                gradients[lane],
                products[thread],
                length,
            )

        lanes.run(work)
        return lanes.total(gradients).reshape(kh, kw, c, o)


@functools.cache
def compiled_correlation() -> CompiledCorrelation:
    """Return the compiled loops."""
    rows, flat, cube = "float32[:, ::1]", "float32[::1]", "float32[:, :, ::1]"
    of_layout = [rows, "int64[:, ::1]", flat, "int64[::1]"]
    correlate = [*of_layout, cube, flat, cube, rows]
    gradient = [*of_layout, cube, cube, rows, "int64"]
    return CompiledCorrelation(
        compile_loop(correlate_pictures, ", ".join(correlate)),
        compile_loop(add_kernel_gradient, ", ".join(gradient)),
    )


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
