"""Correlation of pictures with kernels, and its gradients: the arithmetic of a convolution.

The pictures are divided among threads where that pays. Sums over pictures have the same order for
any number of threads, and so the same bits.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from itertools import product
from typing import Any, NamedTuple

import numpy as np

from ..utils.linalg import common_dtype
from ..utils.typing import Array
from ..utils.workspace import Workspace, get_scratch
from .compiled_correlation import CompiledCorrelation
from .lanes import MIN_ROWS, SMALL_PRODUCT, Lanes
from .taps import Grid, Taps
from .windows import Pair

BLOCK_BYTES = 2**21
"""About how many bytes are copied at a time. Of smaller blocks, NumPy's calls take more time, in
which other threads wait for the interpreter's lock; larger ones leave the caches."""

_THREADED_SUM = 9_000
"""From how many numbers on OpenBLAS multiplies a vector and a matrix by threads of its own."""


def correlate(
    x: Array,
    kernel: Array,
    y: Array,
    grid: Grid,
    workspace: Workspace,
    bias: Array | None = None,
    loops: CompiledCorrelation | None = None,
) -> None:
    """Write the correlation of pictures with a kernel into an output array.

    y[:, i, j] = the sum over the taps (u, v) of x[:, pixel (i, u), pixel (j, v)] @ kernel[u, v],
    plus the bias.

    Parameters
    ----------
    x : ndarray of shape (m, h, w, c)
        The pictures.
    kernel : ndarray of shape (kh, kw, c, o)
        A matrix for each tap; contiguous, in the dtype of y.
    y : ndarray of shape (m, oh, ow, o)
        The output.
    grid : Grid
        Where the taps lie.
    workspace : dict of str to ndarray
        Work arrays.
    bias : ndarray of shape (o,), optional
        It is added to each pixel.
    loops : CompiledCorrelation, optional
        Compiled loops for arrays of float32, which are used if the output is contiguous.
    """
    if loops and y.flags.c_contiguous:
        loops.correlate(x, kernel, y, grid, workspace, bias)
        return
    kh, kw, _, o = kernel.shape
    if bias is not None:  # laid out for a picture, since a sum over few channels at a time is slow
        bias_picture = get_scratch(workspace, "bias", (y.shape[1] * y.shape[2], o), y.dtype)
        bias_picture[...] = bias

    def compute(block: _Block) -> None:
        taps, pictures = block.taps, y[block.examples]
        matrices = kernel.reshape(len(taps), -1, o)
        shape = (*taps[0].shape[:-1], o)
        if contiguous := pictures.flags.c_contiguous:
            total = pictures.reshape(shape)
        else:
            total = get_scratch(workspace, f"total {block.thread}", shape, y.dtype)
        np.matmul(taps[0], matrices[0], out=total)
        for pixels, matrix in zip(taps[1:], matrices[1:], strict=True):
            term = get_scratch(workspace, f"product {block.thread}", shape, y.dtype)
            np.matmul(pixels, matrix, out=term)
            np.add(total, term, out=total)
        if bias is not None:
            by_picture = total.reshape(-1, *bias_picture.shape)
            np.add(by_picture, bias_picture, out=by_picture)
        if not contiguous:
            pictures[...] = total.reshape(pictures.shape)

    _Blocks(x, (kh, kw), y, grid, y.dtype).run(compute, workspace)


def kernel_gradient(
    x: Array,
    dy: Array,
    kernel_size: Pair,
    grid: Grid,
    workspace: Workspace,
    loops: CompiledCorrelation | None = None,
) -> Array:
    """Return the gradient of a correlation with respect to its kernel.

    d kernel[u, v] = the sum over examples and output pixels (i, j) of
    x[:, pixel (i, u), pixel (j, v)].T @ dy[:, i, j].

    Parameters
    ----------
    x : ndarray of shape (m, h, w, c)
        The pictures.
    dy : ndarray of shape (m, oh, ow, o)
        The gradient with respect to the output.
    kernel_size : tuple of two int
        The numbers kh and kw of taps.
    grid : Grid
        Where the taps lie.
    workspace : dict of str to ndarray
        Work arrays.
    loops : CompiledCorrelation, optional
        Compiled loops for arrays of float32.

    Returns
    -------
    ndarray of shape (kh, kw, c, o)
        A work array.
    """
    if loops:
        return loops.kernel_gradient(x, dy, kernel_size, grid, workspace)
    o, dtype = dy.shape[-1], common_dtype(x, dy)
    blocks = _Blocks(x, kernel_size, dy, grid, dtype)
    gradients = blocks.lanes.new_sums(workspace, (*kernel_size, x.shape[-1], o), dtype)

    def compute(block: _Block) -> None:
        taps = block.taps
        dy_block = dy[block.examples].reshape(*taps[0].shape[:-1], o)
        totals = gradients[block.lane].reshape(len(taps), taps[0].shape[-1], o)
        shape = (*dy_block.shape[:2], *totals.shape[1:])
        products = get_scratch(workspace, f"product {block.thread}", shape, dtype)
        of_block = get_scratch(workspace, f"sum {block.thread}", totals.shape[1:], dtype)
        for total, pixels in zip(totals, taps, strict=True):
            np.matmul(pixels.transpose(0, 1, 3, 2), dy_block, out=products)
            np.add.reduce(products, axis=(0, 1), out=of_block)
            np.add(total, of_block, out=total)

    blocks.run(compute, workspace)
    return blocks.lanes.total(gradients)


def input_gradient(
    dy: Array,
    weight: Array,
    dx: Array,
    grid: Grid,
    workspace: Workspace,
    loops: CompiledCorrelation | None = None,
) -> None:
    """Write the gradient of a correlation with respect to the pictures into an output array.

    An input pixel receives, from each tap that met it, dy of that output pixel times the weights of
    that tap: dx is the correlation of dy with the kernel turned by 180 degrees. With a stride s,
    only every s-th tap has met a pixel, so that there is one such correlation for each of the s
    pixels that lie between two windows, along each axis.

    Parameters
    ----------
    dy : ndarray of shape (m, oh, ow, o)
        The gradient with respect to the output.
    weight : ndarray of shape (o, kh, kw, c)
        The weights.
    dx : ndarray of shape (m, h, w, c)
        The output.
    grid : Grid
        Where the taps lie.
    workspace : dict of str to ndarray
        Work arrays.
    loops : CompiledCorrelation, optional
        Compiled loops for arrays of float32, which are used if the stride is 1.
    """
    _, kh, kw, _ = weight.shape
    rows, columns = _phases(kh, *grid.along_rows()), _phases(kw, *grid.along_columns())
    for row, column in product(rows, columns):
        pixels = dx[:, row.pixels, column.pixels]
        taps = weight[:, row.taps, column.taps]
        if 0 in (pixels.size, taps.size):
            pixels[...] = 0  # these pixels, if there are any, lie between the windows
            continue
        kernel = lay_out(taps.transpose(1, 2, 0, 3), dx.dtype, workspace)
        back = Grid((row.offset, column.offset), (1, 1), (row.dilation, column.dilation))
        correlate(dy, kernel, pixels, back, workspace, loops=loops)


class _Phase(NamedTuple):
    """Pixels of an axis that the same taps have met, and the correlation that yields their dx."""

    pixels: slice
    taps: slice = slice(0)  # none
    offset: int = 0
    dilation: int = 1


def _phases(n_taps: int, offset: int, stride: int, dilation: int) -> Iterator[_Phase]:
    """Yield the phases of an axis.

    Pixel i and tap u have met where the stride divides i + offset - u * dilation; the quotient is
    the output that they contribute to.
    """
    step = stride // math.gcd(stride, dilation)  # from one tap that meets a pixel to the next
    for first in range(stride):
        pixels = slice(first, None, stride)
        taps = [u for u in range(n_taps) if (first + offset - u * dilation) % stride == 0]
        if not taps:
            yield _Phase(pixels)
            continue
        last = taps[-1]
        yield _Phase(
            pixels,
            slice(last, None, -step),
            (last * dilation - first - offset) // stride,
            step * dilation // stride,
        )


def lay_out(kernel: Array, dtype: np.dtype[Any], workspace: Workspace) -> Array:
    """Return a contiguous copy of a kernel, which makes products with it faster.

    Parameters
    ----------
    kernel : ndarray of shape (kh, kw, c, o)
        The kernel in any memory layout.
    dtype : numpy.dtype
        The dtype of the copy.
    workspace : dict of str to ndarray
        Work arrays, to which the copy belongs.

    Returns
    -------
    ndarray of shape (kh, kw, c, o)
        The copy.
    """
    copy = get_scratch(workspace, "kernel", kernel.shape, dtype)
    copy[...] = kernel
    return copy


def sum_pixels(dy: Array, out: Array, workspace: Workspace) -> None:
    """Write the sum over examples and pixels into an output array.

    Parameters
    ----------
    dy : ndarray of shape (m, oh, ow, o)
        What is added up.
    out : ndarray of shape (o,)
        The output.
    workspace : dict of str to ndarray
        Work arrays.
    """
    m, h, w, o = dy.shape
    pieces = _count_pieces(h * w, o, _THREADED_SUM)
    rows = dy.reshape(m * pieces, h * w // pieces, o)
    ones = get_scratch(workspace, "ones", (rows.shape[1],), dy.dtype)
    ones[...] = 1
    sums = get_scratch(workspace, "sums", (len(rows), o), dy.dtype)
    np.matmul(ones, rows, out=sums)  # a sum at the speed of BLAS
    np.add.reduce(sums, axis=0, out=out)


class _Block(NamedTuple):
    """A few pictures, which a thread deals with at a time."""

    examples: slice
    taps: list[Array]  # of shape (n, pieces, oh * ow / pieces, k), see `Taps`
    lane: int
    thread: int


class _Blocks:
    """The blocks of a convolution, in lanes that threads share out among themselves."""

    def __init__(
        self, x: Array, kernel_size: Pair, y: Array, grid: Grid, dtype: np.dtype[Any]
    ) -> None:
        (kh, kw), (m, h, w, c), (oh, ow, o) = kernel_size, x.shape, y.shape[1:]
        self._x, self._kernel_size, self._output_size, self._grid = x, kernel_size, (oh, ow), grid
        self._dtype = dtype
        # Each pixel alone can be met in one product, without copies.
        self._is_pointwise = kernel_size == (1, 1) and grid == Grid((0, 0), (1, 1), grid.dilation)
        self._is_pointwise &= (h, w) == (oh, ow)
        n_pixels, width = oh * ow, kh * kw if c == 1 else kw * c
        self._pieces = _count_pieces(n_pixels, width * o, SMALL_PRODUCT)
        # A large product is shared out by BLAS.
        is_small = n_pixels // self._pieces * width * o <= SMALL_PRODUCT
        is_shared = is_small and not self._is_pointwise
        self.lanes = Lanes(m, n_pixels * kh * kw * c * o, is_shared=is_shared)
        rows = (oh + (kh - 1) * grid.dilation[0] // grid.stride[0]) * grid.stride[0]
        largest = ow * max(kh * kw * oh if c == 1 else rows * kw * c, oh * o)
        at_once = max(BLOCK_BYTES // max(largest * dtype.itemsize, 1), 1)
        self._count = max(min(at_once, self.lanes.longest), 1)

    def run(self, compute: Callable[[_Block], None], workspace: Workspace) -> None:
        """Call a function for all blocks."""
        x = self._x
        if self._is_pointwise:
            compute(_Block(slice(None), [x.reshape(1, 1, -1, x.shape[3])], 0, 0))
            return
        if x.dtype != self._dtype or not x.flags.c_contiguous:
            x = get_scratch(workspace, "x", x.shape, self._dtype)
            x[...] = self._x
        taps = [
            Taps(
                x,
                self._kernel_size,
                self._output_size,
                self._grid,
                self._count,
                self._pieces,
                workspace,
                f"thread {k}",
            )
            for k in range(self.lanes.n_threads)
        ]

        def work(lane: int, thread: int) -> None:
            of_lane = self.lanes.slices[lane]
            for first in range(of_lane.start, of_lane.stop, self._count):
                examples = slice(first, min(first + self._count, of_lane.stop))
                compute(_Block(examples, taps[thread].met_in(examples), lane, thread))

        self.lanes.run(work)


def _count_pieces(n_pixels: int, size: int, most: int) -> int:
    """Return in how many pieces a product of `n_pixels` rows is done.

    Pieces have equal lengths and, if that is possible, at most `most` multiplications, where each
    row has `size`. OpenBLAS needs no packing for small products, and does not use threads of its
    own, which would go on to wait for work by spinning where others compute.
    """
    for pieces in range(1, n_pixels // MIN_ROWS + 1):
        if n_pixels % pieces == 0 and n_pixels // pieces * size <= most:
            return pieces
    return 1
