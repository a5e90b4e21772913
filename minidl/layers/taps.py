"""What the taps of a kernel meet in pictures, laid out for products with the kernel.

A kernel of kh x kw taps slides over the pictures. Its row u meets, for each output pixel, kw * c
numbers that lie side by side in a row of the picture. Copied side by side for all output pixels,
they are a matrix, and a product with the weights of this row of taps is what the row adds to the
output: kh products in all. The copies of a few pictures at a time fit into the processor's cache,
and take little memory. Copies of all kh * kw taps, as is usual ("im2col"), are kh times as large.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from ..utils.typing import Array
from ..utils.workspace import Workspace, get_scratch
from .windows import Pair


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


class Taps:
    """What the taps of a kernel meet in a few pictures at a time.

    Parameters
    ----------
    x : ndarray of shape (m, h, w, c)
        The pictures, C-contiguous.
    kernel_size : tuple of two int
        The numbers kh and kw of taps.
    output_size : tuple of two int
        The height oh and width ow of the output.
    grid : Grid
        Where the taps lie.
    count : int
        For how many pictures at a time there is room.
    pieces : int
        In how many pieces of equal length the rows of each matrix are, a divisor of oh * ow.
    workspace : dict of str to ndarray
        Work arrays.
    name : str
        The name of the work arrays of this object.
    """

    def __init__(
        self,
        x: Array,
        kernel_size: Pair,
        output_size: Pair,
        grid: Grid,
        count: int,
        pieces: int,
        workspace: Workspace,
        name: str,
    ) -> None:
        self._x, self._grid, self._count = x, grid, count
        self._kernel_size, self._output_size = kernel_size, output_size
        self._workspace, self._name = workspace, name
        self._from_pictures: list[tuple[Array, Array]] = []  # targets and sources of copies
        self._from_canvas: list[tuple[Array, Array]] = []
        matrices = self._join_all() if x.shape[3] == 1 else self._join_rows()
        self._matrices = [matrix.reshape(count, pieces, -1, matrix.shape[2]) for matrix in matrices]

    def met_in(self, examples: slice) -> list[Array]:
        """Return what the taps meet in some pictures.

        Parameters
        ----------
        examples : slice
            At most `count` of the m pictures.

        Returns
        -------
        list of kh ndarrays of shape (examples, pieces, oh * ow / pieces, kw * c)
            What each row of taps meets, until the next call. For pictures of one channel a single
            array, with kh * kw columns, for all taps.
        """
        n = examples.stop - examples.start
        for target, source in self._from_pictures:
            np.copyto(target[:n], source[examples])
        for target, source in self._from_canvas:
            np.copyto(target[:n], source[:n])
        return [matrix[:n] for matrix in self._matrices]

    def _join_rows(self) -> list[Array]:
        """Join what each row of taps meets.

        Numbers side by side are copied as one item of bytes, which is up to twice as fast. A row of
        taps meets every sh-th row of the picture: those of the same phase lie together.
        """
        x, n, (kh, kw), (oh, ow) = self._x, self._count, self._kernel_size, self._output_size
        _, h, w, c = x.shape
        offset, stride, dilation = self._grid.along_rows()
        height = oh + (kh - 1) * dilation // stride
        rows = self._scratch("rows", (n, stride, height, ow, kw, c))
        rows[...] = 0  # the padding, which pictures never overwrite
        for phase in range(stride):
            to_rows, from_rows = _inside(height, phase - offset, stride, h)
            for to_columns, from_columns, tap, joined in _runs(kw, ow, w, self._grid):
                target = _items(rows, joined)[:, phase, to_rows, to_columns, tap]
                source = _items(x, joined)[:, from_rows, from_columns]
                if target.size:
                    self._from_pictures.append((target, source))
        places = [divmod(u * dilation, stride) for u in range(kh)]
        return [rows[:, phase, top : top + oh].reshape(n, oh * ow, kw * c) for top, phase in places]

    def _join_all(self) -> list[Array]:
        """Join what all taps meet in pictures of one channel, after copying them onto a canvas.

        With few numbers side by side, it is faster to copy the pixels that one tap meets in a row.
        """
        x, n, (kh, kw), (oh, ow) = self._x, self._count, self._kernel_size, self._output_size
        (top, sh, dh), (left, sw, dw) = self._grid.along_rows(), self._grid.along_columns()
        size = (n, (oh - 1) * sh + (kh - 1) * dh + 1, (ow - 1) * sw + (kw - 1) * dw + 1)
        canvas = self._scratch("canvas", size)
        canvas[...] = 0
        to_rows, from_rows = _inside(size[1], -top, 1, x.shape[1])
        to_columns, from_columns = _inside(size[2], -left, 1, x.shape[2])
        pixels = x[:, from_rows, from_columns, 0]
        self._from_pictures.append((canvas[:, to_rows, to_columns], pixels))
        columns = self._scratch("rows", (n, kh, kw, oh, ow))
        example, row, pixel = canvas.strides
        strides = (example, row * dh, pixel * dw, row * sh, pixel * sw)
        source = np.ndarray(columns.shape, canvas.dtype, canvas, 0, strides)
        self._from_canvas.append((columns, source))
        return [columns.reshape(n, kh * kw, oh * ow).transpose(0, 2, 1)]

    def _scratch(self, name: str, shape: tuple[int, ...]) -> Array:
        return get_scratch(self._workspace, f"{self._name} {name}", shape, self._x.dtype)


class Layout(NamedTuple):
    """Where the numbers of a picture are copied to, as tables of places for compiled loops.

    What the taps meet lies as in `Taps`, for one picture.

    Attributes
    ----------
    copies : ndarray of int64 of shape (n, 3)
        The first place of each copy, that in the picture, and the number of numbers.
    starts : ndarray of int64 of shape (kh,)
        The first row of the matrix of each row of taps; empty if all taps are joined.
    size : int
        How many numbers there are, with those of the padding.
    """

    copies: Array
    starts: Array
    size: int

    @staticmethod
    @lru_cache(32)
    def of(
        picture_shape: tuple[int, int, int], kernel_size: Pair, output_size: Pair, grid: Grid
    ) -> Layout:
        """Return the layout for pictures (h, w, c)."""
        (h, w, c), (kh, kw), (oh, ow) = picture_shape, kernel_size, output_size
        offset, stride, dilation = grid.along_rows()
        height = oh + (kh - 1) * dilation // stride
        targets = np.arange(stride * height * ow * kw).reshape(stride, height, ow, kw) * c
        sources = np.arange(h * w).reshape(h, w) * c
        copies = [np.empty((0, 3), np.int64)]
        for phase in range(stride):
            to_rows, from_rows = _inside(height, phase - offset, stride, h)
            for to_columns, from_columns, tap, joined in _runs(kw, ow, w, grid):
                target = targets[phase, to_rows, to_columns, tap].ravel()
                source = sources[from_rows, from_columns].ravel()
                copies.append(np.column_stack([target, source, np.full_like(target, joined * c)]))
        table = np.concatenate(copies)
        table = np.ascontiguousarray(table[np.argsort(table[:, 0])])
        places = [divmod(u * dilation, stride) for u in range(kh)]
        starts = np.array([(phase * height + top) * ow for top, phase in places])
        return Layout(table, starts, targets.size * c)

    @staticmethod
    @lru_cache(32)
    def of_all_taps(picture_size: Pair, kernel_size: Pair, output_size: Pair, grid: Grid) -> Layout:
        """Return the layout that joins all taps, for pictures of one channel.

        Each of the kh * kw rows has what one tap meets. Pixels side by side are copied at once,
        so that the stride along the columns must be 1.
        """
        (h, w), (top, stride, dilation), left = picture_size, grid.along_rows(), grid.offset[1]
        shape = kernel_size + output_size
        targets = np.arange(math.prod(shape)).reshape(shape)
        sources = np.arange(h * w).reshape(h, w)
        copies = [np.empty((0, 3), np.int64)]
        for u, v in np.ndindex(kernel_size):
            to_rows, from_rows = _inside(output_size[0], u * dilation - top, stride, h)
            to_columns, from_columns = _inside(output_size[1], v * grid.dilation[1] - left, 1, w)
            if count := to_columns.stop - to_columns.start:
                target = targets[u, v, to_rows, to_columns.start]
                source = sources[from_rows, from_columns.start]
                copies.append(np.column_stack([target, source, np.full_like(target, count)]))
        return Layout(np.concatenate(copies), np.empty(0, np.int64), targets.size)


def _items(array: Array, count: int) -> Array:
    """Return a view (..., w - count + 1) of an array (..., w, c).

    Its elements are the bytes of `count` pixels side by side, from each pixel on.
    """
    shape, pixel = array.shape, array.shape[-1] * array.itemsize
    item = np.dtype((np.void, count * pixel))
    return np.ndarray(
        (*shape[:-2], shape[-2] - count + 1), item, array, 0, (*array.strides[:-2], pixel)
    )


def _runs(
    n_taps: int, n_outputs: int, width: int, grid: Grid
) -> Iterator[tuple[slice, slice, int, int]]:
    """Yield what is to be copied from a row of a picture for a row of an output.

    Yields
    ------
    to_columns, from_columns : slice
        Outputs, and the first pixels that are copied for them.
    tap : int
        The tap that meets the first pixel.
    joined : int
        The number of pixels side by side, which are met by as many taps.
    """
    offset, stride, dilation = grid.along_columns()
    if dilation > 1 or n_taps > width:
        for tap in range(n_taps):
            yield *_inside(n_outputs, tap * dilation - offset, stride, width), tap, 1
        return
    complete, pixels = _inside(n_outputs, -offset, stride, width - n_taps + 1)
    yield complete, pixels, 0, n_taps
    for i in (*range(complete.start), *range(complete.stop, n_outputs)):  # partly in the padding
        taps, pixels = _inside(n_taps, i * stride - offset, 1, width)
        if joined := taps.stop - taps.start:
            yield slice(i, i + 1), slice(pixels.start, pixels.start + 1), taps.start, joined


def _inside(n: int, start: int, step: int, size: int) -> tuple[slice, slice]:
    """Return those i of range(n), of which start + i * step lies in range(size), and these."""
    first = min(max(0, -(start // step)), n)
    last = max(first, min(n, -((start - size) // step)))
    from_places = slice(start + first * step, start + last * step, step)
    return slice(first, last), from_places if first < last else slice(0, 0)
