"""ONNX nodes for layers whose windows slide over pictures or sequences.

ONNX has channels first, hence the transposes. onnxruntime has convolution and average pooling in
float32 only; in float64 they are written as slices, one for each tap of the windows.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Any

import numpy as np

from ..errors import ArgumentError
from .graph import GraphBuilder
from .windows import Windows

_TO_THE_END = np.iinfo(np.int64).max


def write_convolution(
    graph: GraphBuilder,
    x: str,
    y: str,
    parameters: Sequence[str],
    windows: Windows,
    n_axes: int,
) -> None:
    """Add the nodes of a convolution.

    Parameters
    ----------
    graph : GraphBuilder
        The graph.
    x, y : str
        The names of the input (m, h, w, c) or (m, t, c), and of the output.
    parameters : sequence of str
        The names of the weight (o, kh, kw, c) or (o, k, c), and of the bias (o,) if there is one.
    windows : Windows
        The windows of the layer.
    n_axes : int
        Along how many axes they slide: 2 for pictures, 1 for sequences.
    """
    weight, *bias = parameters
    kernel = f"{y}.kernel"
    if graph.dtype == np.float32:
        graph.node("Transpose", [weight], [kernel], perm=_channels_first(n_axes))
        write_channels_first(graph, "Conv", [x, kernel, *bias], y, windows, n_axes)
        return
    columns, product_name = f"{y}.columns", f"{y}.product" if bias else y
    graph.node("Concat", _taps(graph, x, y, windows, n_axes), [columns], axis=-1)
    transposed, minus_one = f"{y}.transposed", np.array([0, -1], np.int64)
    # (o, taps, c) -> (o, taps * c) -> (taps * c, o)
    graph.node("Reshape", [weight, graph.constant(f"{y}.matrix", minus_one)], [transposed])
    graph.node("Transpose", [transposed], [kernel], perm=[1, 0])
    graph.node("MatMul", [columns, kernel], [product_name])
    if bias:
        graph.node("Add", [product_name, *bias], [y])


def write_average(graph: GraphBuilder, x: str, y: str, windows: Windows) -> None:
    """Add the nodes of an average over windows of pictures, padding included.

    Parameters
    ----------
    graph : GraphBuilder
        The graph.
    x, y : str
        The names of the input (m, h, w, c) and of the output.
    windows : Windows
        The windows of the layer.
    """
    if graph.dtype == np.float32:
        write_channels_first(graph, "AveragePool", [x], y, windows, 2, count_include_pad=1)
        return
    taps, total = _taps(graph, x, y, windows, 2), f"{y}.sum"
    graph.node("Sum", taps, [total])
    count = graph.constant(f"{y}.count", np.array(len(taps), graph.dtype))
    graph.node("Div", [total, count], [y])


def write_channels_first(
    graph: GraphBuilder,
    operator: str,
    inputs: Sequence[str],
    y: str,
    windows: Windows,
    n_axes: int,
    **attributes: Any,
) -> None:
    """Add the node of an operator that has channels first, between two transposes.

    Parameters
    ----------
    graph : GraphBuilder
        The graph.
    operator : str
        The name of the operator.
    inputs : sequence of str
        The names of its inputs, of which the first has channels last.
    y : str
        The name of the output, with channels last.
    windows : Windows
        The windows of the layer.
    n_axes : int
        Along how many axes they slide: 2 for pictures, 1 for sequences.
    **attributes
        Other attributes of the operator.
    """
    first, last = f"{y}.channels_first", f"{y}.result"
    attributes |= _attributes(windows, n_axes)
    graph.node("Transpose", [inputs[0]], [first], perm=_channels_first(n_axes))
    graph.node(operator, [first, *inputs[1:]], [last], **attributes)
    graph.node("Transpose", [last], [y], perm=[0, *range(2, n_axes + 2), 1])


def _channels_first(n_axes: int) -> list[int]:
    return [0, n_axes + 1, *range(1, n_axes + 1)]


def _attributes(windows: Windows, n_axes: int) -> dict[str, Any]:
    attributes: dict[str, Any] = {
        "kernel_shape": windows.kernel_size[-n_axes:],
        "strides": windows.stride[-n_axes:],
    }
    if windows.dilation != (1, 1):
        attributes["dilations"] = windows.dilation[-n_axes:]
    pads = _pads(windows, n_axes)
    if pads is None:
        return attributes | {"auto_pad": "SAME_UPPER"}
    return attributes | {"pads": [*pads[0], *pads[1]]}


def _pads(windows: Windows, n_axes: int) -> tuple[list[int], list[int]] | None:
    """Return the padding before and after each axis, None if it depends on the pictures' size."""
    if windows.padding != "same":
        padding = list(windows.padding[-n_axes:])
        return padding, padding
    if windows.stride != (1, 1):
        return None
    totals = [length - 1 for length in windows.extent[-n_axes:]]
    return [total // 2 for total in totals], [total - total // 2 for total in totals]


def _taps(graph: GraphBuilder, x: str, y: str, windows: Windows, n_axes: int) -> list[str]:
    """Add, for each tap, the pixels that it meets, and return their names."""

    def integers(name: str, values: Sequence[int]) -> str:
        return graph.constant(f"{y}.{name}", np.array(values, np.int64))

    pads = _pads(windows, n_axes)
    if pads is None:
        raise ArgumentError(
            f'padding="same" with a stride has no ONNX form in {graph.dtype}: export '
            "model.astype(np.float32)"
        )
    before, after = pads
    if any(before + after):
        padded = f"{y}.padded"
        graph.node("Pad", [x, integers("pads", [0, *before, 0, 0, *after, 0])], [padded])
        x = padded
    axes = integers("axes", range(1, n_axes + 1))
    steps = integers("steps", windows.stride[-n_axes:])
    names: list[str] = []
    positions = [
        [(u * dilation, (u + 1 - count) * dilation or _TO_THE_END) for u in range(count)]
        for count, dilation in zip(windows.kernel_size, windows.dilation, strict=True)
    ]
    for tap in product(*positions[-n_axes:]):
        name = f"tap{len(names)}"
        starts = integers(f"{name}.starts", [start for start, _ in tap])
        ends = integers(f"{name}.ends", [end for _, end in tap])
        names.append(f"{y}.{name}")
        graph.node("Slice", [x, starts, ends, axes, steps], [names[-1]])
    return names
