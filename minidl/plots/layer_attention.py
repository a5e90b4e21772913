"""What the positions of a sequence ask in a layer of a model."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from ..drawing.image_grid import MAX_LAYER_NAME
from ..errors import ArgumentError, NonFiniteError, ShapeError
from ..escaping import shortened
from ..layers.self_attention import SelfAttention
from ..layers.tree import named_modules
from ..model.layer_output import run_layer
from ..model.sequential import Sequential
from ..utils.validation import as_real_array
from .attention_heads import check_tokens, draw_heads
from .model_layer import check_model, find_layer


def attention(
    model: Sequential,
    x: npt.ArrayLike,
    layer: int | str | None = None,
    *,
    tokens: Iterable[Any] | None = None,
    max_images: int = 20,
    columns: int = 4,
    axes: Any = None,
) -> Any:
    """Plot the attention weights of a layer for one example, an image for each head.

    A row is a position that asks, a column a position that is asked; the darker, the larger the
    weight. All heads have the same scale, from 0 to the largest weight. Dropout is off. A copy of
    the model computes the weights: training is not disturbed.

    Parameters
    ----------
    model : Sequential
        The model.
    x : array_like of shape (t, ...)
        One example, as the model takes it: without the axis of the examples.
    layer : int or str, optional
        The index of a `SelfAttention`, negative from the last, or the path of one, such as
        "2.body.1" (see `Sequential.summary`). By default, the only one of the model.
    tokens : iterable of t tokens, optional
        What the positions hold, such as words, or a text of t characters; 16 characters of each
        token are drawn. By default, the numbers in x where the model takes tokens (t,); others are
        numbered from 0.
    max_images : int, default 20
        The maximum number of heads to plot, >= 1; the first ones are plotted.
    columns : int, default 4
        The number of images in a row, >= 1.
    axes : sequence of matplotlib.axes.Axes, optional
        Where to plot, one head on each. By default, a new figure, in which only the outer images
        have tokens.

    Returns
    -------
    ndarray of matplotlib.axes.Axes
        The axes with an image, a flat array.

    Raises
    ------
    ArgumentError
        If `model` is not a `Sequential`, `layer` is not one of its `SelfAttention` layers, or not
        given where it has several or none, there are not t tokens, a count is not an integer >= 1,
        or `axes` holds anything but Axes.
    ShapeError
        If `x` is not one example of the model.
    DtypeError
        If `x` does not hold numbers that the model takes.
    NonFiniteError
        If `x` or a weight is NaN or infinite.
    MissingDependencyError
        If matplotlib is not installed.

    See Also
    --------
    attention_weights : Plots weights that are there already.
    minidl.SelfAttention : The layer.

    Examples
    --------
    >>> import numpy as np
    >>> from minidl import Embedding, Linear, MeanSquaredError, SelfAttention, Sequential
    >>> layers = [Embedding(9, 4), SelfAttention(4, heads=2, causal=True), Linear(4, 1)]
    >>> model = Sequential(layers, loss=MeanSquaredError())
    >>> axes = attention(model, [3, 1, 4], tokens=["the", "black", "cat"])
    >>> [each.get_title() for each in axes]
    ['head 0', 'head 1']
    """
    function = "attention"
    check_model(model, function)
    path, name = find_layer(model, _only_layer(model) if layer is None else layer, function)
    if not isinstance(dict(named_modules(model.layers))[path], SelfAttention):
        raise ArgumentError(
            f"layer must be a SelfAttention, got {name} in {function}: {_choice(model)}"
        )
    example = as_real_array(x, "x")
    try:
        done, _ = run_layer(model.objective_function, example[np.newaxis], path)
    except ShapeError as error:
        raise ShapeError(
            f"x must be one example of the model, without an axis of examples, got shape "
            f"{example.shape} in {function}: {error}"
        ) from None
    heads = np.asarray(done.attention[0], np.float64)  # type: ignore[attr-defined]
    if not np.isfinite(heads).all():
        raise NonFiniteError(
            f"attention weights must be finite, but those of {name}, are not in {function}: its "
            "weights are not finite, or too large"
        )
    if tokens is None and example.ndim == 1:
        tokens = example.tolist()
    names = None if tokens is None else check_tokens(tokens, heads.shape[-1], function)
    title = f"Attention weights of each head of {shortened(name, MAX_LAYER_NAME)}"
    limits = {"max_images": max_images, "columns": columns, "axes": axes}
    return draw_heads(heads, names, title, function=function, **limits)


def _paths(model: Sequential) -> list[str]:
    """Return the paths of the layers of attention."""
    named = named_modules(model.layers)
    return [path for path, layer in named if isinstance(layer, SelfAttention)]


def _only_layer(model: Sequential) -> str:
    paths = _paths(model)
    if len(paths) == 1:
        return paths[0]
    raise ArgumentError(
        f"layer must be given unless the model has one SelfAttention, got a model with "
        f"{len(paths)} in attention: {_choice(model)}"
    )


def _choice(model: Sequential) -> str:
    paths = ", ".join(map(repr, _paths(model)))
    return f"pass one of {paths}" if paths else "plot a model with such a layer"
