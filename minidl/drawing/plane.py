"""Regions of classes in the plane, with one smooth line for each boundary."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from ..utils.typing import Array
from .looks import INK

GRID_POINTS = 250  # along each side of the plane
NARROW = 1e-6  # as a fraction of the numbers: the points of the grid must differ
SMALLEST = 1e-30
CERTAIN = 16.0  # a log-odds beyond which float32 has no more probabilities
FEW_VALUES = 0.02  # of all: scores in steps, as of nearest neighbours, have ragged borders
PLAIN, LIGHTEST, STRONGEST = 0.3, 0.05, 0.5  # opacity of a region; and of a shaded one


class Plane(NamedTuple):
    """The grid on which a plane is sampled.

    Parameters
    ----------
    x, y : ndarray of shape (GRID_POINTS,)
        The coordinates.
    """

    x: Array
    y: Array

    def points(self) -> Array:
        """Return the points of the grid, (GRID_POINTS ** 2, 2), row by row."""
        return np.stack(np.meshgrid(self.x, self.y), axis=-1).reshape(-1, 2)


def plane_around(points: Array) -> Plane:
    """Return the grid around points (m, 2), with room for a legend above them."""
    low, high = points.min(axis=0), points.max(axis=0)
    size = np.maximum(np.abs(low), np.abs(high))
    is_wide = high - low > np.maximum(NARROW * size, SMALLEST)
    margin = 0.1 * np.where(is_wide, high - low, np.maximum(size, 1.0))
    low, high = low - margin, high + margin
    high[1] += 1.5 * margin[1]  # for the legend
    return Plane(*np.linspace(low, high, GRID_POINTS).T)


def smooth_scores(values: Array, n_classes: int, *, are_probabilities: bool) -> Array:
    """Return scores on the grid that change as smoothly as what is known of them.

    Parameters
    ----------
    values : ndarray of shape (n, n_classes) or (n,)
        Scores for each class, or class numbers, at the points of the grid.
    n_classes : int
        The number of classes.
    are_probabilities : bool
        Whether the scores are probabilities, of which the logarithms are taken: a network's are
        nearly linear, so that interpolation finds its boundary between the points of the grid.

    Returns
    -------
    ndarray of shape (n_classes, GRID_POINTS, GRID_POINTS)
        The largest is that of the predicted class. Class numbers, scores of few different values,
        and probabilities that jump are smoothed over neighbouring points.
    """
    if values.ndim == 1:
        values = np.eye(n_classes)[values.astype(np.intp)]
    planes = values.T.reshape(-1, GRID_POINTS, GRID_POINTS)
    in_steps = len(np.unique(np.round(values, 6), axis=0)) < FEW_VALUES * len(values)
    if in_steps:
        planes = _smoothed(planes)
    if are_probabilities:
        planes = np.log(np.maximum(planes, np.finfo(np.float64).tiny))
        planes = np.maximum(planes - planes.max(axis=0), -CERTAIN)
        steepest = max(np.abs(np.diff(planes, axis=axis)).max() for axis in (1, 2))
        if steepest > CERTAIN / 2 and not in_steps:
            planes = _smoothed(planes)
    return planes


def _smoothed(planes: Array) -> Array:
    from scipy.ndimage import gaussian_filter

    smoothed: Array = gaussian_filter(planes, sigma=(0, 1, 1), mode="nearest")
    return smoothed


def draw_classes(
    axes: Any, plane: Plane, scores: Array, colours: Sequence[str], *, shade: bool
) -> None:
    """Colour the region of each class, and draw one line along each boundary.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
        Where to draw.
    plane : Plane
        The grid.
    scores : ndarray of shape (k, GRID_POINTS, GRID_POINTS)
        What `smooth_scores` returned.
    colours : sequence of k str
        The colour of each class.
    shade : bool
        Whether a class is the stronger coloured, the more probable it is than the next one; the
        scores are logarithms of probabilities then.
    """
    from matplotlib.collections import LineCollection

    best = scores.argmax(axis=0)
    if shade:
        _shade(axes, plane, scores, colours)
    lines: list[Array] = []
    for k, colour in enumerate(colours):
        if not (best == k).any():
            continue
        others = np.delete(scores, k, axis=0).max(axis=0)
        lead = _lead(scores[k] - others, best == k)
        lines += boundaries(plane, scores, lead, k)
        if not shade:
            levels = [0, CERTAIN + 1]
            axes.contourf(plane.x, plane.y, lead, levels=levels, colors=[colour], alpha=PLAIN)
    if lines:
        axes.add_collection(
            LineCollection(lines, colors=INK, linewidths=1, capstyle="round", zorder=1.5)
        )
    axes.set(xlim=plane.x[[0, -1]], ylim=plane.y[[0, -1]])


def boundaries(plane: Plane, scores: Array, lead: Array, k: int) -> list[Array]:
    """Return the lines between a class and those of larger numbers, where `lead` is 0.

    Parameters
    ----------
    plane : Plane
        The grid.
    scores : ndarray of shape (n_classes, GRID_POINTS, GRID_POINTS)
        The scores.
    lead : ndarray of shape (GRID_POINTS, GRID_POINTS)
        How far class k is ahead of all others.
    k : int
        The class. Its lines to classes of smaller numbers are theirs.

    Returns
    -------
    list of ndarray of shape (n, 2)
        The corners of each line.
    """
    from contourpy import contour_generator
    from scipy.ndimage import map_coordinates

    lines = []
    step = np.array([plane.x[1] - plane.x[0], plane.y[1] - plane.y[0]])
    for line in contour_generator(plane.x, plane.y, lead).lines(0):
        corners = np.asarray(line)
        at = ((corners - (plane.x[0], plane.y[0])) / step).T[::-1]
        rivals = np.stack([map_coordinates(each, at, order=1, mode="nearest") for each in scores])
        rivals[k] = -np.inf
        is_later = rivals.argmax(axis=0) > k
        drawn = is_later[:-1] | is_later[1:]  # on to where three classes meet, within a cell
        starts = np.flatnonzero(np.diff(np.r_[False, drawn]) & drawn)
        ends = np.flatnonzero(np.diff(np.r_[drawn, False]) & drawn) + 1
        lines += [corners[i : j + 1] for i, j in zip(starts, ends, strict=True)]
    return lines


def _lead(differences: Array, is_ahead: Array) -> Array:
    """Return how far a class is ahead of others: positive where it is, and nowhere 0."""
    tiny = 1e-12
    lead = np.clip(differences, -CERTAIN, CERTAIN)
    nonzero: Array = np.where(is_ahead, np.maximum(lead, tiny), np.minimum(lead, -tiny))
    return nonzero


def _shade(axes: Any, plane: Plane, scores: Array, colours: Sequence[str]) -> None:
    """Colour each point by its class, the stronger, the more probable that is than the next one."""
    from matplotlib.colors import ListedColormap

    second, first = np.sort(scores, axis=0)[-2:]
    probability = 1 / (1 + np.exp(second - first))
    half_x, half_y = (plane.x[1] - plane.x[0]) / 2, (plane.y[1] - plane.y[0]) / 2
    axes.imshow(
        scores.argmax(axis=0),
        cmap=ListedColormap(list(colours)),
        vmin=-0.5,
        vmax=len(colours) - 0.5,
        alpha=LIGHTEST + (STRONGEST - LIGHTEST) * (2 * probability - 1),
        origin="lower",
        aspect="auto",
        interpolation="nearest",
        extent=(
            plane.x[0] - half_x,
            plane.x[-1] + half_x,
            plane.y[0] - half_y,
            plane.y[-1] + half_y,
        ),
    )
