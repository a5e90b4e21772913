"""The base class of the layers that pool the pixels in windows."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from typing import TypeAlias

from ..errors import ArgumentError, ShapeError
from ..utils.foreign_words import explain_arguments
from ..utils.typing import Array
from ..utils.underflow import ignore_underflow
from ..utils.workspace import get_workspace
from .base import Layer, Shape, UnknownRank, as_float_array
from .windows import Pair, Windows, as_pair, axes_text

Index: TypeAlias = tuple[slice, ...]

_BLOCK_BYTES = 2**21  # of the pictures that are pooled at a time, so that they stay in the cache


class AxisWindows:
    """The windows along one axis of pictures.

    Parameters
    ----------
    windows : Windows
        The windows of the layer.
    axis : {1, 2}
        The axis of the rows or of the columns.
    size : sequence of two int
        The height and width of the pictures.

    Attributes
    ----------
    kernel_size : int
        The number of taps of a window.
    overlap : bool
        Whether a pixel may be in two windows.
    padded : bool
        Whether windows reach outside of the pictures.
    """

    def __init__(self, windows: Windows, axis: int, size: Sequence[int]) -> None:
        self.axis = axis
        self.kernel_size, self._stride = windows.kernel_size[axis - 1], windows.stride[axis - 1]
        self._padding = windows.padding_before(size)[axis - 1]
        self._n, self._count = size[axis - 1], windows.output_size(size)[axis - 1]
        self.overlap = self._stride < self.kernel_size
        self.padded = self._padding > 0
        self._tiles = self._stride == self.kernel_size and not self.padded

    def taps(self) -> Iterator[tuple[int, Index, Index]]:
        """Yield where each tap lies in the pictures, and which outputs it contributes to.

        Yields
        ------
        tap : int
            The number of the tap, from 0. Taps that only meet padding are left out.
        pixels, outputs : tuple of slice
            Indices of as many pixels as outputs.
        """
        stride = self._stride
        for tap in range(self.kernel_size):
            start = tap - self._padding  # window i meets the pixel start + i * stride
            first = max(-(start // stride), 0)
            last = min((self._n - 1 - start) // stride, self._count - 1)
            if first <= last:
                pixels = slice(start + first * stride, start + last * stride + 1, stride)
                yield tap, self._along(pixels), self._along(slice(first, last + 1))

    def pixels_to_clear(self) -> Index:
        """Return where the pixels are that no window meets; all where several may meet one."""
        covered = self._count * self.kernel_size if self._tiles else 0
        return self._along(slice(covered, None))

    def _along(self, where: slice) -> Index:
        return (*[slice(None)] * self.axis, where)


@explain_arguments("__init__")
@ignore_underflow("forward", "backward")
class Pooling(Layer):
    """Base of `MaxPool2D` and `AvgPool2D`, which pool the pixels of each row, then the rows.

    A derived class defines `pool`, `spread` and its description.
    """

    _windows: Windows
    _input_shape: Shape
    _y: Array | None = None

    def __init__(
        self,
        kernel_size: int | Pair,
        *,
        stride: int | Pair | None = None,
        padding: int | Pair = 0,
    ) -> None:
        self.kernel_size = as_pair(kernel_size, "kernel_size", 1, self)
        self.stride = self.kernel_size if stride is None else as_pair(stride, "stride", 1, self)
        self.padding = as_pair(padding, "padding", 0, self)
        for before, size in zip(self.padding, self.kernel_size, strict=True):
            if before > size // 2:
                raise ArgumentError(
                    "padding must be at most half of kernel_size, so that each window meets a "
                    f"pixel, got {padding!r} for {kernel_size!r} in {type(self).__name__}"
                )
        self._windows = Windows(self.kernel_size, self.stride, self.padding)

    @abstractmethod
    def pool(self, x: Array, y: Array, windows: AxisWindows, examples: slice) -> None:
        """Pool some examples along one axis.

        Parameters
        ----------
        x : ndarray of shape (n, h, w, c)
            The pictures of these examples. They must not be modified.
        y : ndarray
            Uninitialized; the output is written into it.
        windows : AxisWindows
            The windows along the axis.
        examples : slice
            Which examples of the batch they are.
        """

    @abstractmethod
    def spread(self, dy: Array, dx: Array, windows: AxisWindows, examples: slice) -> None:
        """Compute the gradient of `pool`.

        Parameters
        ----------
        dy : ndarray
            The gradient with respect to the output. It must not be modified.
        dx : ndarray of shape (n, h, w, c)
            Uninitialized; the gradient with respect to the pictures is written into it.
        windows : AxisWindows
            The windows along the axis.
        examples : slice
            Which examples of the batch they are.
        """

    def forward(self, x: Array, *, training: bool = False) -> Array:
        x = as_float_array(x)
        try:
            y_shape = (len(x), *self._known_output_shape(x.shape[1:]))
        except ShapeError as error:
            raise ShapeError(f"{self} {error}") from None
        y = get_workspace(self.workspace, "y", y_shape, x.dtype)
        self._input_shape, self._y = x.shape, y
        self._prepare(x.shape, y_shape)
        columns, rows = self._axes(x.shape)
        for examples, pooled_rows in self._blocks(x):
            self.pool(x[examples], pooled_rows, columns, examples)
            self.pool(pooled_rows, y[examples], rows, examples)
        return y

    def backward(self, dy: Array) -> Array:
        y = self._y
        if y is None or dy.shape != y.shape:
            raise self._shape_error(dy, y)
        dx = get_workspace(self.workspace, "dx", self._input_shape, dy.dtype)
        columns, rows = self._axes(dx.shape)
        for examples, d_pooled_rows in self._blocks(dx):
            self.spread(dy[examples], d_pooled_rows, rows, examples)
            self.spread(d_pooled_rows, dx[examples], columns, examples)
        return dx

    def _prepare(self, x_shape: Shape, y_shape: Shape) -> None:
        """Make what `pool` keeps for `spread`; by default nothing."""

    def _axes(self, x_shape: Shape) -> tuple[AxisWindows, AxisWindows]:
        """Return the windows along the columns, and those along the rows."""
        size = x_shape[1:3]
        return AxisWindows(self._windows, 2, size), AxisWindows(self._windows, 1, size)

    def _blocks(self, x: Array) -> Iterator[tuple[slice, Array]]:
        """Yield some examples at a time, with memory for them pooled along the rows only."""
        m, h, w, c = x.shape
        width = self._windows.output_size((h, w))[1]
        n = max(min(_BLOCK_BYTES // (h * w * c * x.itemsize), m), 1)
        rows = get_workspace(self.workspace, "rows", (n, h, width, c), x.dtype)
        for first in range(0, m, n):
            examples = slice(first, min(first + n, m))
            yield examples, rows[: examples.stop - first]

    def output_shape(self, shape: Shape | None) -> Shape | None:
        if shape is None or isinstance(shape, UnknownRank):
            return shape
        return self._known_output_shape(shape)

    def _known_output_shape(self, shape: Shape) -> Shape:
        if len(shape) != 3:
            raise ShapeError(f"expects pictures (h, w, c), got {shape}")
        return (*self._windows.output_size(shape[:2]), shape[2])

    def __repr__(self) -> str:
        arguments = [axes_text(self.kernel_size)]
        if self.stride != self.kernel_size:
            arguments.append(f"stride={axes_text(self.stride)}")
        if self.padding != (0, 0):
            arguments.append(f"padding={axes_text(self.padding)}")
        return f"{type(self).__name__}({', '.join(arguments)})"
