"""How the outputs of each layer are distributed over a batch."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from ..drawing.figure import COLOURS, GREY, axes_array, new_figure
from ..drawing.labels import check_count
from ..drawing.looks import adapt
from ..errors import NonFiniteError
from ..escaping import PLAIN_TEXT, shortened
from ..model.layer_output import layer_outputs
from ..model.sequential import Sequential
from ..utils.typing import Array
from .model_layer import check_model

BINS = 40
MAX_NAME = 30  # characters of a layer in a title


def activations(model: Sequential, X: npt.ArrayLike, *, columns: int = 4, axes: Any = None) -> Any:
    """Plot a histogram of what each layer gives for some examples.

    It shows what stops a network from learning: numbers that shrink or grow from layer to layer,
    sigmoids at their ends, and units that give the same for every example. Dropout is off. A copy
    of the model computes the outputs: training is not disturbed.

    Parameters
    ----------
    model : Sequential
        The model.
    X : array_like of shape (m, ...)
        The examples, as the model takes them; a few hundred are enough.
    columns : int, default 4
        The number of histograms in a row, >= 1.
    axes : sequence of matplotlib.axes.Axes, optional
        Where to plot, one layer on each. By default, a new figure.

    Returns
    -------
    ndarray of matplotlib.axes.Axes
        The axes with a histogram, a flat array.

    Raises
    ------
    ArgumentError
        If `model` is not a `Sequential`, `columns` is not an integer >= 1, or `axes` holds anything
        but Axes.
    ShapeError, DtypeError, NonFiniteError
        If `X` is invalid; see `Sequential.fit`. `NonFiniteError` also if a layer gives NaN or
        infinity.
    MissingDependencyError
        If matplotlib is not installed.

    See Also
    --------
    feature_maps : The outputs of one layer for one image.

    Examples
    --------
    >>> import numpy as np
    >>> from minidl import BinaryCrossEntropy, Linear, ReLU, Sequential, Sigmoid
    >>> layers = [Linear(2, 8), ReLU(), Linear(8, 1), Sigmoid()]
    >>> model = Sequential(layers, loss=BinaryCrossEntropy())
    >>> axes = activations(model, np.random.default_rng(0).normal(size=(100, 2)))
    >>> len(axes)
    4
    """
    function = "activations"
    check_model(model, function)
    columns = check_count(columns, "columns", function)
    outputs = layer_outputs(model.objective_function, X)
    for i, (layer, output) in enumerate(zip(model.layers, outputs, strict=True)):
        if not np.isfinite(output).all():
            raise NonFiniteError(
                f"layer must give finite numbers, but layer {i}, {layer}, gives NaN or infinity in "
                f"{function}: its weights are not finite, or too large"
            )
    is_new = axes is None
    if is_new:
        columns = min(columns, len(outputs))
        rows = math.ceil(len(outputs) / columns)
        figure = new_figure(function, max(5.0, 2.6 * columns), 0.6 + 2.1 * rows)
        figure.suptitle(f"Outputs of each layer for {len(outputs[0]):,} examples", fontsize=11)
        axes = figure.subplots(rows, columns, squeeze=False)
    grid = axes_array(axes, function)
    for cell in grid[len(outputs) :] if is_new else ():
        cell.axis("off")
    for i, (cell, output) in enumerate(zip(grid, outputs, strict=False)):
        _draw(cell, output.astype(np.float64))
        name = shortened(f"{i}  {model.layers[i]}", MAX_NAME)
        cell.set_title(f"{name}\n{_summary(output)}", fontsize=8, **PLAIN_TEXT)
    return adapt(grid[: len(outputs)])


def _draw(axes: Any, output: Array) -> None:
    shares = np.full(output.size, 1 / output.size)
    axes.hist(output.ravel(), bins=BINS, weights=shares, color=COLOURS[0])
    axes.axvline(0, color=GREY, linewidth=0.8, linestyle=":")
    axes.yaxis.set_major_formatter(lambda share, _: f"{share:.0%}")
    axes.tick_params(labelsize=7)
    axes.locator_params(nbins=4)


def _summary(output: Array) -> str:
    """Return mean and spread, and how many units give the same for all examples."""
    text = f"{output.mean():.2g} ± {output.std():.2g}"
    zeros = float((output == 0).mean())
    if zeros:
        text += f", {zeros:.0%} zeros"
    by_unit = output.reshape(-1, output.shape[-1])
    constant = int((np.ptp(by_unit, axis=0) == 0).sum())
    if constant and len(by_unit) > 1:
        text += f"\n{constant} of {by_unit.shape[1]} units constant"
    return text
