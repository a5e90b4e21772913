"""A canvas of 64 x 64 pixels and the few shapes that the stand-in pictures are made of.

The pictures must have the same bits on every computer, because their SHA-256 is pinned. So only operations that IEEE 754 rounds
exactly are used (+, -, *, /, square root, comparisons), element by element: no sums over pixels, no exp, no sin; and all chance
comes from `RandomState.random_sample`, a stream that NumPy keeps frozen.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Plane = npt.NDArray[np.float64]
Point = tuple[float, float]

SIDE = 64
_CENTRES = (np.arange(SIDE) + 0.5) / SIDE
_ACROSS, _DOWN = np.meshgrid(_CENTRES, _CENTRES)


def ellipse(centre: Point, radii: Point) -> Plane:
    """Return how much of each pixel an ellipse covers, (64, 64) in [0, 1].

    Parameters
    ----------
    centre, radii : (float, float)
        Across and down, in units of the picture's side; the origin is the upper left corner.
    """
    across, down = (_ACROSS - centre[0]) / radii[0], (_DOWN - centre[1]) / radii[1]
    inside = (1.0 - np.sqrt(across * across + down * down)) * min(radii)
    return _coverage(inside)


def polygon(*corners: Point) -> Plane:
    """Return how much of each pixel a convex polygon covers, (64, 64) in [0, 1].

    The corners go round clockwise as seen on the screen (the second coordinate points down).

    Examples
    --------
    >>> triangle = polygon((0.5, 0.1), (0.9, 0.9), (0.1, 0.9))
    >>> triangle[32, 32], triangle[0, 0]
    (np.float64(1.0), np.float64(0.0))
    """
    inside = np.full((SIDE, SIDE), np.inf)
    for (x0, y0), (x1, y1) in zip(corners, corners[1:] + corners[:1], strict=True):
        dx, dy = x1 - x0, y1 - y0
        length = np.sqrt(dx * dx + dy * dy)
        inside = np.minimum(inside, (dx * (_DOWN - y0) - dy * (_ACROSS - x0)) / length)
    return _coverage(inside)


def box(centre: Point, half: Point) -> Plane:
    """Return the coverage of an upright box with the given half width and half height."""
    (x, y), (w, h) = centre, half
    return polygon((x - w, y - h), (x + w, y - h), (x + w, y + h), (x - w, y + h))


def stroke(start: Point, end: Point, width: float) -> Plane:
    """Return the coverage of a straight stroke with round ends."""
    dx, dy = end[0] - start[0], end[1] - start[1]
    along = ((_ACROSS - start[0]) * dx + (_DOWN - start[1]) * dy) / (dx * dx + dy * dy)
    along = np.minimum(np.maximum(along, 0.0), 1.0)
    across, down = _ACROSS - start[0] - along * dx, _DOWN - start[1] - along * dy
    return _coverage(width / 2 - np.sqrt(across * across + down * down))


def _coverage(inside: Plane) -> Plane:
    """Turn the distance to the edge (positive inside) into a soft edge one pixel wide."""
    return np.minimum(np.maximum(inside * SIDE + 0.5, 0.0), 1.0)


class Canvas:
    """One picture in the making: colours are float64 in [0, 1] until `finish` rounds them.

    Parameters
    ----------
    chance : numpy.random.RandomState
        The stream that every draw of this picture comes from.
    """

    def __init__(self, chance: np.random.RandomState) -> None:
        self.chance = chance
        self.pixels = np.zeros((SIDE, SIDE, 3))

    def between(self, low: float, high: float) -> float:
        """Draw a number evenly from [low, high)."""
        return low + (high - low) * float(self.chance.random_sample())

    def colour(self, brightness: float, tint: float) -> Plane:
        """Draw a colour (3,) whose channels lie within `tint` of `brightness`."""
        return brightness + tint * (2.0 * self.chance.random_sample(3) - 1.0)

    def ground(self, colour: Plane, slope: float) -> None:
        """Fill the picture with `colour`, growing lighter by at most `slope` towards a drawn direction."""
        across, down = self.between(-slope, slope), self.between(-slope, slope)
        shade = across * (_ACROSS - 0.5) + down * (_DOWN - 0.5)
        self.pixels[:] = colour + shade[:, :, np.newaxis]

    def paint(self, coverage: Plane, colour: Plane) -> None:
        """Lay `colour` (3,) over the pixels as far as `coverage` (64, 64) says."""
        self.pixels += coverage[:, :, np.newaxis] * (colour - self.pixels)

    def finish(self, noise: float) -> npt.NDArray[np.uint8]:
        """Add even noise of at most `noise` and return the picture, (64, 64, 3) uint8."""
        noisy = self.pixels + noise * (2.0 * self.chance.random_sample(self.pixels.shape) - 1.0)
        return np.floor(np.minimum(np.maximum(noisy, 0.0), 1.0) * 255.0 + 0.5).astype(np.uint8)
