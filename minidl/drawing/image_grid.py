"""Small images in rows, each with a title."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import ArgumentError
from ..escaping import PLAIN_TEXT
from ..utils.typing import Array
from .figure import axes_array, new_figure
from .labels import check_count

MAX_LAYER_NAME = 48
"""Characters of the layer in the title."""


def is_image_shape(shape: tuple[int, ...]) -> bool:
    """Return whether it is (height, width), (height, width, 1) or (height, width, 3)."""
    return len(shape) == 2 or (len(shape) == 3 and shape[2] in (1, 3))


def grey_about_zero(values: Array) -> tuple[Array, float]:
    """Return numbers as brightness from 0 to 1, 0.5 where they are 0, and their largest size.

    Parameters
    ----------
    values : ndarray
        Finite numbers, of one image.

    Returns
    -------
    pixels : ndarray
        Of the shape of `values`; the number of the largest size becomes 0 or 1.
    largest : float
        Its size.
    """
    largest = float(np.abs(values).max())
    scaled = values / largest if largest > 0 else values
    return 0.5 + 0.5 * scaled, largest


def choose(weights: Array, order: str, max_images: int, function: str) -> tuple[Any, str]:
    """Return which of some weights are drawn, and how a title says so.

    Parameters
    ----------
    weights : ndarray of shape (n, ...)
        The weights of n units or filters.
    order : {"norm", "index"}
        Those of the largest norm first, or as they are numbered.
    max_images : int
        How many at most.
    function : str
        The name of the caller, for errors.

    Returns
    -------
    numbers : ndarray of int
        Their numbers, in the order in which they are drawn.
    note : str
        Such as ", 20 of 64 with the largest norm".
    """
    if order not in ("norm", "index"):
        raise ArgumentError(f'order must be "norm" or "index", got {order!r} in {function}')
    numbers = np.arange(len(weights))
    if order == "norm":
        norms = np.linalg.norm(weights.reshape(len(weights), -1), axis=1)
        numbers = np.argsort(-norms, kind="stable")
    shown = numbers[: check_count(max_images, "max_images", function)]
    if len(shown) < len(weights):
        which = f"the first {len(shown)}" if order == "index" else f"{len(shown)}"
        of_norm = " with the largest norm" if order == "norm" else ""
        return shown, f", {which} of {len(weights)}{of_norm}"
    return shown, ""


def image_grid(
    images: Sequence[Array] | Array,
    titles: Sequence[str],
    *,
    white: float,
    columns: int,
    axes: Any,
    function: str,
    title: str,
) -> Any:
    """Draw each image with its title, on the axes or on a new figure.

    Parameters
    ----------
    images : sequence of ndarray of shape (height, width), or with 1 or 3 channels
        The images; numbers that are not finite are left out.
    titles : sequence of str
        The title of each.
    white : float
        The number that is drawn white; 0 is black.
    columns : int
        The number of images in a row.
    axes : sequence of matplotlib.axes.Axes or None
        Where to draw.
    function : str
        The name of the caller, for errors.
    title : str
        The title of a new figure.

    Returns
    -------
    ndarray of matplotlib.axes.Axes
        The axes with an image.
    """
    columns = check_count(columns, "columns", function)
    count = len(images)
    if axes is None:
        rows = math.ceil(count / columns)
        columns = min(columns, max(count, 4))
        figure = new_figure(function, 1.8 * columns, 0.8 + 2.15 * rows)
        figure.suptitle(textwrap.fill(title, 21 * columns), fontsize=11, **PLAIN_TEXT)
        axes = figure.subplots(rows, columns, squeeze=False) if count else []
    grid = axes_array(axes, function)
    for cell in grid:
        cell.axis("off")
    for cell, image, image_title in zip(grid, images, titles, strict=False):
        pixels = image[..., 0] if image.shape[2:] == (1,) else image
        cell.imshow(pixels, cmap="gray", vmin=0, vmax=white)
        cell.set_title(image_title, fontsize=9, **PLAIN_TEXT)
    return grid[:count]
