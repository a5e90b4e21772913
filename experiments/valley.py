"""A long narrow valley, (x^2 + 100 y^2) / 2, and the paths of optimizers through it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from minidl import Adam, GradientDescent, Momentum, Optimizer, plots

from . import study
from .figures import new_figure

CURVATURE = np.array([1.0, 100.0])  # in x and in y
START = (-10.0, 1.0)
N_STEPS = 100


def height(point: np.ndarray) -> Any:
    """Return the height of the valley at points of shape (..., 2)."""
    return (CURVATURE * point**2).sum(axis=-1) / 2


def optimizer_paths() -> dict[str, np.ndarray]:
    """Return the path of each optimizer, of shape (N_STEPS + 1, 2)."""
    optimizers: list[Optimizer] = [
        GradientDescent(0.019),
        Momentum(0.019),
        Momentum(0.05),
        Adam(0.3),
    ]
    paths = {}
    for optimizer in optimizers:
        theta = np.array(START)
        path = [theta.copy()]
        for _ in range(N_STEPS):
            optimizer.step(theta, CURVATURE * theta)
            path.append(theta.copy())
        name = f"{type(optimizer).__name__}, learning rate {optimizer.learning_rate:g}"
        paths[name] = np.array(path)
    return paths


def heights_table(paths: Mapping[str, np.ndarray]) -> str:
    """Return the heights at the end of each path as a table with a title."""
    title = (
        f"the valley (x^2 + 100 y^2) / 2 from {START}, height {height(np.array(START)):.0f}, "
        f"after {N_STEPS} steps:"
    )
    heights = [[name, f"{height(path[-1]):.2g}"] for name, path in paths.items()]
    return f"{title}\n{study.table([['optimizer', 'height'], *heights])}"


def paths_figure(paths: Mapping[str, np.ndarray]) -> Any:
    """Return a figure of the paths, each on a contour plot of the valley."""
    title = f"{N_STEPS} steps from the cross through a long narrow valley to its minimum, the star"
    figure = new_figure(9, 2.1 * len(paths) + 0.6, title)
    grid = figure.subplots(len(paths), 1, sharex=True)
    x, y = np.meshgrid(np.linspace(-11, 2, 300), np.linspace(-1.3, 1.3, 200))
    heights = height(np.stack([x, y], axis=-1))
    for (name, path), colour, axes in zip(paths.items(), plots.COLOURS, grid, strict=False):
        levels = [1, 5, 15, 30, 60, 100]
        lines = axes.contour(x, y, heights, levels=levels, colors=plots.GREY, linewidths=0.6)
        axes.clabel(lines, levels=lines.levels[:-1], fontsize=7)
        axes.plot(*path.T, color=colour, linewidth=1.2, marker="o", markersize=3)
        axes.plot(*START, "kx", markersize=9, markeredgewidth=2)
        axes.plot(0, 0, "k*", markersize=11)
        axes.set(ylabel="y", xlim=(-11, 2), ylim=(-1.3, 1.3))
        axes.set_title(f"{name}: height {height(path[-1]):.2g} at the end", fontsize=10)
    axes.set_xlabel("x (lines of equal height; the valley is 100 times as steep in y as in x)")
    return figure
