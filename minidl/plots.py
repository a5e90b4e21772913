"""Pictures, on the `axes` given or a figure of their own (extra `plot`)."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from .errors import ArgumentError, DtypeError, ShapeError, require_extra
from .gradcheck.report.error_map import plot_errors
from .gradcheck.report.report import Report
from .model.sequential import Sequential
from .training.history import History
from .utils.typing import Array
from .utils.validation import as_real_array, check_array, is_integer

# Okabe and Ito's, which all eyes tell apart.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
GREY = "#666666"
_MARKERS = "o^sDvP*X"
_GRID = 250  # points per side


def learning_curves(
    history: History | Mapping[str, History],
    *,
    measure: str = "loss",
    against: str | None = None,
    axes: Any = None,
) -> Any:
    """Draw a column of the history over the epochs; that of the validation examples is dashed.

    Parameters
    ----------
    history : History or dict of str to History
        What `fit` returned, or several by name.
    measure : str, default "loss"
    against : str, optional
        A column in place of the epochs, such as "seconds".
    axes : matplotlib Axes, optional

    Raises
    ------
    ArgumentError
        If a history is empty or has no such column.
    """
    several = isinstance(history, Mapping)
    histories: Mapping[str, History] = history if isinstance(history, Mapping) else {"": history}
    if not histories or any(not isinstance(one, History) for one in histories.values()):
        raise ArgumentError(
            f"history must be the History that fit returned, or a dict of them by name, got {history!r} in learning_curves"
        )
    curves = []
    for i, (name, one) in enumerate(histories.items()):
        if not one.epochs:
            raise ArgumentError(
                f"the history{f' of {name!r}' if several else ''} holds no epoch yet in learning_curves: train first"
            )
        x = range(1, one.epochs + 1) if against is None else one[against]
        both = f"val_{measure}" in one
        for j, part in enumerate(("training", "validation")[: 1 + both]):
            label = part if not several else f"{name}, {part}" if both else name
            curves.append(
                (
                    x,
                    one[("", "val_")[j] + measure],
                    ("-", "--")[j],
                    COLOURS[(i if several else j) % len(COLOURS)],
                    label,
                )
            )
    axes = _axes(axes, "learning_curves", 7, 4.5)
    for x, y, style, colour, label in curves:
        axes.plot(
            x,
            y,
            style,
            color=colour,
            label=label,
            linewidth=1.4,
            marker="o" if len(y) == 1 else None,
        )
    across = against or "epoch (one pass over the training examples)"
    axes.set(xlabel=across, ylabel=measure, title=f"{measure.capitalize()} while learning")
    axes.grid(alpha=0.3)
    axes.legend()
    return axes


def rate_search(search: Any, *, axes: Any = None) -> Any:
    """Draw the losses of `search`, a `RateSearch`, over its learning rates, on `axes` if given."""
    if not all(hasattr(search, name) for name in ("rates", "raw", "losses", "least", "suggestion")):
        raise ArgumentError(f"search must be what lr_find returned, got {search!r} in rate_search")
    axes = _axes(axes, "rate_search", 7, 4.5)
    axes.plot(
        search.rates,
        search.raw,
        ".",
        color=GREY,
        alpha=0.5,
        markersize=5,
        label="loss of each batch",
    )
    axes.plot(search.rates, search.losses, color=COLOURS[0], linewidth=1.8, label="smoothed")
    early = max(3, len(search.rates) // 4)  # before it falls
    low, high = search.raw.min(), search.raw[:early].max()
    room = max(high - low, 1e-3 * abs(high), 1e-12)
    axes.set_ylim(low - 0.1 * room, high + 0.2 * room)
    title = "Loss while the learning rate rises from step to step"
    if search.suggestion is None:
        title += "\nno suggestion: it fell by no more than its noise"
    else:
        rate = search.rates[search.least]
        axes.plot(
            rate,
            search.losses[search.least],
            "o",
            color=COLOURS[0],
            markersize=7,
            label=f"least, at {rate:.2g}",
        )
        axes.axvline(
            search.suggestion,
            color=COLOURS[1],
            linestyle="--",
            label=f"suggestion: a fifth, {search.suggestion:.2g}",
        )
    axes.set(
        xscale="log",
        xlabel="learning rate of the step (logarithmic)",
        ylabel="loss after the step",
        title=title,
    )
    axes.grid(alpha=0.3)
    axes.legend(loc="lower left", framealpha=0.9)
    return axes


def decision_boundary(
    model: Sequential,
    X: npt.ArrayLike,
    Y: npt.ArrayLike,
    *,
    classes: Sequence[str] | None = None,
    axes: Any = None,
) -> Any:
    """Draw which class a model answers where in the plane, and the examples, wrong ones ringed.

    Parameters
    ----------
    model : Sequential
        A classifier of two inputs.
    X : array_like of shape (m, 2)
    Y : array_like
        As for `fit`.
    classes : sequence of str, optional
        Names for the legend.
    axes : matplotlib Axes, optional

    Raises
    ------
    ShapeError, DtypeError, NonFiniteError, ArgumentError
        If model or examples do not fit.
    """
    where = "decision_boundary"
    if not isinstance(model, Sequential) or not model.loss.is_classification:
        raise ArgumentError(
            f"model must be a Sequential under a cross-entropy loss, got {model!r} in {where}"
        )
    points = check_array(X, "X", np.dtype(np.float64))
    if points.ndim != 2 or points.shape[1] != 2:
        raise ShapeError(f"X must have shape (m, 2), got {points.shape} in {where}")
    called = model.predict_classes(points)
    outputs = model.predict(points[:1]).shape[1]
    if called.ndim > 1:
        raise ArgumentError(
            f"model must answer one class per example, got {outputs} decisions of each in {where}"
        )
    labels = model.loss.classes(model.loss.prepare_targets(Y, outputs, model.dtype))
    if len(labels) != len(points):
        raise ShapeError(
            f"X and Y must have the same number of rows, got {len(points)} and {len(labels)} in {where}"
        )
    count = max(outputs, 2)
    names = _class_names(classes or [f"class {k}" for k in range(count)], where, count)
    axes = _axes(axes, where, 6, 5)
    from matplotlib.colors import ListedColormap

    low, high = points.min(axis=0), points.max(axis=0)
    room = 0.1 * np.where(high > low, high - low, 1.0)
    low, high = low - room, high + room
    high[1] += 1.5 * room[1]  # for the legend
    across, up = np.linspace(low, high, _GRID).T
    plane = np.stack(np.meshgrid(across, up), axis=-1).reshape(-1, 2)
    answers = model.predict_classes(plane).reshape(_GRID, _GRID)
    colours = [COLOURS[k % len(COLOURS)] for k in range(count)]
    axes.pcolormesh(
        across,
        up,
        answers,
        cmap=ListedColormap(colours),
        vmin=-0.5,
        vmax=count - 0.5,
        alpha=0.3,
        rasterized=True,
    )
    if answers.min() < answers.max():
        axes.contour(
            across, up, answers, levels=np.arange(count - 1) + 0.5, colors="black", linewidths=1
        )
    for k, (colour, name) in enumerate(zip(colours, names, strict=True)):
        x, y = points[labels == k].T
        axes.scatter(
            x,
            y,
            s=22,
            c=colour,
            marker=_MARKERS[k % 8],
            edgecolors="white",
            linewidths=0.5,
            label=name,
            zorder=2,
        )
    if len(wrong := points[called != labels]):
        text = f"called wrongly: {len(wrong)} of {len(points)}"
        axes.scatter(
            *wrong.T,
            s=60,
            facecolors="none",
            edgecolors="black",
            linewidths=1.1,
            label=text,
            zorder=3,
        )
    axes.set(xlabel="first feature", ylabel="second feature", title="Decision boundary")
    axes.legend(
        loc="upper center",
        ncols=min(count + 1, 3),
        fontsize=8,
        columnspacing=1,
        handletextpad=0.3,
        framealpha=0.9,
    )
    return axes


def confusion_counts(
    labels: npt.ArrayLike, predicted: npt.ArrayLike, classes: int
) -> npt.NDArray[np.int64]:
    """Return counts (`classes`, `classes`): how many of each class in `labels` (row) are what in `predicted` (column)."""
    where = "confusion_counts"
    classes = _whole(classes, "classes", where)
    truth, answer = (
        _class_numbers(labels, "labels", classes, where),
        _class_numbers(predicted, "predicted", classes, where),
    )
    if len(truth) != len(answer):
        raise ShapeError(
            f"labels and predicted must have the same length, got {len(truth)} and {len(answer)} in {where}"
        )
    return np.bincount(truth * classes + answer, minlength=classes**2).reshape(classes, classes)


def confusion_matrix(
    labels: npt.ArrayLike, predicted: npt.ArrayLike, classes: Sequence[str], *, axes: Any = None
) -> Any:
    """Draw `confusion_counts` of `labels` and `predicted` with the names of the `classes`, on `axes` if given."""
    names = _class_names(classes, "confusion_matrix")
    counts = confusion_counts(labels, predicted, len(names))
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    side = 2.2 + 0.7 * len(names)
    axes = _axes(axes, "confusion_matrix", side + 1.2, side)
    image = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for (i, j), count in np.ndenumerate(counts):
        text = f"{count}\n{shares[i, j]:.0%}" if len(names) <= 12 else str(count)
        axes.text(
            j,
            i,
            text,
            ha="center",
            va="center",
            fontsize=9,
            color="white" if shares[i, j] > 0.6 else "black",
        )
    axes.set_xticks(
        range(len(names)), names, rotation=90 if max(map(len, names)) > 8 and len(names) > 3 else 0
    )
    axes.set_yticks(range(len(names)), names)
    right, total = np.trace(counts), counts.sum()
    axes.set(
        xlabel="called (answer of the model)",
        ylabel="true class",
        title=f"{right} of {total} called rightly ({right / total:.1%})",
    )
    axes.figure.colorbar(
        image, ax=axes, label="share of the true class", format=lambda share, _: f"{share:.0%}"
    )
    return axes


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
    """Draw the pictures that were called wrongly, and return their Axes as an array.

    Parameters
    ----------
    images : array_like of shape (m, height, width) or (m, height, width, 1 or 3)
        uint8, or numbers in [0, 1].
    labels, predicted : array_like of shape (m,)
        Class numbers.
    classes : sequence of str
        Their names.
    probability : array_like of shape (m,), optional
        That of the answer; the surest mistakes then come first.
    most, columns : int, default 20 and 5
        How many pictures are drawn, and how many in a row.
    axes : sequence of matplotlib Axes, optional
    """
    where = "misclassified"
    pictures = as_real_array(images, "images")
    if not _is_picture(pictures.shape[1:]) or pictures.size == 0:
        raise ShapeError(
            f"images must have shape (m, height, width) or (m, height, width, 1 or 3), got {pictures.shape} in {where}"
        )
    if pictures.dtype != np.uint8 and not (pictures.min() >= 0 and pictures.max() <= 1):
        raise ArgumentError(
            f"images must be uint8, or lie in [0, 1], got {pictures.min()} to {pictures.max()} in {where}: divide by 255"
        )
    names = _class_names(classes, where)
    truth, answer = (
        _class_numbers(labels, "labels", len(names), where),
        _class_numbers(predicted, "predicted", len(names), where),
    )
    sure = None if probability is None else np.ravel(as_real_array(probability, "probability"))
    if not len(pictures) == len(truth) == len(answer) or (
        sure is not None and len(sure) != len(truth)
    ):
        raise ShapeError(
            f"images, labels, predicted and probability must have the same length, got {len(pictures)} images in {where}"
        )
    wrong = np.flatnonzero(truth != answer)
    order = ""
    if sure is not None:
        wrong, order = wrong[np.argsort(-sure[wrong], kind="stable")], ", the surest mistakes first"
    shown = wrong[: _whole(most, "most", where)]
    left = f" ({len(shown)} are shown)" if len(shown) < len(wrong) else ""
    called = [f"true: {names[truth[i]]}\ncalled: {names[answer[i]]}" for i in shown]
    if sure is not None:  # never "100 %": no model is certain
        called = [
            f"{text} ({min(sure[i], 0.99):.0%} sure)" for i, text in zip(shown, called, strict=True)
        ]
    title = f"Called wrongly: {len(wrong)} of {len(truth)} pictures{left}{order}"
    return _gallery(
        pictures[shown],
        called,
        255 if pictures.dtype == np.uint8 else 1,
        columns,
        axes,
        where,
        title,
    )


def weight_pictures(
    weight: npt.ArrayLike,
    shape: tuple[int, ...] = (64, 64, 3),
    *,
    most: int = 20,
    columns: int = 5,
    axes: Any = None,
) -> Any:
    """Draw the weights of each unit of a first layer: mid-grey is 0, brighter positive, darker negative.

    Parameters
    ----------
    weight : array_like of shape (units, features)
        Such as `model.layers[0].weight.value`.
    shape : tuple of int, default (64, 64, 3)
        (height, width) or (height, width, 1 or 3), whose product is `features`.
    most, columns : int, default 20 and 5
    axes : sequence of matplotlib Axes, optional
    """
    where = "weight_pictures"
    rows = check_array(weight, "weight", np.dtype(np.float64))
    if not _is_picture(shape):
        raise ArgumentError(
            f"shape must be (height, width) or (height, width, 1 or 3), got {shape!r} in {where}"
        )
    if rows.ndim != 2 or rows.shape[1] != math.prod(shape):
        raise ShapeError(
            f"weight must have shape (units, {math.prod(shape)}) for pictures of {shape}, got {rows.shape} in {where}"
        )
    shown = rows[: _whole(most, "most", where)]
    left = f", the first {len(shown)} of {len(rows)}" if len(shown) < len(rows) else ""
    largest = np.abs(shown).max(axis=1, keepdims=True)
    pictures = (0.5 + 0.5 * shown / np.where(largest > 0, largest, 1.0)).reshape(-1, *shape)
    titles = [f"unit {i}: ±{scale:.2g}" for i, scale in enumerate(largest[:, 0])]
    title = f"First-layer weights of each unit{left} (mid-grey: 0, brighter: positive, darker: negative)"
    return _gallery(pictures, titles, 1, columns, axes, where, title)


def gradient_errors(report: Report, *, axes: Any = None) -> Any:
    """Draw where the gradients of weights are wrong by a `report`, on `axes` if given; return an array of Axes."""
    if not isinstance(report, Report):
        raise ArgumentError(
            f"report must be what a gradient check returned, got {report!r} in gradient_errors"
        )
    figure = plot_errors(report, axes=None if axes is None else _given(axes, "gradient_errors"))
    return np.array(
        [one for one in figure.axes if one.get_images()] if axes is None else np.ravel(axes),
        dtype=object,
    )


def _figure(where: str, width: float, height: float) -> Any:
    with require_extra("matplotlib", "plot", where):
        from matplotlib.figure import Figure
    return Figure(figsize=(width, height), layout="constrained")


def _axes(axes: Any, where: str, width: float, height: float) -> Any:
    return (
        _figure(where, width, height).add_subplot()
        if axes is None
        else _given(axes, where, one=True)[0]
    )


def _given(axes: Any, where: str, *, one: bool = False) -> Any:
    from matplotlib.axes import Axes

    found = np.array(axes, dtype=object).ravel()
    if (one and len(found) != 1) or not all(isinstance(each, Axes) for each in found):
        raise ArgumentError(
            f"axes must be {'one' if one else 'all'} matplotlib Axes, got {axes!r} in {where}"
        )
    return found


def _gallery(
    pictures: Array,
    titles: list[str],
    white: float,
    columns: int,
    axes: Any,
    where: str,
    title: str,
) -> Any:
    columns, count = _whole(columns, "columns", where), len(pictures)
    if axes is None:
        rows, columns = math.ceil(count / columns), min(columns, max(count, 4))
        figure = _figure(where, 1.8 * columns, 0.8 + 2.15 * rows)
        figure.suptitle(textwrap.fill(title, 21 * columns), fontsize=11)
        axes = figure.subplots(rows, columns, squeeze=False) if count else []
    found = _given(axes, where)
    for one in found:
        one.axis("off")
    for one, picture, text in zip(found, pictures, titles, strict=False):
        one.imshow(picture.squeeze(), cmap="gray", vmin=0, vmax=white)
        one.set_title(text, fontsize=9)
    return found[:count]


def _is_picture(shape: tuple[int, ...]) -> bool:
    return len(shape) == 2 or (len(shape) == 3 and shape[2] in (1, 3))


def _class_names(classes: Sequence[str], where: str, count: int | None = None) -> list[str]:
    if (
        isinstance(classes, str)
        or not isinstance(classes, Sequence)
        or not classes
        or len(classes) != (count or len(classes))
    ):
        raise ArgumentError(
            f"classes must be the names of {f'the {count}' if count else 'all'} classes, got {classes!r} in {where}"
        )
    return [str(name) for name in classes]


def _class_numbers(values: npt.ArrayLike, name: str, classes: int, where: str) -> Array:
    labels = as_real_array(values, name)
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if labels.ndim != 1 or labels.size == 0:
        raise ShapeError(
            f"{name} must be a vector (m,) of at least one class number, got shape {labels.shape} in {where}"
        )
    if len(broken := labels[np.mod(labels, 1) != 0]):
        raise DtypeError(
            f"{name} must hold whole numbers, got {broken[0]} in {where}: pass predict_classes(X)"
        )
    if labels.min() < 0 or labels.max() >= classes:
        raise ArgumentError(
            f"{name} must lie in 0..{classes - 1}, got {labels.min()} to {labels.max()} in {where}"
        )
    return labels.astype(np.int64)


def _whole(value: Any, name: str, where: str) -> int:
    if not is_integer(value):
        raise ArgumentError(f"{name} must be a whole number >= 1, got {value!r} in {where}")
    return int(value)
