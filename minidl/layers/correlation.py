"""Correlation of pictures with kernels, and its gradients: the arithmetic of a convolution.

A kernel of kh x kw taps slides over the pictures. Its row u meets, for each output pixel, kw * c
numbers that lie side by side in a row of the picture. Copied side by side for all output pixels,
they are a matrix, and a product with the weights of this row of taps is what the row adds to the
output: kh products in all. The copies of a few pictures at a time fit into the processor's cache,
and take little memory. Copies of all kh * kw taps, as is usual ("im2col"), are kh times as large.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import product
from typing import Any, NamedTuple

import numpy as np

from ..utils.linalg import common_dtype
from ..utils.typing import Array
from ..utils.workspace import Workspace, get_workspace
from .windows import Pair

BLOCK_BYTES = 2**20
"""About how many bytes are copied at a time, which fits into the cache of a processor's core."""

_SMALL_PRODUCT, _MIN_ROWS = 1_000_000, 96


class Grid(NamedTuple):
    """Where the taps of a kernel lie in the pictures, for rows and columns.

    Tap u of output i meets the pixel i * stride + u * dilation - offset; outside of the picture
    it meets 0.
    """

    offset: Pair
    stride: Pair
    dilation: Pair

    def along_rows(self) -> tuple[int, int, int]:
        """Return offset, stride and dilation of the rows."""
        return self.offset[0], self.stride[0], self.dilation[0]

    def along_columns(self) -> tuple[int, int, int]:
        """Return offset, stride and dilation of the columns."""
        return self.offset[1], self.stride[1], self.dilation[1]


def correlate(
    x: Array, kernel: Array, y: Array, grid: Grid, workspace: Workspace, bias: Array | None = None
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
    """
    kh, kw, _, o = kernel.shape
    if bias is not None:  # laid out for a picture, since a sum over few channels at a time is slow
        bias_picture = _scratch(workspace, "bias", (y.shape[1] * y.shape[2], o), y.dtype)
        bias_picture[...] = bias
    for examples, taps in _taps(x, (kh, kw), y, grid, workspace):
        matrices = kernel.reshape(len(taps), -1, o)
        block, shape = y[examples], (*taps[0].shape[:-1], o)
        contiguous = y.flags.c_contiguous
        total = block.reshape(shape) if contiguous else _scratch(workspace, "total", shape, y.dtype)
        np.matmul(taps[0], matrices[0], out=total)
        for pixels, matrix in zip(taps[1:], matrices[1:], strict=True):
            term = _scratch(workspace, "product", shape, y.dtype)
            np.matmul(pixels, matrix, out=term)
            np.add(total, term, out=total)
        if bias is not None:
            pictures = total.reshape(-1, *bias_picture.shape)
            np.add(pictures, bias_picture, out=pictures)
        if not contiguous:
            block[...] = total.reshape(block.shape)


def kernel_gradient(
    x: Array, dy: Array, kernel_size: Pair, grid: Grid, workspace: Workspace
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

    Returns
    -------
    ndarray of shape (kh, kw, c, o)
        A work array.
    """
    o, dtype = dy.shape[-1], common_dtype(x, dy)
    gradient = _scratch(workspace, "kernel gradient", (*kernel_size, x.shape[-1], o), dtype)
    gradient[...] = 0
    for examples, taps in _taps(x, kernel_size, dy, grid, workspace):
        block = dy[examples].reshape(*taps[0].shape[:-1], o)
        totals = gradient.reshape(len(taps), taps[0].shape[-1], o)
        shape = (*block.shape[:2], *totals.shape[1:])
        products = _scratch(workspace, "product", shape, dtype)
        of_block = _scratch(workspace, "kernel gradient of a block", totals.shape[1:], dtype)
        for u, pixels in enumerate(taps):
            np.matmul(pixels.transpose(0, 1, 3, 2), block, out=products)
            np.add.reduce(products, axis=(0, 1), out=of_block)
            np.add(totals[u], of_block, out=totals[u])
    return gradient


def input_gradient(dy: Array, weight: Array, dx: Array, grid: Grid, workspace: Workspace) -> None:
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
        correlate(dy, kernel, pixels, back, workspace)


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
    copy = _scratch(workspace, "kernel", kernel.shape, dtype)
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
    ones = _scratch(workspace, "ones", (h * w,), dy.dtype)
    ones[...] = 1
    of_examples = _scratch(workspace, "sums", (m, o), dy.dtype)
    np.matmul(ones, dy.reshape(m, h * w, o), out=of_examples)  # a sum at the speed of BLAS
    np.add.reduce(of_examples, axis=0, out=out)


def _taps(
    x: Array, kernel_size: Pair, y: Array, grid: Grid, workspace: Workspace
) -> Iterator[tuple[slice, list[Array]]]:
    """Yield a few examples at a time, and what some taps of the kernel meet in them.

    Yields
    ------
    examples : slice
        Some of the m examples.
    taps : list of ndarrays of shape (n, pieces, oh * ow / pieces, k)
        The k numbers that a row of taps meets for each output pixel, row by row; of pictures of one
        channel, an only array for all taps.
    """
    (kh, kw), (oh, ow, o), (m, h, w, c) = kernel_size, y.shape[1:], x.shape
    (sh, sw), (dh, dw) = grid.stride, grid.dilation
    if kernel_size == (1, 1) and grid == Grid((0, 0), (1, 1), grid.dilation) and (h, w) == (oh, ow):
        yield slice(None), [x.reshape(1, 1, -1, c)]  # each pixel alone, in one product
        return
    height, width = (oh + (kh - 1) * dh // sh) * sh, (ow - 1) * sw + (kw - 1) * dw + 1
    largest = ow * max(kh * kw * oh if c == 1 else height * kw * c, oh * o)
    n = max(min(BLOCK_BYTES // (largest * y.dtype.itemsize), m), 1)
    canvas = _scratch(workspace, "canvas", (n, height, width, c), y.dtype)
    canvas[...] = 0  # the padding, which pictures never overwrite
    join = _all_taps if c == 1 else _rows_of_taps
    copies, taps = join(canvas, kernel_size, (oh, ow), grid, workspace)
    pieces = _pieces(oh * ow, taps[0].shape[-1] * o)
    taps = [tap.reshape(n, pieces, -1, tap.shape[-1]) for tap in taps]
    for first in range(0, m, n):
        examples = slice(first, min(first + n, m))
        count = examples.stop - first
        _paste(x[examples], canvas[:count], grid.offset)
        for source, target in copies:
            np.copyto(target[:count], source[:count])
        yield examples, [tap[:count] for tap in taps]


def _rows_of_taps(
    canvas: Array, kernel_size: Pair, output_size: Pair, grid: Grid, workspace: Workspace
) -> tuple[list[tuple[Array, Array]], list[Array]]:
    """Return views to copy, and what each row of taps meets in the copies.

    Numbers side by side are copied as one item of bytes, which is up to twice as fast. A row of
    taps meets every sh-th row of the picture: those of the same phase lie together.

    Returns
    -------
    copies : list of (source, target)
        Views of the canvas, and of the work array that is to be filled from them.
    taps : list of kh ndarrays of shape (n, oh * ow, kw * c)
        Views of the work array.
    """
    (n, height, _, c), (kh, kw), (oh, ow) = canvas.shape, kernel_size, output_size
    (sh, sw), (dh, dw) = grid.stride, grid.dilation
    rows = _scratch(workspace, "rows", (n, sh, height // sh, ow, kw * c), canvas.dtype)
    example, row, pixel, _ = canvas.strides
    strides, shape = (example, row, row * sh, pixel * sw), rows.shape[:-1]
    joined = kw if dw == 1 else 1  # taps side by side
    item = np.dtype((np.void, joined * pixel))
    copies = [
        (
            np.ndarray(shape, item, canvas, v * dw * pixel, strides),
            np.ndarray(shape, item, rows, v * pixel, rows.strides[:-1]),
        )
        for v in range(0, kw, joined)
    ]
    places = [(u * dh % sh, u * dh // sh) for u in range(kh)]
    return copies, [
        rows[:, phase, top : top + oh].reshape(n, oh * ow, kw * c) for phase, top in places
    ]


def _all_taps(
    canvas: Array, kernel_size: Pair, output_size: Pair, grid: Grid, workspace: Workspace
) -> tuple[list[tuple[Array, Array]], list[Array]]:
    """Return the same for pictures of one channel, in which all taps are joined to one array.

    With few numbers side by side, it is faster to copy the pixels that one tap meets in a row.
    """
    (kh, kw), (oh, ow), n = kernel_size, output_size, len(canvas)
    (sh, sw), (dh, dw) = grid.stride, grid.dilation
    example, row, pixel, _ = canvas.strides
    columns = _scratch(workspace, "rows", (n, kh, kw, oh, ow), canvas.dtype)
    strides = (example, row * dh, pixel * dw, row * sh, pixel * sw)
    source = np.ndarray(columns.shape, canvas.dtype, canvas, 0, strides)
    return [(source, columns)], [columns.reshape(n, kh * kw, oh * ow).transpose(0, 2, 1)]


def _pieces(n_pixels: int, size: int) -> int:
    """Return in how many pieces a product of `n_pixels` rows is done, with `size` products each.

    OpenBLAS is faster where a product is small enough to need no packing.
    """
    for pieces in range(1, n_pixels // _MIN_ROWS + 1):
        if n_pixels % pieces == 0 and n_pixels // pieces * size <= _SMALL_PRODUCT:
            return pieces
    return 1


def _paste(pictures: Array, canvas: Array, offset: Pair) -> None:
    """Copy pictures onto canvases; `offset` is where their first pixel lies, perhaps outside."""
    to_rows, from_rows = _overlap(pictures.shape[1], canvas.shape[1], offset[0])
    to_columns, from_columns = _overlap(pictures.shape[2], canvas.shape[2], offset[1])
    canvas[:, to_rows, to_columns] = pictures[:, from_rows, from_columns]


def _overlap(size: int, canvas_size: int, start: int) -> tuple[slice, slice]:
    """Return which part of an axis of a canvas is covered, and by which part of the picture's."""
    first = max(start, 0)
    last = max(first, min(start + size, canvas_size))
    return slice(first, last), slice(first - start, last - start)


def _scratch(
    workspace: Workspace, name: str, shape: tuple[int, ...], dtype: np.dtype[Any]
) -> Array:
    """Return a contiguous work array; calls of other shapes share its memory."""
    return get_workspace(workspace, name, (math.prod(shape),), dtype).reshape(shape)
