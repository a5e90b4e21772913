"""Convolution over pictures."""

from __future__ import annotations

from ..parameters import InitFunction
from ..utils.foreign_words import explain_arguments
from ..utils.typing import Array
from .base import Shape
from .convolution import Convolution
from .graph import GraphBuilder
from .windows import Pair, Windows, as_pair, same_or_pair


@explain_arguments("__init__")
class Conv2D(Convolution):
    """Convolution over pictures: y = weights times the window of x at each position, plus bias.

    x has shape (m, h, w, in_channels), channels last, and y (m, oh, ow, out_channels):

        y[:, i, j] = bias + the sum over u, v of x[:, i', j'] @ weight[:, u, v].T

    with i' = i * stride + u * dilation - padding, j' likewise, and x = 0 in the padding. As in all
    frameworks, the kernel is not turned: mathematics calls this a cross-correlation. The output has
    oh = floor((h + 2 * padding - dilation * (kh - 1) - 1) / stride) + 1 rows.

    Each weight has met one pixel per position: d weight[:, u, v] = the sum over examples and
    positions of dy[:, i, j].T @ x[:, i', j'], and d bias = the sum of dy. dx is the correlation of
    dy with the kernel turned by 180 degrees.

    Parameters
    ----------
    in_channels : int
        The number of channels of a picture, such as 3 for red, green and blue, >= 1.
    out_channels : int
        The number of channels of the output, >= 1.
    kernel_size : int or tuple of two int
        The height and width of the kernel, >= 1.
    stride : int or tuple of two int, default 1
        The distance between neighboring positions, >= 1.
    padding : int, tuple of two int, or "same", default 0
        How many rows and columns of zeros are added on each side. With "same" the output has
        ceil(h / stride) rows, as in TensorFlow; where the padding is odd, one more is added below
        and to the right.
    dilation : int or tuple of two int, default 1
        The distance between neighboring pixels that a kernel meets, >= 1 [1]_.
    init : Initializer or callable, default He()
        Draws the initial weights, with fan_in = kh * kw * in_channels. The initial biases are 0.
    bias : bool, default True
        Whether a bias is added.
    fast : bool, optional
        Whether loops compiled by numba compute arrays of float32 (extra ``fast``);
        the results agree to rounding. By default they do while training, if numba is installed and
        the layer is so large that it pays. It is not saved.

    Attributes
    ----------
    weight : Parameter of shape (out_channels, kh, kw, in_channels)
        The weights.
    bias : Parameter of shape (out_channels,), or None
        The biases, None with ``bias=False``.

    Raises
    ------
    ArgumentError
        If an argument is invalid.
    ShapeError
        From `forward` and `backward`, if an array has the wrong shape, or the kernel is larger than
        the padded picture.
    MissingDependencyError
        From `forward`, if `fast` is True and numba is not installed.

    See Also
    --------
    Conv1D : Over sequences.
    MaxPool2D : Makes pictures smaller.
    GlobalAvgPool2D : Makes pictures rows for `Linear`.

    Notes
    -----
    Only x is kept for `backward`. A few pictures at a time are padded and laid out for matrix
    products, in work arrays of about 1 MB, or of one picture where that is larger.

    References
    ----------
    .. [1] V. Dumoulin, F. Visin, "A guide to convolution arithmetic for deep learning", 2016,
       https://arxiv.org/abs/1603.07285, sections 2, 4 and 5.1.

    Examples
    --------
    >>> import numpy as np
    >>> from minidl import Conv2D
    >>> layer = Conv2D(1, 1, 2)
    >>> layer.weight.value = [[[[1.0], [0.0]], [[0.0], [-1.0]]]]
    >>> layer.bias.value = [0.5]
    >>> x = np.arange(9.0).reshape(1, 3, 3, 1)
    >>> layer.forward(x)[0, :, :, 0]
    array([[-3.5, -3.5],
           [-3.5, -3.5]])
    >>> layer.backward(np.ones((1, 2, 2, 1)))[0, :, :, 0]
    array([[ 1.,  1.,  0.],
           [ 1.,  0., -1.],
           [ 0., -1., -1.]])
    >>> layer.weight.grad[0, :, :, 0]
    array([[ 8., 12.],
           [20., 24.]], dtype=float32)
    """

    n_axes = 2
    example_name = "pictures"
    inference_arrays = 1

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | Pair,
        *,
        stride: int | Pair = 1,
        padding: int | Pair | str = 0,
        dilation: int | Pair = 1,
        init: InitFunction | None = None,
        bias: bool = True,
        fast: bool | None = None,
    ) -> None:
        windows = Windows(
            as_pair(kernel_size, "kernel_size", 1, self),
            as_pair(stride, "stride", 1, self),
            same_or_pair(padding, self),
            as_pair(dilation, "dilation", 1, self),
        )
        self.kernel_size, self.stride, self.padding, self.dilation = windows
        self._set_up(in_channels, out_channels, windows, init, bias, fast)

    def formula(self) -> tuple[str, str]:
        return self._formulas()

    def multiply_adds(self, shape: Shape) -> int:
        return self._products(shape)

    def to_torch(self, arrays: dict[str, Array]) -> dict[str, Array]:
        return self._with_channels_first(arrays)

    def from_torch(self, arrays: dict[str, Array]) -> dict[str, Array]:
        return self._with_channels_last(arrays)

    def to_onnx(self, graph: GraphBuilder, x: str, y: str) -> None:
        self._write_onnx(graph, x, y)
