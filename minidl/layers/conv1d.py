"""Convolution over sequences."""

from __future__ import annotations

from typing import Literal

from ..parameters import InitFunction
from ..utils.foreign_words import explain_arguments
from ..utils.typing import Array
from ..utils.validation import check_number, integer_at_least
from .base import Shape
from .convolution import Convolution
from .graph import GraphBuilder
from .windows import Padding, Windows


@explain_arguments("__init__")
class Conv1D(Convolution):
    """Convolution over sequences: y = weights times the window of x at each position, plus bias.

    x has shape (m, t, in_channels) and y (m, ot, out_channels):

        y[:, i] = bias + the sum over u of x[:, i'] @ weight[:, u].T

    with i' = i * stride + u * dilation - padding, and x = 0 in the padding. The output has
    ot = floor((t + 2 * padding - dilation * (k - 1) - 1) / stride) + 1 positions. The gradients
    are those of `Conv2D` for pictures of one row: d weight[:, u] = the sum over examples and
    positions of dy[:, i].T @ x[:, i'], d bias = the sum of dy, and dx is the correlation of dy with
    the kernel in reverse.

    Parameters
    ----------
    in_channels : int
        The number of features per position, >= 1.
    out_channels : int
        The number of features of the output, >= 1.
    kernel_size : int
        The number k of positions that the kernel meets at once, >= 1.
    stride : int, default 1
        The distance between neighboring windows, >= 1.
    padding : int or "same", default 0
        How many zeros are added before and after. With "same" the output has ceil(t / stride)
        positions; where the padding is odd, one more is added after.
    dilation : int, default 1
        The distance between neighboring positions that a kernel meets, >= 1.
    init : Initializer or callable, default He()
        Draws the initial weights, with fan_in = kernel_size * in_channels. The initial biases are
        0.
    bias : bool, default True
        Whether a bias is added.
    fast : bool, optional
        Whether loops compiled by numba compute arrays of float32 (extra ``fast``);
        the results agree to rounding. By default they do while training, if numba is installed and
        the layer is so large that it pays. It is not saved.

    Attributes
    ----------
    weight : Parameter of shape (out_channels, kernel_size, in_channels)
        The weights.
    bias : Parameter of shape (out_channels,), or None
        The biases, None with ``bias=False``.

    Raises
    ------
    ArgumentError
        If an argument is invalid.
    ShapeError
        From `forward` and `backward`, if an array has the wrong shape, or the kernel is longer than
        the padded sequence.
    MissingDependencyError
        From `forward`, if `fast` is True and numba is not installed.

    See Also
    --------
    Conv2D : Over pictures.

    References
    ----------
    V. Dumoulin, F. Visin, "A guide to convolution arithmetic for deep learning", 2016,
    https://arxiv.org/abs/1603.07285, section 2.

    Examples
    --------
    >>> import numpy as np
    >>> from minidl import Conv1D
    >>> layer = Conv1D(1, 1, 2, bias=False)
    >>> layer.weight.value = [[[-1.0], [1.0]]]
    >>> layer.forward(np.array([[[1.0], [4.0], [9.0], [16.0]]]))[0, :, 0]
    array([3., 5., 7.])
    >>> layer.backward(np.ones((1, 3, 1)))[0, :, 0]
    array([-1.,  0.,  0.,  1.])
    """

    n_axes = 1
    example_name = "sequences"
    inference_arrays = 1

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int,
        *,
        stride: int = 1,
        padding: int | Literal["same"] = 0,
        dilation: int = 1,
        init: InitFunction | None = None,
        bias: bool = True,
        fast: bool | None = None,
    ) -> None:
        positive = integer_at_least(1)
        self.kernel_size = check_number(kernel_size, "kernel_size", positive, self)
        self.stride = check_number(stride, "stride", positive, self)
        self.dilation = check_number(dilation, "dilation", positive, self)
        self.padding = padding
        both_sides: Padding = "same"
        if padding != "same":
            self.padding = check_number(
                padding, "padding", integer_at_least(0), self, 'or pass "same"'
            )
            both_sides = (0, self.padding)
        windows = Windows((1, self.kernel_size), (1, self.stride), both_sides, (1, self.dilation))
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
