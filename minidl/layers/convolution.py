"""The base class of the convolutions over pictures and over sequences."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from ..errors import ShapeError
from ..initializers import He, Zeros
from ..parameters import InitFunction, Parameter
from ..utils.compiling import check_fast, should_compile
from ..utils.linalg import common_dtype
from ..utils.typing import Array
from ..utils.underflow import ignore_underflow
from ..utils.validation import check_number, integer_at_least
from ..utils.workspace import get_workspace
from .base import Layer, Shape, UnknownRank, UnknownSize, as_float_array
from .compiled_correlation import CompiledCorrelation, compiled_correlation, compiling_pays
from .correlation import correlate, input_gradient, kernel_gradient, lay_out, sum_pixels
from .graph import GraphBuilder
from .taps import Grid
from .windows import Padding, Pair, Windows, axes_text
from .windows_onnx import write_convolution


@ignore_underflow("forward", "backward", "backward_parameters")
class Convolution(Layer):
    """Base of `Conv1D` and `Conv2D`; a sequence is computed as a picture of one row.

    A derived class defines the constructor, which calls `_set_up`, and what an example is.
    """

    n_axes: ClassVar[int]
    """How many axes a window slides along: 1 or 2."""

    example_name: ClassVar[str]
    """What examples are, in the plural."""

    in_channels: int
    out_channels: int
    kernel_size: int | Pair
    stride: int | Pair
    padding: int | Padding
    dilation: int | Pair
    weight: Parameter
    bias: Parameter | None
    fast: bool | None
    _windows: Windows
    _is_compiled = False
    _x: Array
    _y: Array | None = None

    def _set_up(
        self,
        in_channels: int,
        out_channels: int,
        windows: Windows,
        init: InitFunction | None,
        bias: bool,
        fast: bool | None,
    ) -> None:
        self.fast = check_fast(fast, self, None, True, False)
        self.in_channels = check_number(in_channels, "in_channels", integer_at_least(1), self)
        self.out_channels = check_number(out_channels, "out_channels", integer_at_least(1), self)
        self._windows = windows
        taps = windows.kernel_size[-self.n_axes :]
        fan_in = int(np.prod(taps)) * self.in_channels
        shape = (self.out_channels, *taps, self.in_channels)
        self.weight = Parameter(shape, init=init or He(), fan_in=fan_in)
        self.bias = Parameter((self.out_channels,), init=Zeros(), fan_in=fan_in) if bias else None

    def forward(self, x: Array, *, training: bool = False) -> Array:
        x = as_float_array(x)
        weight = self._kernel_of(self.weight.value)
        y_shape = (len(x), *self._output_shape_of(x))
        y = get_workspace(self.workspace, "y", y_shape, common_dtype(x, weight))
        kernel = lay_out(weight.transpose(1, 2, 3, 0), y.dtype, self.workspace)
        bias = None if self.bias is None else self.bias.value
        pictures = _as_pictures(x)
        self._is_compiled = self._should_compile(pictures, y, training)
        loops = compiled_correlation() if self._is_compiled else None
        y_pictures, grid = _as_pictures(y), self._grid(pictures)
        correlate(pictures, kernel, y_pictures, grid, self.workspace, bias, loops)
        self._x, self._y = x, y
        return y

    def backward(self, dy: Array) -> Array:
        Convolution.backward_parameters(self, dy)  # not that of a derived class
        weight = self._kernel_of(self.weight.value)
        dx = get_workspace(self.workspace, "dx", self._x.shape, common_dtype(dy, weight))
        pictures = _as_pictures(dx)
        grid, loops = self._grid(pictures), self._loops_for(dy)
        input_gradient(_as_pictures(dy), weight, pictures, grid, self.workspace, loops)
        return dx

    def backward_parameters(self, dy: Array) -> None:
        y = self._y
        if y is None or dy.shape != y.shape:
            raise self._shape_error(dy, y)
        pictures, dy = _as_pictures(self._x), _as_pictures(dy)
        kernel_size, grid = self._windows.kernel_size, self._grid(pictures)
        loops = self._loops_for(dy)
        gradient = kernel_gradient(pictures, dy, kernel_size, grid, self.workspace, loops)
        self._kernel_of(self.weight.grad)[...] = gradient.transpose(3, 0, 1, 2)
        if self.bias is not None:
            sum_pixels(dy, self.bias.grad, self.workspace)

    def _should_compile(self, x: Array, y: Array, training: bool) -> bool:
        """Return whether compiled loops are used, by default only in the many steps of training."""
        if x.dtype != np.float32 or y.dtype != np.float32:
            return False
        pays = training and compiling_pays(y, self._windows.kernel_size, self.in_channels)
        return should_compile(self.fast, pays=pays)

    def _loops_for(self, dy: Array) -> CompiledCorrelation | None:
        return compiled_correlation() if self._is_compiled and dy.dtype == np.float32 else None

    def _kernel_of(self, array: Array) -> Array:
        """Return a view of the weights or their gradient, of shape (o, kh, kw, c)."""
        return array.reshape(self.out_channels, *self._windows.kernel_size, self.in_channels)

    def _grid(self, pictures: Array) -> Grid:
        windows = self._windows
        offset = windows.padding_before(pictures.shape[1:3])
        return Grid(offset, windows.stride, windows.dilation)

    def _output_shape_of(self, x: Array) -> Shape:
        try:
            return self._known_output_shape(x.shape[1:])
        except ShapeError as error:
            raise ShapeError(f"{self} {error}") from None

    def output_shape(self, shape: Shape | None) -> Shape | None:
        if shape is not None and not isinstance(shape, UnknownRank):
            return self._known_output_shape(shape)
        if shape and shape[-1] != self.in_channels:
            raise ShapeError(f"expects {self._channels_text}, got {shape[-1]}")
        return UnknownSize((self.out_channels,))

    def _known_output_shape(self, shape: Shape) -> Shape:
        if len(shape) != self.n_axes + 1 or shape[-1] != self.in_channels:
            raise ShapeError(self._what_does_not_fit(shape))
        other_axes = (1,) * (2 - self.n_axes)
        size = self._windows.output_size((*other_axes, *shape[:-1]))
        return (*size[-self.n_axes :], self.out_channels)

    @property
    def _channels_text(self) -> str:
        return "1 channel" if self.in_channels == 1 else f"{self.in_channels} channels"

    def _what_does_not_fit(self, shape: Shape) -> str:
        channels, n_axes = self.in_channels, self.n_axes
        if len(shape) == n_axes + 1:
            order = "0, 2, 3, 1" if n_axes == 2 else "0, 2, 1"
            is_first = shape[0] == channels
            cure = f" (channels come last: pass X.transpose({order})?)" if is_first else ""
            return f"expects {self._channels_text}, got {shape[-1]}{cure}"
        cure = ""
        if len(shape) == n_axes and channels == 1:
            cure = " (add the axis of channels: X[..., np.newaxis])"
        elif len(shape) == 1:
            cure = f" (put Reshape({self.example_shape}) before it)"
        return f"expects {self.example_name} {self.example_shape}, got {shape}{cure}"

    @property
    def example_shape(self) -> str:
        """The shape of an example in words, such as "(h, w, 3)"."""
        axes = ("h", "w") if self.n_axes == 2 else ("t",)
        return f"({', '.join(axes)}, {self.in_channels})"

    def _write_onnx(self, graph: GraphBuilder, x: str, y: str) -> None:
        names = ["weight"] if self.bias is None else ["weight", "bias"]
        parameters = [graph.parameter(name) for name in names]
        write_convolution(graph, x, y, parameters, self._windows, self.n_axes)

    def _products(self, shape: Shape) -> int:
        positions = int(np.prod(self._known_output_shape(shape)[:-1]))
        return positions * self.weight.size

    def _with_channels_first(self, arrays: dict[str, Array]) -> dict[str, Array]:
        return {**arrays, "weight": np.moveaxis(arrays["weight"], -1, 1)}

    def _with_channels_last(self, arrays: dict[str, Array]) -> dict[str, Array]:
        return {**arrays, "weight": np.moveaxis(arrays["weight"], 1, -1)}

    def _formulas(self) -> tuple[str, str]:
        with_bias, d_bias = (" + bias", "d bias = sum of dy, ") if self.bias else ("", "")
        return (
            f"y = weight times each window of x{with_bias}",
            f"d weight = sum of dy.T @ windows, {d_bias}dx = dy correlated with the turned weight",
        )

    def settings(self) -> dict[str, Any]:
        """Return the constructor arguments as JSON-compatible values.

        Returns
        -------
        dict of str to object
            All but `init`: a saved model has its weights.
        """
        names = ("in_channels", "out_channels", "kernel_size", "stride", "padding", "dilation")
        return {name: getattr(self, name) for name in names} | {"bias": self.bias is not None}

    def __repr__(self) -> str:
        arguments = [str(self.in_channels), str(self.out_channels), axes_text(self.kernel_size)]
        for name, default in (("stride", "1"), ("padding", "0"), ("dilation", "1")):
            text = axes_text(getattr(self, name))
            arguments += [f"{name}={text}"] if text != default else []
        arguments += [] if self.bias else ["bias=False"]
        return f"{type(self).__name__}({', '.join(arguments)})"


def _as_pictures(array: Array) -> Array:
    return array if array.ndim == 4 else array[:, np.newaxis]
