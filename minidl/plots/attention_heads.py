"""Attention weights as images, one for each head."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from ..drawing.figure import axes_array, new_figure
from ..drawing.labels import check_count
from ..errors import ArgumentError, ShapeError
from ..escaping import PLAIN_TEXT, shortened
from ..utils.typing import Array
from ..utils.validation import check_array

MAX_TICKS = 30  # of a longer sequence, only every second, third, ... token is named
MAX_TOKEN = 16  # characters of a token that are drawn
LETTER, LINE = 0.07, 0.14  # inches
ROUNDING = 1e-6


def attention_weights(
    weights: npt.ArrayLike,
    tokens: Iterable[Any] | None = None,
    *,
    max_images: int = 20,
    columns: int = 4,
    axes: Any = None,
) -> Any:
    """Plot attention weights, an image for each head.

    A row is a position that asks, a column a position that is asked; the darker, the larger the
    weight. All heads have the same scale, from 0 to the largest weight.

    Parameters
    ----------
    weights : array_like of shape (heads, t, t)
        The weights, such as those of one example in the `attention` of a `SelfAttention`.
    tokens : iterable of t tokens, optional
        What the positions hold, such as words, or a text of t characters; 16 characters of each
        token are drawn. By default, the positions are numbered from 0.
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
        If a weight is not in [0, 1], there are not t tokens, a count is not an integer >= 1, or
        `axes` holds anything but Axes.
    ShapeError
        If the array does not have the shape.
    DtypeError
        If the weights are not real numbers.
    NonFiniteError
        If a weight is NaN or infinite.
    MissingDependencyError
        If matplotlib is not installed.

    See Also
    --------
    attention : Computes the weights of a layer of a model first.

    Examples
    --------
    >>> import numpy as np
    >>> axes = attention_weights(np.tri(3) / [[1], [2], [3]] * np.ones((2, 1, 1)), "cat")
    >>> [each.get_title() for each in axes]
    ['head 0', 'head 1']
    """
    function = "attention_weights"
    heads = _check_weights(weights, function)
    names = None if tokens is None else check_tokens(tokens, heads.shape[-1], function)
    title = "Attention weights of each head"
    limits = {"max_images": max_images, "columns": columns, "axes": axes}
    return draw_heads(heads, names, title, function=function, **limits)


def draw_heads(
    heads: Array,
    names: list[str] | None,
    title: str,
    *,
    max_images: int,
    columns: int,
    axes: Any,
    function: str,
) -> Any:
    """Draw attention weights (heads, t, t).

    Parameters
    ----------
    heads : ndarray of shape (heads, t, t)
        The weights.
    names : list of str or None
        The names of the positions. None if they are numbered.
    title : str
        The title of a new figure.
    max_images, columns, axes
        As `attention_weights` takes them, not yet checked.
    function : str
        What the user has called, for the messages.

    Returns
    -------
    ndarray of matplotlib.axes.Axes
        The axes with an image.
    """
    t = heads.shape[-1]
    shown = heads[: check_count(max_images, "max_images", function)]
    columns = min(check_count(columns, "columns", function), len(shown))
    is_new = axes is None
    if is_new:
        limit_note = f", the first {len(shown)} of {len(heads)}" if len(shown) < len(heads) else ""
        axes = _new_axes(len(shown), columns, names, t, f"{title}{limit_note}")
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


def _check_weights(weights: npt.ArrayLike, function: str) -> Array:
    array = check_array(weights, "weights", np.dtype(np.float64))
    if array.ndim != 3 or array.shape[-1] != array.shape[-2]:
        raise ShapeError(
            f"weights must have shape (heads, t, t), got {array.shape} in {function}: pass the "
            "attention of one example, such as layer.attention[0]"
        )
    if array.min() < 0 or array.max() > 1 + ROUNDING:
        raise ArgumentError(
            f"attention weights must be in [0, 1], got {array.min():.4g} to {array.max():.4g} "
            f"in {function}: pass them after the softmax"
        )
    return array


def check_tokens(tokens: Iterable[Any], t: int, function: str) -> list[str]:
    """Return the names of t tokens as they are drawn."""
    names = [str(token) for token in tokens] if isinstance(tokens, Iterable) else []
    if len(names) != t:
        raise ArgumentError(
            f"tokens must be the {t} tokens of the sequence, one for each position, "
            f"got {shortened(repr(tokens), 80)} in {function}: "
            "name the padding too, or pass the weights without it"
        )
    return [shortened(name, MAX_TOKEN) for name in names]


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
