"""Grids of images: misclassified examples, and the weights of a first layer."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ..drawing.image_grid import choose, image_grid, is_image_shape
from ..drawing.labels import check_class_names, check_class_numbers, check_count
from ..errors import ArgumentError, ShapeError
from ..utils.typing import Array
from ..utils.validation import as_real_array, check_array


def misclassified(
    images: npt.ArrayLike,
    labels: npt.ArrayLike,
    predicted: npt.ArrayLike,
    classes: Sequence[str],
    *,
    probability: npt.ArrayLike | None = None,
    max_images: int = 20,
    columns: int = 5,
    axes: Any = None,
) -> Any:
    """Plot the images whose predicted class is wrong.

    Parameters
    ----------
    images : array_like of shape (m, height, width), (m, height, width, 1) or (m, height, width, 3)
        Grey or RGB images, uint8 or real numbers in [0, 1].
    labels : array_like of shape (m,) or (m, 1)
        The true class numbers, integers.
    predicted : array_like of shape (m,) or (m, 1)
        The predicted class numbers, such as `model.predict_classes(X)`.
    classes : sequence of str
        The name of each class, in the order of their numbers; 24 characters of it are drawn.
    probability : array_like of shape (m,), optional
        The probability of the predicted class of each example. With it, the most confident
        mistakes come first, and the probability is shown.
    max_images : int, default 20
        The maximum number of images to plot, >= 1.
    columns : int, default 5
        The number of images in a row, >= 1.
    axes : sequence of matplotlib.axes.Axes, optional
        Where to plot, one image on each. By default, a new figure.

    Returns
    -------
    ndarray of matplotlib.axes.Axes
        The axes with an image, a flat array; empty if no image is misclassified.

    Raises
    ------
    ShapeError
        If `images` does not have one of the shapes, or the arrays differ in length.
    DtypeError
        If `labels` or `predicted` does not hold integers.
    ArgumentError
        If values of `images` are not in [0, 1], a class number has no name, a count is not an
        integer >= 1, or `axes` holds anything but Axes.
    MissingDependencyError
        If matplotlib is not installed.

    Examples
    --------
    >>> import numpy as np
    >>> images = np.zeros((3, 8, 8), np.uint8)
    >>> axes = misclassified(images, [0, 1, 1], [0, 1, 0], ["non-cat", "cat"])
    >>> len(axes)
    1
    """
    function = "misclassified"
    pixels = check_images(images, function)
    names = check_class_names(classes, function)
    true_class = check_class_numbers(labels, "labels", len(names), function)
    predicted_class = check_class_numbers(predicted, "predicted", len(names), function)
    confidence = None
    if probability is not None:
        confidence = np.ravel(as_real_array(probability, "probability"))
    lengths = {len(pixels), len(true_class), len(predicted_class)}
    lengths |= set() if confidence is None else {len(confidence)}
    if len(lengths) > 1:
        raise ShapeError(
            "images, labels, predicted and probability must have the same length, "
            f"got {len(pixels)} images in {function}"
        )
    errors = np.flatnonzero(true_class != predicted_class)
    order_note = ""
    if confidence is not None:
        errors = errors[np.argsort(-confidence[errors], kind="stable")]
        order_note = ", most confident first"
    shown = errors[: check_count(max_images, "max_images", function)]
    titles = []
    for i in shown:
        title = f"true: {names[true_class[i]]}\npredicted: {names[predicted_class[i]]}"
        if confidence is not None:  # never "100 %": no model is certain
            title += f" ({min(confidence[i], 0.99):.0%})"
        titles.append(title)
    limit_note = f" ({len(shown)} shown)" if len(shown) < len(errors) else ""
    return image_grid(
        pixels[shown],
        titles,
        white=255 if pixels.dtype == np.uint8 else 1,
        columns=columns,
        axes=axes,
        function=function,
        title=f"Misclassified: {len(errors)} of {len(true_class)} images{limit_note}{order_note}",
    )


def weight_images(
    weight: npt.ArrayLike,
    shape: tuple[int, ...] = (64, 64, 3),
    *,
    order: str = "norm",
    max_images: int = 20,
    columns: int = 5,
    axes: Any = None,
) -> Any:
    """Plot the weights of each unit of a first layer as an image.

    The units of the largest norm come first. Mid-grey is 0, brighter is positive, darker is
    negative; each unit is scaled by its largest absolute weight, which its title gives.

    Parameters
    ----------
    weight : array_like of shape (units, features)
        Finite real numbers, such as `model.layers[0].weight.value`.
    shape : tuple of int, default (64, 64, 3)
        The shape of an input image, (height, width), (height, width, 1) or (height, width, 3);
        the product is `features`.
    order : {"norm", "index"}, default "norm"
        Whether the units with the largest norm come first, or those with the smallest number.
    max_images : int, default 20
        The maximum number of units to plot, >= 1.
    columns : int, default 5
        The number of images in a row, >= 1.
    axes : sequence of matplotlib.axes.Axes, optional
        Where to plot, one unit on each. By default, a new figure.

    Returns
    -------
    ndarray of matplotlib.axes.Axes
        The axes with an image, a flat array.

    Raises
    ------
    ShapeError
        If `weight` is not a matrix with the product of `shape` as the number of columns.
    DtypeError
        If `weight` does not hold real numbers.
    NonFiniteError
        If `weight` holds NaN or infinity.
    ArgumentError
        If `shape` is not the shape of an image, `order` is another word, a count is not an integer
        >= 1, or `axes` holds anything but Axes.
    MissingDependencyError
        If matplotlib is not installed.

    Examples
    --------
    >>> import numpy as np
    >>> len(weight_images(np.ones((3, 48)), (4, 4, 3)))
    3
    """
    function = "weight_images"
    rows = check_array(weight, "weight", np.dtype(np.float64))
    if not is_image_shape(shape):
        raise ArgumentError(
            f"shape must be (height, width) or (height, width, 1 or 3), got {shape!r} in {function}"
        )
    if rows.ndim != 2 or rows.shape[1] != math.prod(shape):
        raise ShapeError(
            f"weight must have shape (units, {math.prod(shape)}) for images of {shape}, "
            f"got {rows.shape} in {function}"
        )
    numbers, note = choose(rows, order, max_images, function)
    shown = rows[numbers]
    largest = np.abs(shown).max(axis=1, keepdims=True)
    pixels = (0.5 + 0.5 * shown / np.where(largest > 0, largest, 1.0)).reshape(-1, *shape)
    return image_grid(
        pixels,
        [f"unit {i}: ±{scale:.2g}" for i, scale in zip(numbers, largest[:, 0], strict=True)],
        white=1,
        columns=columns,
        axes=axes,
        function=function,
        title=f"First-layer weights of each unit{note} "
        "(mid-grey: 0, brighter: positive, darker: negative)",
    )


def check_images(images: npt.ArrayLike, function: str) -> Array:
    """Return images (m, height, width, ...) as uint8, or as floating-point numbers in [0, 1]."""
    pixels = as_real_array(images, "images")
    if not is_image_shape(pixels.shape[1:]) or pixels.size == 0:
        raise ShapeError(
            "images must have shape (m, height, width) or (m, height, width, 1 or 3), "
            f"got {pixels.shape} in {function}"
        )
    if pixels.dtype != np.uint8 and not (pixels.min() >= 0 and pixels.max() <= 1):
        raise ArgumentError(
            "images must be uint8, or in [0, 1], "
            f"got {pixels.min()} to {pixels.max()} in {function}: divide by 255"
        )
    return pixels.astype(np.float32) if pixels.dtype == np.bool_ else pixels
