"""Pictures that several studies draw, on top of `minidl.plots`. All raise ImportError where matplotlib is not installed.

They are drawn on figures of their own, never by pyplot: no global state, no window, nothing to close.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from minidl import History, Sequential, plots
from minidl.data import Dataset


def new_figure(width: float, height: float, title: str) -> Any:
    """Return an empty figure with a title."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    figure.suptitle(title)
    return figure


def cost_picture(history: History, data: Dataset, how: str, penalty: bool) -> Any:
    """Return a figure of the cost over the epochs on pictures."""
    figure = new_figure(7, 4.5, "Cat or not: how the cost falls while the network learns")
    axes = plots.learning_curves(history, axes=figure.add_subplot())
    chance_line(axes)
    axes.set(
        xlabel=f"epoch (one pass over the {len(data.train)} training pictures)",
        ylabel=f"cost (cross-entropy{' + L2 penalty' if penalty else ''})",
    )
    axes.set(ylim=(0, None), xlim=(0, history.epochs + 1))
    axes.set_title(f"{how}\n{_kind(data)}", fontsize=9, color=plots.GREY)
    axes.legend()
    return figure


def chance_line(axes: Any) -> None:
    """Draw the cost of knowing nothing."""
    axes.axhline(
        math.log(2),
        color=plots.GREY,
        linestyle=":",
        linewidth=1.2,
        label='answering "one half" every time (ln 2)',
    )


def misclassified_picture(data: Dataset, called: np.ndarray, probability: np.ndarray) -> Any:
    """Return a figure of the test pictures that were called wrongly, the surest mistakes first."""
    sure = np.where(called == 1, probability, 1 - probability)
    grid = plots.misclassified(
        data.test.images, data.test.labels, called, data.classes, probability=sure
    )
    figure = (
        grid[0].figure
        if len(grid)
        else new_figure(7, 1.2, f"None of {len(called)} test pictures was called wrongly")
    )
    figure.suptitle(f"{figure.get_suptitle()}\n{_kind(data)}", fontsize=11)
    return figure


def boundaries_picture(
    title: str,
    models: Mapping[str, Sequential],
    X: np.ndarray,
    Y: np.ndarray,
    notes: Mapping[str, str],
    columns: int = 2,
) -> Any:
    """Return a figure of what several models answer in the plane, side by side, each under its name and a note."""
    rows = math.ceil(len(models) / columns)
    figure = new_figure(4.6 * columns, 4.4 * rows + 0.5, title)
    grid = figure.subplots(rows, columns, squeeze=False, sharex=True, sharey=True).ravel()
    for (name, model), axes in zip(models.items(), grid, strict=True):
        plots.decision_boundary(model, X, Y, axes=axes).set_title(
            f"{name}\n{notes[name]}", fontsize=10
        )
        axes.label_outer()
    return figure


def error_bars(
    axes: Any, x: Sequence[float], parts: Mapping[str, np.ndarray], baseline: Mapping[str, float]
) -> None:
    """Draw mean and standard deviation over the columns of (settings, seeds) for each part, with the majority's share dotted."""
    places = range(len(x))  # even steps, whatever the numbers
    for (part, values), colour, style, marker in zip(
        parts.items(), plots.COLOURS, ("-", "--"), "os", strict=False
    ):
        axes.errorbar(
            places,
            values.mean(axis=1),
            values.std(axis=1),
            color=colour,
            linestyle=style,
            marker=marker,
            markersize=5,
            capsize=4,
            label=part,
        )
    for share in sorted(set(baseline.values())):
        of = [part for part, each in baseline.items() if each == share]
        which = "" if len(of) == len(baseline) else f", {' and '.join(of)}"
        axes.axhline(
            share,
            color=plots.COLOURS[list(parts).index(of[0])] if which else plots.GREY,
            linestyle=":",
            linewidth=1.4,
        )
        axes.lines[-1].set_label(f"always the commonest class{which}")
    axes.set_xticks(places, [f"{value:g}" for value in x])
    axes.grid(alpha=0.3)


def _kind(data: Dataset) -> str:
    return data.source.split(" (")[0].split(", because")[0]
