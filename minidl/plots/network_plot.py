"""A network as a picture: what flows through it, and the layers between."""

from __future__ import annotations

from typing import Any

from ..drawing.figure import single_axes
from ..drawing.looks import adapt
from ..drawing.network import Block, Skip, draw_network, size_of
from ..escaping import MAX_LINE, PLAIN_TEXT, shortened
from ..layers.activation import Activation
from ..layers.base import UnknownSize
from ..layers.chain import Chain
from ..layers.container import Container
from ..layers.dropout import Dropout
from ..layers.linear import Linear
from ..layers.residual import Residual
from ..model.sequential import Sequential
from ..model.summary import LayerRow, layer_rows
from .model_layer import check_model


def architecture(
    model: Sequential, shape: tuple[int, ...] | None = None, *, axes: Any = None
) -> Any:
    """Plot a network: what each layer gives, with its shape, and what it learns.

    Features are circles, images are sheets of one channel each, sequences are columns of features;
    of many only some are drawn. Blue ones come from layers with parameters; between two columns of
    circles, a line is a weight. Layers that keep the shape, such as activations, are named below
    what they change. An orange arrow is what a `Residual` adds to the output of its layers.

    Parameters
    ----------
    model : Sequential
        The model; it does not change.
    shape : tuple of int, optional
        The shape of one example, such as (64, 64, 3). By default, what the layers tell: the sizes
        of images and sequences stay open.
    axes : matplotlib.axes.Axes, optional
        Where to plot. By default, a new figure with room for seven layers in a row.

    Returns
    -------
    matplotlib.axes.Axes
        The axes with the plot.

    Raises
    ------
    ArgumentError
        If `model` is not a `Sequential`, or `axes` is not a single Axes.
    ShapeError
        If the layers do not take examples of this shape.
    MissingDependencyError
        If matplotlib is not installed.

    See Also
    --------
    minidl.Sequential.summary : The same as a table.

    Examples
    --------
    >>> from minidl import BinaryCrossEntropy, Linear, ReLU, Sequential, Sigmoid
    >>> layers = [Linear(2, 16), ReLU(), Linear(16, 1), Sigmoid()]
    >>> axes = architecture(Sequential(layers, loss=BinaryCrossEntropy()))
    >>> axes.get_title()
    '65 parameters, BinaryCrossEntropy()'
    """
    function = "architecture"
    check_model(model, function)
    if shape is not None:
        model.summary(shape)  # refuses what the layers do not take
    blocks, skips = _blocks(model, shape)
    axes = single_axes(axes, function, *size_of(blocks))
    draw_network(axes, blocks, skips)
    minimized = " + ".join(map(str, [model.loss, *model.objective_function.penalties]))
    title = f"{model.parameters.size:,} parameters, {minimized}"
    axes.set_title(shortened(title, MAX_LINE), fontsize=10, **PLAIN_TEXT)
    return adapt(axes)


def _blocks(model: Sequential, shape: tuple[int, ...] | None) -> tuple[list[Block], list[Skip]]:
    first = model.layers[0]
    if shape is None and isinstance(first, Linear):
        shape = (first.in_features,)
    blocks, skips = [Block(shape, ["X"])], []
    passed: list[str] = []  # layers that others stand for
    open_residuals: list[tuple[str, int, Residual]] = []

    def close(path: str) -> None:
        while open_residuals and not path.startswith(f"{open_residuals[-1][0]}."):
            _, start, residual = open_residuals.pop()
            if start < len(blocks) - 1:
                label = "" if residual.shortcut is None else str(residual.shortcut)
                skips.append(Skip(start, len(blocks) - 1, label))

    for row in layer_rows(model.layers, shape):
        if any(row.path.startswith(f"{path}.") or row.path == path for path in passed):
            continue
        close(row.path)
        if isinstance(row.layer, Residual):
            open_residuals.append((row.path, len(blocks) - 1, row.layer))
            passed.append(f"{row.path}.shortcut")
        elif not isinstance(row.layer, Chain):
            if isinstance(row.layer, Container):
                passed.append(row.path)
            _add(blocks, row)
    close("")
    return blocks, skips


def _add(blocks: list[Block], row: LayerRow) -> None:
    """Add what a layer gives, or its name to that of the layer before if it keeps the shape."""
    output = None if isinstance(row.output, UnknownSize) else row.output
    parameters = row.layer.parameters().values()
    count = sum(parameter.size for parameter in parameters)
    before = blocks[-1]
    text = str(row.layer)
    keeps_shape = isinstance(row.layer, Activation | Dropout) or (
        output is not None
        and output == before.shape
        and not any(len(each.shape) > 1 for each in parameters)
    )
    if keeps_shape:
        blocks[-1] = before._replace(
            labels=[*before.labels, text], parameters=before.parameters + count
        )
        return
    blocks.append(Block(output, [text], count, isinstance(row.layer, Linear)))
