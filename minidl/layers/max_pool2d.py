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
    The maximum of a window is that of the maxima of its rows. For each of the two steps, the number
    of the largest is kept, in one byte; x is not kept. NaN in a window makes its output NaN.

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

    inference_arrays = 2
    _winners: dict[int, Array]

    def _prepare(self, x_shape: Shape, y_shape: Shape) -> None:
        kernel_height, kernel_width = self.kernel_size
        of_rows = (*x_shape[:2], *y_shape[2:])
        self._winners = {
            axis: get_workspace(
                self.workspace, f"winners {axis}", shape, np.min_scalar_type(size - 1)
            )
            for axis, shape, size in ((1, y_shape, kernel_height), (2, of_rows, kernel_width))
        }

    def pool(self, x: Array, y: Array, windows: AxisWindows, examples: slice) -> None:
        winners = self._winners[windows.axis][examples]
        is_greater, numbers = self._masks(winners, windows.axis)
        values = get_workspace(self.workspace, f"values {windows.axis}", y.shape, y.dtype)
        winners[...] = 0
        if windows.padded:
            y[...] = -np.inf
        for tap, pixels, outputs in windows.taps():
            value, maximum, greater = values[outputs], y[outputs], is_greater[outputs]
            if tap == 0 and not windows.padded:
                copy_items(x[pixels], maximum)
                continue
            copy_items(x[pixels], value)  # side by side, as the functions below want them
            np.greater(value.real, maximum.real, out=greater)
            if x.dtype.kind == "c":  # NumPy would also compare the imaginary parts
                np.copyto(maximum, value, where=greater)
            else:
                np.maximum(maximum, value, out=maximum)
            np.multiply(greater, winners.dtype.type(tap), out=numbers[outputs])
            np.maximum(winners[outputs], numbers[outputs], out=winners[outputs])

    def spread(self, dy: Array, dx: Array, windows: AxisWindows, examples: slice) -> None:
        winners = self._winners[windows.axis][examples]
        has_won, _ = self._masks(winners, windows.axis)
        dx[windows.pixels_to_clear()] = 0
        values = get_workspace(self.workspace, f"values {windows.axis}", dy.shape, dy.dtype)
        for tap, pixels, outputs in windows.taps():
            np.equal(winners[outputs], tap, out=has_won[outputs])
            np.multiply(dy[outputs], has_won[outputs], out=values[outputs])
            if windows.overlap:
                np.add(dx[pixels], values[outputs], out=dx[pixels])
            else:
                copy_items(values[outputs], dx[pixels])

    def _masks(self, winners: Array, axis: int) -> tuple[Array, Array]:
        """Return work arrays of the shape of the winners: of booleans, and of their dtype."""
        return (
            get_workspace(self.workspace, f"mask {axis}", winners.shape, _BOOL),
            get_workspace(self.workspace, f"numbers {axis}", winners.shape, winners.dtype),
        )

    def formula(self) -> tuple[str, str]:
        return (
            f"y = max of x over windows of {axes_text(self.kernel_size)}",
            "dx = dy at the first maximum of each window, else 0",
        )

    def to_onnx(self, graph: GraphBuilder, x: str, y: str) -> None:
        write_channels_first(graph, "MaxPool", [x], y, self._windows, 2)
