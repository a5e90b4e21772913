"""The decision boundary of a classifier of two features."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ..drawing.figure import COLOURS, add_legend, single_axes
from ..drawing.labels import check_class_names
from ..errors import ArgumentError, ShapeError
from ..model.sequential import Sequential
from ..utils.typing import Array
from ..utils.validation import check_array

GRID_POINTS = 250  # along each side of the plane
LONG_NAME = 14  # characters, of which three do not fit side by side
NARROW = 1e-6  # as a fraction of the numbers: the points of the grid must differ
SMALLEST = 1e-30
MARKERS = "o^sDvP*X"


def decision_boundary(
    model: Sequential,
    X: npt.ArrayLike,
    Y: npt.ArrayLike,
    *,
    classes: Sequence[str] | None = None,
    axes: Any = None,
) -> Any:
    """Plot the predicted class over the plane, and the examples; misclassified ones are circled.

    Parameters
    ----------
    model : Sequential
        A classifier with two input features, under a cross-entropy loss, that predicts one class
        per example.
    X : array_like of shape (m, 2)
        The examples, finite real numbers; they also set the limits of the axes.
    Y : array_like of shape (m,), (m, 1) or (m, n_classes)
        The true classes, in a form that `Sequential.fit` accepts.
    classes : sequence of str, optional
        The name of each class, for the legend, in which 24 characters of it are drawn. By default,
        "class 0", "class 1", ...
    axes : matplotlib.axes.Axes, optional
        Where to plot. By default, a new figure of 6 x 5 inches.

    Returns
    -------
    matplotlib.axes.Axes
        The axes with the plot.

    Raises
    ------
    ArgumentError
        If `model` is not a classifier of one class per example, if `classes` has the wrong
        number of names, or if `axes` is not a single Axes.
    ShapeError
        If `X` does not have two columns, or `Y` does not have one row per row of `X`.
    DtypeError
        If `X` or `Y` does not hold real numbers.
    NonFiniteError
        If `X` or `Y` holds NaN or infinity.
    MissingDependencyError
        If matplotlib is not installed.

    Examples
    --------
    >>> from minidl import BinaryCrossEntropy, Linear, Sequential, Sigmoid
    >>> model = Sequential([Linear(2, 1), Sigmoid()], loss=BinaryCrossEntropy())
    >>> axes = decision_boundary(model, [[0.0, 1.0], [1.0, 0.0]], [0, 1], classes=["no", "yes"])
    >>> axes.get_xlabel(), axes.get_ylabel()
    ('first feature', 'second feature')
    """
    function = "decision_boundary"
    if not isinstance(model, Sequential) or not model.loss.is_classification:
        raise ArgumentError(
            f"model must be a Sequential under a cross-entropy loss, got {model!r} in {function}"
        )
    points = check_array(X, "X", np.dtype(np.float64))
    if points.ndim != 2 or points.shape[1] != 2:
        raise ShapeError(f"X must have shape (m, 2), got {points.shape} in {function}")
    predicted = model.predict_classes(points)
    n_outputs = model.predict(points[:1]).shape[1]
    if predicted.ndim > 1:
        raise ArgumentError(
            f"model must predict one class per example, got {n_outputs} classes of each "
            f"in {function}"
        )
    labels = model.loss.classes(model.loss.prepare_targets(Y, n_outputs, model.dtype))
    if len(labels) != len(points):
        raise ShapeError(
            "X and Y must have the same number of rows, "
            f"got {len(points)} and {len(labels)} in {function}"
        )
    n_classes = max(n_outputs, 2)
    classes = classes or [f"class {k}" for k in range(n_classes)]
    names = check_class_names(classes, function, n_classes)
    axes = single_axes(axes, function, 6, 5)
    _draw_regions(axes, model, points, n_classes)
    drawn = [*_draw_examples(axes, points, labels, names)]
    drawn += _draw_errors(axes, points, points[predicted != labels])
    axes.set(xlabel="first feature", ylabel="second feature", title="Decision boundary")
    add_legend(
        axes,
        drawn,
        loc="upper center",
        ncols=min(n_classes + 1, 3 if max(map(len, names)) <= LONG_NAME else 2),
        fontsize=8,
        columnspacing=1,
        handletextpad=0.3,
        framealpha=0.9,
    )
    axes.get_legend().set_in_layout(False)  # no legend, however large, makes the plot smaller
    return axes


def _draw_regions(axes: Any, model: Sequential, points: Array, n_classes: int) -> None:
    """Colour the plane by predicted class, with black lines between the classes."""
    from matplotlib.colors import ListedColormap

    low, high = points.min(axis=0), points.max(axis=0)
    size = np.maximum(np.abs(low), np.abs(high))
    is_wide = high - low > np.maximum(NARROW * size, SMALLEST)
    margin = 0.1 * np.where(is_wide, high - low, np.maximum(size, 1.0))
    low, high = low - margin, high + margin
    high[1] += 1.5 * margin[1]  # for the legend
    x, y = np.linspace(low, high, GRID_POINTS).T
    plane = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
    regions = model.predict_classes(plane).reshape(GRID_POINTS, GRID_POINTS)
    axes.pcolormesh(
        x,
        y,
        regions,
        cmap=ListedColormap([_colour(k) for k in range(n_classes)]),
        vmin=-0.5,
        vmax=n_classes - 0.5,
        alpha=0.3,
        rasterized=True,
    )
    if regions.min() < regions.max():
        levels = np.arange(n_classes - 1) + 0.5
        axes.contour(x, y, regions, levels=levels, colors="black", linewidths=1)


def _draw_examples(
    axes: Any, points: Array, labels: Array, names: list[str]
) -> Iterator[tuple[Any, str]]:
    """Draw the examples of each class; yield what was drawn, with its name."""
    for k, name in enumerate(names):
        x, y = points[labels == k].T
        artist = axes.scatter(
            x,
            y,
            s=22,
            c=_colour(k),
            marker=MARKERS[k % len(MARKERS)],
            edgecolors="white",
            linewidths=0.5,
            label=name,
            zorder=2,
        )
        yield artist, name


def _draw_errors(axes: Any, points: Array, errors: Array) -> Iterator[tuple[Any, str]]:
    name = f"misclassified: {len(errors)} of {len(points)}"
    if len(errors):
        artist = axes.scatter(
            *errors.T,
            s=60,
            facecolors="none",
            edgecolors="black",
            linewidths=1.1,
            label=name,
            zorder=3,
        )
        yield artist, name


def _colour(k: int) -> str:
    return COLOURS[k % len(COLOURS)]
