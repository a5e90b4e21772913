"""Pictures of what a classifier answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ..arrays import door
from ..errors import ArgumentError, ShapeError
from ..sequential import Sequential
from .canvas import COLOURS, axes_for, class_names, class_numbers, whole

_MARKERS = "o^sDvP*X"
_GRID = 250  # points per side at which a decision is asked for


def decision_boundary(
    model: Sequential, X: npt.ArrayLike, Y: npt.ArrayLike, *, classes: Sequence[str] | None = None, axes: Any = None
) -> Any:
    """Draw which class a model answers at every place of the plane, and the examples (X, Y) on top; wrong ones are ringed.

    Parameters
    ----------
    model : Sequential
        A classifier of two inputs.
    X : array_like of shape (m, 2)
    Y : array_like
        The targets as `model.fit` takes them.
    classes : sequence of str, optional
        The names of the classes for the legend; by default "class 0", "class 1", ...
    axes : matplotlib Axes, optional

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    ShapeError, DtypeError, NonFiniteError, ArgumentError
        If the examples do not fit the model, have not two features, or the model is no classifier.
    """
    if not isinstance(model, Sequential) or not model.loss.accuracy_of:
        raise ArgumentError(f"model must be a Sequential under a cross-entropy loss, got {model!r} in decision_boundary")
    points = door(X, "X", np.dtype(np.float64))
    if points.ndim != 2 or points.shape[1] != 2:
        raise ShapeError(f"X must have shape (m, 2), the points of a plane, got {points.shape} in decision_boundary")
    called = model.predict_classes(points)
    outputs = model.predict(points[:1]).shape[1]
    if called.ndim > 1:
        raise ArgumentError(f"model must answer one class per example, got {outputs} decisions of each in decision_boundary")
    labels = model.loss.classes(model.loss.targets(Y, outputs, model.dtype))
    if len(labels) != len(points):
        raise ShapeError(f"X and Y must have the same number of rows, got {len(points)} and {len(labels)} in decision_boundary")
    count = max(outputs, 2)
    names = class_names(classes, count, "decision_boundary") if classes else [f"class {k}" for k in range(count)]
    axes = axes_for(axes, "decision_boundary", (6, 5))
    from matplotlib.colors import ListedColormap, to_rgb

    low, high = points.min(axis=0), points.max(axis=0)
    room = 0.1 * np.where(high > low, high - low, 1.0)
    low, high = low - room, high + room
    high[1] += 1.5 * room[1]  # for the legend
    across, up = np.linspace(low[0], high[0], _GRID), np.linspace(low[1], high[1], _GRID)
    plane = np.column_stack([grid.ravel() for grid in np.meshgrid(across, up)])
    answers = model.predict_classes(plane).reshape(_GRID, _GRID)
    colours = [COLOURS[k % len(COLOURS)] for k in range(count)]
    tints = ListedColormap([tuple(1 - 0.3 * (1 - part) for part in to_rgb(colour)) for colour in colours])
    axes.pcolormesh(across, up, answers, cmap=tints, vmin=-0.5, vmax=count - 0.5, shading="nearest", rasterized=True)
    if answers.min() < answers.max():
        axes.contour(across, up, answers, levels=np.arange(count - 1) + 0.5, colors="black", linewidths=1)
    for k, colour in enumerate(colours):
        chosen = points[labels == k]
        axes.scatter(*chosen.T, s=22, c=colour, marker=_MARKERS[k % 8], edgecolors="white", linewidths=0.5, label=names[k], zorder=2)
    wrong = points[called != labels]
    if len(wrong):
        text = f"called wrongly: {len(wrong)} of {len(points)}"
        axes.scatter(*wrong.T, s=60, facecolors="none", edgecolors="black", linewidths=1.1, label=text, zorder=3)
    axes.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]), xlabel="first feature", ylabel="second feature", title="Decision boundary")
    axes.legend(loc="upper center", ncols=min(count + 1, 3), fontsize=8, columnspacing=1, handletextpad=0.3, framealpha=0.9)
    return axes


def confusion_counts(labels: npt.ArrayLike, predicted: npt.ArrayLike, classes: int) -> npt.NDArray[np.int64]:
    """Return (`classes`, `classes`) counts: how many of each class in `labels` (row) `predicted` calls what (column). No matplotlib needed.

    Examples
    --------
    >>> confusion_counts([0, 0, 1, 1], [0, 1, 1, 1], 2)
    array([[1, 1],
           [0, 2]])
    """
    where = "confusion_counts"
    classes = whole(classes, "classes", where)
    truth, answer = class_numbers(labels, "labels", classes, where), class_numbers(predicted, "predicted", classes, where)
    if len(truth) != len(answer):
        raise ShapeError(f"labels and predicted must have the same length, got {len(truth)} and {len(answer)} in {where}")
    return np.bincount(truth * classes + answer, minlength=classes**2).reshape(classes, classes)


def confusion_matrix(labels: npt.ArrayLike, predicted: npt.ArrayLike, classes: Sequence[str], *, axes: Any = None) -> Any:
    """Draw `confusion_counts` of `labels` and `predicted` with the names of the `classes`, shaded by the share of the true class.

    Drawn on `axes`, or on a figure of its own; returns the Axes.
    """
    names = class_names(classes, None, "confusion_matrix")
    counts = confusion_counts(labels, predicted, len(names))
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    side = 2.2 + 0.7 * len(names)
    axes = axes_for(axes, "confusion_matrix", (side + 1.2, side))
    image = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for (i, j), count in np.ndenumerate(counts):
        text = f"{count}\n{shares[i, j]:.0%}" if len(names) <= 12 else str(count)
        axes.text(j, i, text, ha="center", va="center", fontsize=9, color="white" if shares[i, j] > 0.6 else "black")
    ticks = range(len(names))
    axes.set_xticks(ticks, names, rotation=90 if max(map(len, names)) > 8 and len(names) > 3 else 0)
    axes.set_yticks(ticks, names)
    right, total = np.trace(counts), counts.sum()
    axes.set(xlabel="called (answer of the model)", ylabel="true class", title=f"{right} of {total} called rightly ({right / total:.1%})")
    axes.figure.colorbar(image, ax=axes, label="share of the true class", format=lambda share, _: f"{share:.0%}")
    return axes
