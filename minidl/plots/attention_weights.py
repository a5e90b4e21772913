"""What the positions of a sequence ask, for each head of an attention."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import ArgumentError, ShapeError
from ..escaping import PLAIN_TEXT, shortened
from ..layers.self_attention import SelfAttention
from ..utils.typing import Array
from ..utils.validation import check_array, is_integer
from .figure import axes_array, new_figure
from .labels import check_count

MAX_TICKS = 30  # of a longer sequence, only every second, third, ... token is named
MAX_TOKEN = 16  # characters of a token that are drawn
LETTER, LINE = 0.07, 0.14  # inches
ROUNDING = 1e-6


def attention(
    weights: SelfAttention | npt.ArrayLike,
    tokens: Iterable[Any] | None = None,
    *,
    example: int = 0,
    max_images: int = 20,
    columns: int = 4,
    axes: Any = None,
) -> Any:
    """Plot the attention weights of one example, an image for each head.

    A row is a position that asks, a column a position that is asked; the darker, the larger the
    weight. All heads have the same scale, from 0 to the largest weight.

    Parameters
    ----------
    weights : SelfAttention or array_like of shape (heads, t, t) or (m, heads, t, t)
        A layer, of whose last `forward` the weights are taken, or such weights as its `attention`.
    tokens : iterable of t tokens, optional
        What the positions hold, such as words, or a text of t characters; 16 characters of each
        token are drawn. By default, the positions are numbered from 0.
    example : int, default 0
        The index of the example in the batch of a layer, or of weights (m, heads, t, t).
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
        If the layer has no weights, as before its first `forward` and where the model has released
        them, a weight is not in [0, 1], there are not t tokens, there is no such example, a count
        is not an integer >= 1, or `axes` holds anything but Axes.
    ShapeError
        If the array does not have one of the shapes.
    DtypeError
        If the weights are not real numbers.
    NonFiniteError
        If a weight is NaN or infinite.
    MissingDependencyError
        If matplotlib is not installed.

    See Also
    --------
    minidl.SelfAttention : The layer.

    Examples
    --------
    >>> import numpy as np
    >>> from minidl import SelfAttention
    >>> layer = SelfAttention(4, heads=2, causal=True)
    >>> y = layer.forward(np.ones((1, 3, 4)))
    >>> axes = attention(layer, ["the", "black", "cat"])
    >>> [each.get_title() for each in axes]
    ['head 0', 'head 1']
    """
    function = "attention"
    heads = _check_weights(weights, example, function)
    t = heads.shape[-1]
    names = None if tokens is None else _check_tokens(tokens, t, function)
    shown = heads[: check_count(max_images, "max_images", function)]
    columns = min(check_count(columns, "columns", function), len(shown))
    is_new = axes is None
    if is_new:
        axes = _new_axes(len(shown), columns, names, t, _title(len(shown), len(heads)))
    grid = axes_array(axes, function)
    largest = float(shown.max()) or 1.0
    used = grid[: len(shown)]
    for cell in grid[len(shown) :] if is_new else ():
        cell.axis("off")
    for i, (cell, head) in enumerate(zip(used, shown, strict=False)):
        image = cell.imshow(head, cmap="Blues", vmin=0, vmax=largest)
        cell.set_title(f"head {i}", fontsize=9)
        is_left = not is_new or i % columns == 0
        is_lowest = not is_new or i + columns >= len(shown)
        _name_positions(cell, names, t, is_left=is_left, is_lowest=is_lowest)
    if len(used):
        used[0].figure.colorbar(image, ax=used.tolist(), label="attention weight")
    return used


def _check_weights(weights: Any, example: int, function: str) -> Array:
    """Return the weights (heads, t, t) of one example."""
    if isinstance(weights, SelfAttention):
        if weights.attention is None:
            raise ArgumentError(
                f"{weights} must have the weights of a forward pass, got none in {function}: call "
                "its forward or model.predict first, with few examples, after which a model keeps "
                "them"
            )
        weights = weights.attention
    array = check_array(weights, "weights", np.dtype(np.float64))
    if array.ndim not in (3, 4) or array.shape[-1] != array.shape[-2]:
        raise ShapeError(
            f"weights must have shape (heads, t, t) or (m, heads, t, t), got {array.shape} "
            f"in {function}: pass the attention of a SelfAttention layer"
        )
    if array.ndim == 3:
        array = array[np.newaxis]
    if not is_integer(example, -len(array)) or example >= len(array):
        raise ArgumentError(
            f"example must be the index of one of {len(array)} examples, "
            f"got {example!r} in {function}"
        )
    heads: Array = array[example]
    if heads.min() < 0 or heads.max() > 1 + ROUNDING:
        raise ArgumentError(
            f"attention weights must be in [0, 1], got {heads.min():.4g} to {heads.max():.4g} "
            f"in {function}: pass them after the softmax"
        )
    return heads


def _check_tokens(tokens: Iterable[Any], t: int, function: str) -> list[str]:
    names = [str(token) for token in tokens] if isinstance(tokens, Iterable) else []
    if len(names) != t:
        raise ArgumentError(
            f"tokens must be the {t} tokens of the sequence, one for each position, "
            f"got {shortened(repr(tokens), 80)} in {function}: "
            "name the padding too, or pass the weights without it"
        )
    return [shortened(name, MAX_TOKEN) for name in names]


def _title(n_shown: int, n_heads: int) -> str:
    limit_note = f", the first {n_shown} of {n_heads}" if n_shown < n_heads else ""
    return f"Attention weights of each head{limit_note}"


def _new_axes(count: int, columns: int, names: list[str] | None, t: int, title: str) -> Any:
    """Return axes on a new figure with room for the names of the positions."""
    rows = math.ceil(count / columns)
    side = max(1.8, LINE * min(t, MAX_TICKS)) if names else 2.0
    room = 0.5 + LETTER * max(map(len, names)) if names else 0.6
    width = columns * (side + 0.2) + room + 1.0
    figure = new_figure("attention", width, rows * (side + 0.4) + room + 0.6)
    figure.suptitle(textwrap.fill(title, max(24, int(11 * width))), fontsize=11)
    return figure.subplots(rows, columns, squeeze=False)


def _name_positions(
    axes: Any, names: list[str] | None, t: int, *, is_left: bool, is_lowest: bool
) -> None:
    """Write the tokens, or the numbers of the positions, at the axes."""
    ticks = range(t)[:: -(-t // MAX_TICKS)] if names else range(t)[:: -(-t // 8)]
    shown = [names[i] if names else str(i) for i in ticks]
    options = {"fontsize": 8, **PLAIN_TEXT}
    turn = {"rotation": 90} if names and max(map(len, names)) > 1 else {}
    axes.set_xticks(ticks, shown if is_lowest else [""] * len(shown), **turn, **options)
    axes.set_yticks(ticks, shown if is_left else [""] * len(shown), **options)
    if is_lowest:
        axes.set_xlabel("asked position")
    if is_left:
        axes.set_ylabel("asking position")
