"""The maximum over windows of pictures."""

from __future__ import annotations

import numpy as np

from ..utils.items import copy_items
from ..utils.typing import Array
from ..utils.workspace import get_workspace
from .base import Shape
from .graph import GraphBuilder
from .pooling import AxisWindows, Pooling
from .windows import axes_text
from .windows_onnx import write_channels_first

_BOOL = np.dtype(bool)


class MaxPool2D(Pooling):
    """The maximum over windows of pictures: y[:, i, j] = max of x over window (i, j).

    x has shape (m, h, w, c) and y (m, oh, ow, c), with oh = floor((h + 2 * padding - kh) / stride)
    + 1. dx is dy at the pixel that was the maximum, and 0 elsewhere; a pixel that is the maximum of
    several windows gets the sum. Of equal maxima, the first one of the first row gets dy, as in
    PyTorch.

    Parameters
    ----------
    kernel_size : int or tuple of two int
        The height kh and width kw of a window, >= 1.
    stride : int or tuple of two int, optional
        The distance between neighboring windows, >= 1. By default `kernel_size`.
    padding : int or tuple of two int, default 0
        How many rows and columns are added on each side, at most half of `kernel_size`. They are
        never the maximum.

    Raises
    ------
    ArgumentError
        If an argument is invalid.
    ShapeError
        From `forward` and `backward`, if an array has the wrong shape, or the window is larger than
        the padded picture.

    See Also
    --------
    AvgPool2D : The mean instead.
    Conv2D : The layer that is usually before it.

    Notes
    -----
    The maximum of a window is that of the maxima of its rows. For each of the two steps, one byte
    for each number says whether it is greater than all before it; x is not kept. The last that is
    gets dy, or else the first number. NaN in a window makes its output NaN.

    References
    ----------
    M. Riesenhuber, T. Poggio, "Hierarchical models of object recognition in cortex", Nature
    Neuroscience 2, 1999, pages 1019 to 1025, https://doi.org/10.1038/14819.

    Examples
    --------
    >>> import numpy as np
    >>> from minidl import MaxPool2D
    >>> layer = MaxPool2D(2)
    >>> x = np.array([[1.0, 2.0, 0.0, 0.0], [4.0, 3.0, 0.0, 5.0]]).reshape(1, 2, 4, 1)
    >>> layer.forward(x)[0, :, :, 0]
    array([[4., 5.]])
    >>> layer.backward(np.array([7.0, 8.0]).reshape(1, 1, 2, 1))[0, :, :, 0]
    array([[0., 0., 0., 0.],
           [7., 0., 0., 8.]])
    """

    inference_arrays = 3  # for windows of up to 3 x 3 pixels
    _is_greater: dict[int, Array]

    def _prepare(self, x_shape: Shape, y_shape: Shape) -> None:
        """Make, for each axis, what tells of each tap but the first whether it is a new maximum."""
        m, h, _, _ = x_shape
        of_rows = (h, *y_shape[2:])
        shapes = zip((1, 2), self.kernel_size, (y_shape[1:], of_rows), strict=True)
        self._is_greater = {
            axis: get_workspace(self.workspace, f"greater {axis}", (m, size - 1, *shape), _BOOL)
            for axis, size, shape in shapes
        }

    def pool(self, x: Array, y: Array, windows: AxisWindows, examples: slice) -> None:
        is_greater = self._is_greater[windows.axis][examples]
        values = get_workspace(self.workspace, f"values {windows.axis}", y.shape, y.dtype)
        if windows.padded:
            y[...] = -np.inf
        for tap, pixels, outputs in windows.taps():
            value, maximum = values[outputs], y[outputs]
            if tap == 0:
                copy_items(x[pixels], maximum)
                continue
            copy_items(x[pixels], value)  # side by side, as the functions below want them
            greater = is_greater[:, tap - 1][outputs]
            np.greater(value.real, maximum.real, out=greater)
            if x.dtype.kind == "c":  # NumPy would also compare the imaginary parts
                np.copyto(maximum, value, where=greater)
            else:
                np.maximum(maximum, value, out=maximum)

    def spread(self, dy: Array, dx: Array, windows: AxisWindows, examples: slice) -> None:
        is_greater = self._is_greater[windows.axis][examples]
        values = get_workspace(self.workspace, f"values {windows.axis}", dy.shape, dy.dtype)
        rest = get_workspace(self.workspace, f"rest {windows.axis}", dy.shape, dy.dtype)
        dx[windows.pixels_to_clear()] = 0
        left = dy
        for tap, pixels, outputs in reversed(list(windows.taps())):
            value = left[outputs]
            if tap > 0:
                if windows.padded:
                    values[...] = 0  # not every output meets this tap
                greater = is_greater[:, tap - 1][outputs]
                value = np.multiply(value, greater, out=values[outputs])
                left = np.subtract(left, values, out=rest)
            if windows.overlap:
                np.add(dx[pixels], value, out=dx[pixels])
            else:
                copy_items(value, dx[pixels])

    def formula(self) -> tuple[str, str]:
        return (
            f"y = max of x over windows of {axes_text(self.kernel_size)}",
            "dx = dy at the first maximum of each window, else 0",
        )

    def to_onnx(self, graph: GraphBuilder, x: str, y: str) -> None:
        write_channels_first(graph, "MaxPool", [x], y, self._windows, 2)
