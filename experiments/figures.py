"""Figures that several studies draw, on top of `minidl.plots`; ImportError without matplotlib.

They are drawn on new figures, never by pyplot: no global state, no window, nothing to close.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from minidl import Sequential, plots
from minidl.data import Dataset


def new_figure(width: float, height: float, title: str) -> Any:
    """Return an empty figure with a title; width and height in inches."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    figure.suptitle(title)
    return figure


def draw_chance_level(axes: Any, n_classes: int = 2) -> None:
    """Draw the cross-entropy of giving every class the same probability."""
    label = f"chance level: probability 1/{n_classes} for each class (ln {n_classes})"
    axes.axhline(math.log(n_classes), color=plots.GREY, linestyle=":", linewidth=1.2, label=label)


def boundaries_figure(
    title: str,
    models: Mapping[str, Sequential],
    X: np.ndarray,
    Y: np.ndarray,
    notes: Mapping[str, str],
    columns: int = 2,
) -> Any:
    """Return a figure of the decision boundaries of several models, each with a note."""
    rows = math.ceil(len(models) / columns)
    figure = new_figure(4.6 * columns, 4.4 * rows + 0.5, title)
    grid = figure.subplots(rows, columns, squeeze=False, sharex=True, sharey=True).ravel()
    for (name, model), axes in zip(models.items(), grid, strict=True):
        plots.decision_boundary(model, X, Y, axes=axes)
        axes.set_title(f"{name}\n{notes[name]}", fontsize=10)
        axes.label_outer()
    return figure


def draw_error_bars(
    axes: Any,
    x: Sequence[float],
    series: Mapping[str, np.ndarray],
    baselines: Mapping[str, float],
) -> None:
    """Draw mean and standard deviation of each series against x, with dotted baselines.

    A series has the shape (values of x, seeds); the baselines are the shares of the majority class.
    """
    positions = range(len(x))  # evenly spaced, whatever the values
    for (name, values), colour, line_style, marker in zip(
        series.items(), plots.COLOURS, ("-", "--"), "os", strict=False
    ):
        axes.errorbar(
            positions,
            values.mean(axis=1),
            values.std(axis=1),
            color=colour,
            linestyle=line_style,
            marker=marker,
            markersize=5,
            capsize=4,
            label=name,
        )
    for share in sorted(set(baselines.values())):
        names = [name for name, baseline in baselines.items() if baseline == share]
        is_common = len(names) == len(baselines)
        colour = plots.GREY if is_common else plots.COLOURS[list(series).index(names[0])]
        label = "majority class" if is_common else f"majority class, {' and '.join(names)}"
        axes.axhline(share, color=colour, linestyle=":", linewidth=1.4, label=label)
    axes.set_xticks(positions, [f"{value:g}" for value in x])
    axes.grid(alpha=0.3)


def short_source(dataset: Dataset) -> str:
    """Return the source of a dataset without paths and reasons."""
    return dataset.source.partition(" (")[0].partition(", because")[0]
