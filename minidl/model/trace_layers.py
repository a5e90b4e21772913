"""Each step of one layer as text, for `explain`; containers show the layers inside of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..layers.base import Layer
from ..layers.chain import Chain
from ..layers.container import Container
from ..layers.tree import described
from ..utils.typing import Array


def forward_lines(path: str, layer: Layer, output: Array) -> Iterator[str]:
    """Describe the last forward pass of a layer.

    Parameters
    ----------
    path : str
        The path of the layer in the model, such as "2" or "2.body.0".
    layer : Layer
        The layer.
    output : ndarray
        Its output.

    Yields
    ------
    str
        A line.
    """
    yield f"{path}  {_description(layer)}: {layer.formula()[0]}"
    if isinstance(layer, Container):
        for name, inner, inner_output in layer.inner_outputs():
            yield from forward_lines(f"{path}.{name}", inner, inner_output)
        if not isinstance(layer, Chain):  # that of its last layer
            yield row(f"     y of {path}", output)
        return
    for name, parameter in layer.parameters().items():
        yield row(f"     {name}", parameter.value)
    yield row("     y", output)


def backward_lines(
    path: str, layer: Layer, dy: Array, *, needs_dx: bool = True
) -> tuple[list[str], Any]:
    """Run the backward pass of a layer, and describe it.

    Parameters
    ----------
    path : str
        The path of the layer in the model.
    layer : Layer
        The layer, after its `forward`.
    dy : ndarray of the shape of the last output
        The gradient with respect to the output.
    needs_dx : bool, default True
        Whether a layer before this one needs dx.

    Returns
    -------
    lines : list of str
        The description.
    dx : ndarray or None
        The gradient with respect to the input, None if it was not computed.
    """
    lines = [f"{path}  {_description(layer)}: {layer.formula()[1]}"]
    dx: Any = None
    if isinstance(layer, Container):

        def run(name: str, inner: Layer, dy: Array) -> Any:
            inner_lines, inner_dx = backward_lines(f"{path}.{name}", inner, dy)
            lines.extend(inner_lines)
            return inner_dx

        dx = layer.backward_through(dy, run)
    elif needs_dx:
        dx = layer.backward(dy)
    else:
        layer.backward_parameters(dy)
    if not isinstance(layer, Container):
        for name, parameter in layer.parameters().items():
            lines.append(row(f"     d {name}", parameter.grad))
    if not needs_dx:
        lines.append("     dx is not needed: no layer before this one has parameters")
    elif dx is None:
        lines.append("     no dx: the input consists of integers")
    elif not isinstance(layer, Chain):  # that of its first layer
        lines.append(row(f"     dx of {path}" if isinstance(layer, Container) else "     dx", dx))
    return lines, dx


def _description(layer: Layer) -> str:
    # The layers of a container follow, each with its own description.
    return type(layer).__name__ if isinstance(layer, Container) else described(layer)


def title(name: str) -> str:
    """Return the line above a section: what its columns are."""
    return f"{name:<24}{'shape':<14}{'first row':<49}{'minimum':>11}{'mean':>11}{'maximum':>11}"


def row(name: str, array: Array) -> str:
    """Return a line for an array: its shape, first numbers, minimum, mean and maximum."""
    first_row = np.ravel(array[0] if array.ndim > 1 else array)
    numbers = "".join(map(_number, first_row[:4])) + ("  ..." if first_row.size > 4 else "")
    statistics = "".join(map(_number, (array.min(), array.mean(), array.max())))
    return f"{name:<23} {array.shape!s:<14}{numbers:<49}{statistics}"


def _number(value: float) -> str:
    return f"{value + 0.0:>11.4g}"  # no -0
