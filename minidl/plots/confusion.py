"""The confusion matrix, as counts and as a plot."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ..drawing.figure import single_axes
from ..drawing.labels import check_class_names, check_class_numbers, check_count
from ..drawing.looks import INK, PAPER
from ..errors import ShapeError
from ..escaping import PLAIN_TEXT
from ..utils.typing import Array

LETTER = 0.09  # inches
MAX_CLASSES_WITH_FRACTIONS = 12  # with more classes, a cell has room for the count only
MAX_NAMES = 40  # with more classes, only every second, third, ... one is named, and cells have none


def confusion_counts(
    labels: npt.ArrayLike, predicted: npt.ArrayLike, n_classes: int
) -> npt.NDArray[np.int64]:
    """Return the confusion matrix.

    Parameters
    ----------
    labels : array_like of shape (m,) or (m, 1)
        The true class numbers, integers in 0..n_classes - 1.
    predicted : array_like of shape (m,) or (m, 1)
        The predicted class numbers, such as `model.predict_classes(X)`.
    n_classes : int
        The number of classes, >= 1.

    Returns
    -------
    ndarray of shape (n_classes, n_classes), int64
        Element (i, j) is the number of examples of class i that were predicted as class j.

    Raises
    ------
    ShapeError
        If an array is empty or not a vector, or their lengths differ.
    DtypeError
        If an array does not hold integers.
    ArgumentError
        If a class number is not in 0..n_classes - 1, or `n_classes` is not an integer >= 1.

    Examples
    --------
    >>> confusion_counts([0, 0, 1, 1], [0, 1, 1, 1], 2)
    array([[1, 1],
           [0, 2]])
    """
    function = "confusion_counts"
    n_classes = check_count(n_classes, "n_classes", function)
    true_class = check_class_numbers(labels, "labels", n_classes, function)
    predicted_class = check_class_numbers(predicted, "predicted", n_classes, function)
    if len(true_class) != len(predicted_class):
        raise ShapeError(
            "labels and predicted must have the same length, "
            f"got {len(true_class)} and {len(predicted_class)} in {function}"
        )
    cells = np.bincount(true_class * n_classes + predicted_class, minlength=n_classes**2)
    return cells.reshape(n_classes, n_classes)


def confusion_matrix(
    labels: npt.ArrayLike, predicted: npt.ArrayLike, classes: Sequence[str], *, axes: Any = None
) -> Any:
    """Plot the confusion matrix, coloured by the fraction of each true class.

    Parameters
    ----------
    labels : array_like of shape (m,) or (m, 1)
        The true class numbers, integers.
    predicted : array_like of shape (m,) or (m, 1)
        The predicted class numbers, such as `model.predict_classes(X)`.
    classes : sequence of str
        The name of each class, in the order of their numbers.
    axes : matplotlib.axes.Axes, optional
        Where to plot. By default, a new figure that grows with the number of classes
        and the length of their names, of which 24 characters are drawn. Of more than 40 classes
        only some are named, and the cells have colours but no numbers.

    Returns
    -------
    matplotlib.axes.Axes
        The axes with the plot: a row per true class, a column per predicted class.

    Raises
    ------
    ShapeError
        If an array is empty or not a vector, or their lengths differ.
    DtypeError
        If an array does not hold integers.
    ArgumentError
        If a class number has no name, `classes` is not a sequence of names, or `axes` is not a
        single Axes.
    MissingDependencyError
        If matplotlib is not installed.

    Examples
    --------
    >>> axes = confusion_matrix([0, 0, 1, 1], [0, 1, 1, 1], ["non-cat", "cat"])
    >>> axes.get_ylabel()
    'true class'
    """
    function = "confusion_matrix"
    names = check_class_names(classes, function)
    n_classes = len(names)
    counts = confusion_counts(labels, predicted, n_classes)
    fractions = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    longest = max(map(len, names))
    is_turned = longest > 8 and (n_classes > 3 or longest > 12)
    side = 2.2 + 0.7 * min(n_classes, MAX_NAMES)
    room = LETTER * max(0, longest - 8)
    axes = single_axes(axes, function, side + 1.2 + room, side + room * is_turned)
    image = axes.imshow(fractions, cmap="Blues", vmin=0, vmax=1)
    if n_classes <= MAX_NAMES:
        _write_counts(axes, counts, fractions)
    named = slice(None, None, -(-n_classes // MAX_NAMES))
    ticks, names = range(n_classes)[named], names[named]
    axes.set_xticks(ticks, names, rotation=90 * is_turned, **PLAIN_TEXT)
    axes.set_yticks(ticks, names, **PLAIN_TEXT)
    n_correct = np.trace(counts)
    n_examples = counts.sum()
    axes.set(
        xlabel="predicted class",
        ylabel="true class",
        title=f"{n_correct} of {n_examples} correct ({n_correct / n_examples:.1%})",
    )
    axes.figure.colorbar(
        image,
        ax=axes,
        label="fraction of the true class",
        format=lambda fraction, _: f"{fraction:.0%}",
    )
    return axes


def _write_counts(axes: Any, counts: Array, fractions: Array) -> None:
    """Write the count of each cell in it; of many cells, of those that are not empty."""
    has_room = len(counts) <= MAX_CLASSES_WITH_FRACTIONS
    for (i, j), count in np.ndenumerate(counts):
        text = f"{count}\n{fractions[i, j]:.0%}" if has_room else str(count)
        colour = PAPER if fractions[i, j] > 0.6 else INK
        if has_room or count:
            axes.text(j, i, text, ha="center", va="center", fontsize=9, color=colour)
