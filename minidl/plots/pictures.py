"""Pictures of examples, of weights and of gradients."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ..arrays import door, numeric
from ..errors import ArgumentError, ShapeError
from ..gradcheck.pictures import plot_errors
from ..gradcheck.verdict import Report
from .canvas import class_names, class_numbers, given, grid_for, whole


def misclassified(
    images: npt.ArrayLike,
    labels: npt.ArrayLike,
    predicted: npt.ArrayLike,
    classes: Sequence[str],
    *,
    probability: npt.ArrayLike | None = None,
    most: int = 20,
    columns: int = 5,
    axes: Any = None,
) -> Any:
    """Draw the pictures that were called wrongly, each with what it is and what it was called.

    Parameters
    ----------
    images : array_like of shape (m, height, width), (m, height, width, 1) or (m, height, width, 3)
        uint8 from 0 to 255, or numbers in [0, 1].
    labels, predicted : array_like of shape (m,)
        The true class numbers and those that the model answered.
    classes : sequence of str
        The name of every class.
    probability : array_like of shape (m,), optional
        The probability of the class that was answered. The surest mistakes then come first, and the titles tell it.
    most : int, default 20
        How many pictures are drawn at most.
    columns : int, default 5
        Pictures in a row, on a figure of its own.
    axes : sequence of matplotlib Axes, optional
        Where to draw, one for each picture; the rest stays empty.

    Returns
    -------
    ndarray of matplotlib Axes
        Those with a picture: none where nothing was called wrongly.
    """
    where = "misclassified"
    pictures = numeric(images, "images")
    if pictures.ndim not in (3, 4) or (pictures.ndim == 4 and pictures.shape[3] not in (1, 3)) or pictures.size == 0:
        raise ShapeError(f"images must have shape (m, height, width) or (m, height, width, 1 or 3), got {pictures.shape} in {where}")
    if pictures.dtype != np.uint8 and not (pictures.min() >= 0 and pictures.max() <= 1):
        raise ArgumentError(f"images must be uint8, or lie in [0, 1], got {pictures.min()} to {pictures.max()} in {where}: divide by 255")
    names = class_names(classes, None, where)
    truth, answer = class_numbers(labels, "labels", len(names), where), class_numbers(predicted, "predicted", len(names), where)
    sure = None if probability is None else np.ravel(numeric(probability, "probability"))
    if not len(pictures) == len(truth) == len(answer) or (sure is not None and len(sure) != len(truth)):
        raise ShapeError(f"images, labels, predicted and probability must have the same length, got {len(pictures)} images in {where}")
    most, columns = whole(most, "most", where), whole(columns, "columns", where)
    wrong = np.flatnonzero(truth != answer)
    shown = (wrong if sure is None else wrong[np.argsort(-sure[wrong], kind="stable")])[:most]
    order = "" if len(wrong) <= 1 or sure is None else ", the surest mistakes first"
    left = f" ({len(shown)} are shown)" if len(shown) < len(wrong) else ""
    grid = grid_for(axes, len(shown), columns, where, f"Called wrongly: {len(wrong)} of {len(truth)} pictures{left}{order}")
    for one, i in zip(grid, shown, strict=False):
        one.imshow(pictures[i].squeeze(), cmap="gray", vmin=0, vmax=255 if pictures.dtype == np.uint8 else 1)
        # Never "100 %": no model is certain.
        said = "" if sure is None else f" ({min(sure[i], 0.99):.0%} sure)"
        one.set_title(f"true: {names[truth[i]]}\ncalled: {names[answer[i]]}{said}", fontsize=9)
    return grid[: len(shown)]


def weight_pictures(
    weight: npt.ArrayLike, shape: tuple[int, ...] = (64, 64, 3), *, most: int = 20, columns: int = 5, axes: Any = None
) -> Any:
    """Draw the weights of each unit of a first layer as a picture: what the unit looks for.

    Mid-grey is a weight of 0; brighter (in a colour channel) is positive, darker negative; each unit has its own scale, in its title.

    Parameters
    ----------
    weight : array_like of shape (units, features)
        Such as `model.layers[0].weight.value`.
    shape : tuple of int, default (64, 64, 3)
        The shape of a picture, (height, width), (height, width, 1) or (height, width, 3), whose product is `features`.
    most, columns : int, default 20 and 5
    axes : sequence of matplotlib Axes, optional
        As for `misclassified`.

    Returns
    -------
    ndarray of matplotlib Axes
    """
    where = "weight_pictures"
    rows = door(weight, "weight", np.dtype(np.float64))
    if len(shape) not in (2, 3) or (len(shape) == 3 and shape[2] not in (1, 3)):
        raise ArgumentError(f"shape must be (height, width) or (height, width, 1 or 3), got {shape!r} in {where}")
    if rows.ndim != 2 or rows.shape[1] != math.prod(shape):
        raise ShapeError(f"weight must have shape (units, {math.prod(shape)}) for pictures of {shape}, got {rows.shape} in {where}")
    most, columns = whole(most, "most", where), whole(columns, "columns", where)
    shown = min(len(rows), most)
    left = f", the first {shown} of {len(rows)}" if shown < len(rows) else ""
    grid = grid_for(
        axes, shown, columns, where, f"First-layer weights of each unit{left} (mid-grey: 0, brighter: positive, darker: negative)"
    )
    for i, one in enumerate(grid[:shown]):
        largest = np.abs(rows[i]).max()
        picture = 0.5 + 0.5 * rows[i].reshape(shape) / (largest or 1.0)
        one.imshow(picture.squeeze(), cmap="gray", vmin=0, vmax=1)
        one.set_title(f"unit {i}: ±{largest:.2g}", fontsize=9)
    return grid[:shown]


def gradient_errors(report: Report, *, axes: Any = None) -> Any:
    """Draw where in each weight matrix the gradient of a `report` is wrong, on `axes` if given; return the array of Axes."""
    if not isinstance(report, Report):
        raise ArgumentError(f"report must be what a gradient check returned, got {report!r} in gradient_errors")
    figure = plot_errors(report, axes=None if axes is None else given(axes, "gradient_errors"))
    return np.array([one for one in figure.axes if one.get_images()] if axes is None else np.ravel(axes), dtype=object)
