"""The mean over windows of pictures."""

from __future__ import annotations

import numpy as np

from ..utils.items import copy_items
from ..utils.typing import Array
from ..utils.workspace import get_workspace, scalar_array
from .graph import GraphBuilder
from .pooling import AxisWindows, Pooling
from .windows import axes_text
from .windows_onnx import write_average


class AvgPool2D(Pooling):
    """The mean over windows of pictures: y[:, i, j] = mean of x over window (i, j).

    x has shape (m, h, w, c) and y (m, oh, ow, c), with oh = floor((h + 2 * padding - kh) / stride)
    + 1. Each pixel of a window gets dy / (kh * kw), and dx is the sum over the windows that a pixel
    is in.

    Parameters
    ----------
    kernel_size : int or tuple of two int
        The height kh and width kw of a window, >= 1.
    stride : int or tuple of two int, optional
        The distance between neighboring windows, >= 1. By default `kernel_size`.
    padding : int or tuple of two int, default 0
        How many rows and columns of zeros are added on each side, at most half of `kernel_size`.
        They count: each mean is a sum divided by kh * kw, as by default in PyTorch
        (``count_include_pad=True``).

    Raises
    ------
    ArgumentError
        If an argument is invalid.
    ShapeError
        From `forward` and `backward`, if an array has the wrong shape, or the window is larger than
        the padded picture.

    See Also
    --------
    MaxPool2D : The maximum instead.
    GlobalAvgPool2D : The mean over whole pictures.

    References
    ----------
    Y. LeCun, L. Bottou, Y. Bengio, P. Haffner, "Gradient-based learning applied to document
    recognition", Proceedings of the IEEE 86, 1998, section 2 (subsampling).

    Examples
    --------
    >>> import numpy as np
    >>> from minidl import AvgPool2D
    >>> layer = AvgPool2D(2)
    >>> x = np.array([[1.0, 2.0, 0.0, 0.0], [4.0, 3.0, 0.0, 5.0]]).reshape(1, 2, 4, 1)
    >>> layer.forward(x)[0, :, :, 0]
    array([[2.5 , 1.25]])
    >>> layer.backward(np.array([4.0, 8.0]).reshape(1, 1, 2, 1))[0, :, :, 0]
    array([[1., 1., 2., 2.],
           [1., 1., 2., 2.]])
    """

    inference_arrays = 1

    def pool(self, x: Array, y: Array, windows: AxisWindows, examples: slice) -> None:
        y[...] = 0
        for _, pixels, outputs in windows.taps():
            np.add(y[outputs], x[pixels], out=y[outputs])
        np.multiply(y, scalar_array(1 / windows.kernel_size, y.dtype), out=y)

    def spread(self, dy: Array, dx: Array, windows: AxisWindows, examples: slice) -> None:
        share = get_workspace(self.workspace, f"share {windows.axis}", dy.shape, dy.dtype)
        np.multiply(dy, scalar_array(1 / windows.kernel_size, dy.dtype), out=share)
        dx[windows.pixels_to_clear()] = 0
        for _, pixels, outputs in windows.taps():
            if windows.overlap:
                np.add(dx[pixels], share[outputs], out=dx[pixels])
            else:
                copy_items(share[outputs], dx[pixels])

    def formula(self) -> tuple[str, str]:
        windows = f"windows of {axes_text(self.kernel_size)}"
        count = self.kernel_size[0] * self.kernel_size[1]
        return f"y = mean of x over {windows}", f"dx = dy / {count} at each pixel of the window"

    def to_onnx(self, graph: GraphBuilder, x: str, y: str) -> None:
        write_average(graph, x, y, self._windows)
