"""Examples as points in the plane, a colour and a marker for each class."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from ..utils.typing import Array
from .looks import PAPER

MARKERS = "o^sDvP*X"
MANY_POINTS = 2000  # with more, they are a picture in an SVG, which would have megabytes of lines


def draw_points(
    axes: Any, points: Array, labels: Array, names: Sequence[str], colours: Sequence[str]
) -> Iterator[tuple[Any, str]]:
    """Draw the examples of each class.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
        Where to draw.
    points : ndarray of shape (m, 2)
        The examples.
    labels : ndarray of shape (m,)
        Their class numbers.
    names : sequence of str
        The name of each class.
    colours : sequence of str
        Its colour.

    Yields
    ------
    artist : matplotlib.collections.PathCollection
        What was drawn.
    name : str
        The name of the class.
    """
    for k, name in enumerate(names):
        x, y = points[labels == k].T
        artist = axes.scatter(
            x,
            y,
            s=22,
            c=colours[k],
            marker=MARKERS[k % len(MARKERS)],
            edgecolors=PAPER,
            linewidths=0.5,
            label=name,
            zorder=2,
            rasterized=len(points) > MANY_POINTS,
        )
        yield artist, name
