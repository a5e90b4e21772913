"""The decision boundary of a classifier of two features."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ..drawing.figure import add_legend, class_colours, single_axes
from ..drawing.labels import check_class_names
from ..drawing.looks import INK, adapt
from ..drawing.plane import draw_classes, plane_around, smooth_scores
from ..drawing.points import draw_points
from ..errors import ArgumentError, ShapeError
from ..model.sequential import Sequential
from ..utils.typing import Array
from ..utils.validation import check_array
from .class_scores import source_of

LONG_NAME = 14  # characters, of which three do not fit side by side
MANY_CLASSES = 9  # with more, the legend stands beside the plot


def decision_boundary(
    model: Sequential | Callable[[Array], Any] | Any,
    X: npt.ArrayLike,
    Y: npt.ArrayLike,
    *,
    classes: Sequence[str] | None = None,
    shade: bool = False,
    axes: Any = None,
) -> Any:
    """Plot the predicted class over the plane, and the examples; misclassified ones are circled.

    Each boundary is one smooth line: it is interpolated between the points of a grid where the
    scores of two classes are equal. Where there are only class numbers, or scores in steps, as of
    nearest neighbours, it is smoothed over about a 250th of the plane.

    Parameters
    ----------
    model : Sequential, estimator or callable
        What predicts one class for two features: a model under a loss of classes; a fitted
        classifier with `predict_proba`, `decision_function` or `predict`, as in scikit-learn; or a
        function that takes points (n, 2), and returns class numbers (n,), probabilities of class 1
        (n,), or a score for each class (n, n_classes).
    X : array_like of shape (m, 2)
        The examples, finite real numbers; they also set the limits of the axes.
    Y : array_like of shape (m,), (m, 1) or (m, n_classes)
        The true classes: class numbers or one-hot rows; of an estimator, labels that it was fitted
        on.
    classes : sequence of str, optional
        The name of each class, for the legend, in which 24 characters of it are drawn. By default,
        the labels of an estimator, otherwise "class 0", "class 1", ...
    shade : bool, default False
        Whether a region is the stronger coloured, the more probable its class is compared with the
        second most probable.
    axes : matplotlib.axes.Axes, optional
        Where to plot. By default, a new figure of 6 x 5 inches.

    Returns
    -------
    matplotlib.axes.Axes
        The axes with the plot.

    Raises
    ------
    ArgumentError
        If `model` does not predict one class per example, if `classes` has the wrong number of
        names, if `shade` is set and there are no probabilities, or if `axes` is not a single Axes.
    ShapeError
        If `X` does not have two columns, `Y` does not have one row per row of `X`, or a function
        does not return one row per point.
    DtypeError
        If `X` or `Y` does not hold real numbers.
    NonFiniteError
        If `X` or `Y` holds NaN or infinity, or a function returns it.
    MissingDependencyError
        If matplotlib is not installed.

    Examples
    --------
    Of a model:

    >>> from minidl import BinaryCrossEntropy, Linear, Sequential, Sigmoid
    >>> model = Sequential([Linear(2, 1), Sigmoid()], loss=BinaryCrossEntropy())
    >>> axes = decision_boundary(model, [[0.0, 1.0], [1.0, 0.0]], [0, 1], classes=["no", "yes"])
    >>> axes.get_xlabel(), axes.get_ylabel()
    ('first feature', 'second feature')

    Of a function, here the quadrant of a point:

    >>> X = [[1, 1], [-1, 1], [-1, -1], [1, -1]]
    >>> axes = decision_boundary(lambda p: 2 * (p[:, 0] > 0) + (p[:, 1] > 0), X, [3, 1, 0, 2])
    """
    function = "decision_boundary"
    source = source_of(model, function)
    points = check_array(X, "X", np.dtype(np.float64))
    if points.ndim != 2 or points.shape[1] != 2:
        raise ShapeError(f"X must have shape (m, 2), got {points.shape} in {function}")
    at_points = source.scores(points)
    labels = source.labels(
        Y, at_points.n_classes() if at_points.values.ndim > 1 else None, function
    )
    if len(labels) != len(points):
        raise ShapeError(
            "X and Y must have the same number of rows, "
            f"got {len(points)} and {len(labels)} in {function}"
        )
    plane = plane_around(points)
    on_plane = source.scores(plane.points())
    if shade and not on_plane.are_probabilities:
        raise ArgumentError(
            f"shade needs probabilities, which {type(model).__name__} does not give, got "
            f"shade=True in {function}: pass a model or a function that does"
        )
    found = max(at_points.n_classes(), on_plane.n_classes(), int(labels.max()) + 1)
    if on_plane.values.ndim == 1:
        found = max(found, len(classes or ()))
    names = check_class_names(classes or [source.name(k) for k in range(found)], function, found)
    axes = single_axes(axes, function, 6, 5)
    scores = smooth_scores(on_plane.values, found, are_probabilities=on_plane.are_probabilities)
    colours = class_colours(found)
    draw_classes(axes, plane, scores, colours, shade=shade)
    drawn = [*draw_points(axes, points, labels, names, colours)]
    drawn += _draw_errors(axes, points, points[at_points.predicted() != labels])
    axes.set(
        xlabel="first feature",
        ylabel="second feature",
        title="Decision boundary, shaded by probability" if shade else "Decision boundary",
    )
    _explain(axes, drawn, names)
    return adapt(axes)


def _explain(axes: Any, drawn: list[tuple[Any, str]], names: list[str]) -> None:
    """Add the legend: of a few classes within the plot, of many beside it."""
    if len(names) > MANY_CLASSES:
        options = {"loc": "center left", "bbox_to_anchor": (1, 0.5), "fontsize": 7}
        add_legend(axes, drawn, ncols=math.ceil(len(names) / 25), **options)
        return
    add_legend(
        axes,
        drawn,
        loc="upper center",
        ncols=min(len(names) + 1, 3 if max(map(len, names)) <= LONG_NAME else 2),
        fontsize=8,
        columnspacing=1,
        handletextpad=0.3,
        framealpha=0.9,
    )
    axes.get_legend().set_in_layout(False)  # no legend, however large, makes the plot smaller


def _draw_errors(axes: Any, points: Array, errors: Array) -> Iterator[tuple[Any, str]]:
    name = f"misclassified: {len(errors)} of {len(points)}"
    if len(errors):
        artist = axes.scatter(
            *errors.T,
            s=60,
            facecolors="none",
            edgecolors=INK,
            linewidths=1.1,
            label=name,
            zorder=3,
        )
        yield artist, name
