"""A small canvas with antialiased shapes, which draws the same bits on every computer."""

# It uses only +, -, *, /, square roots and comparisons, which IEEE 754 rounds correctly, and the
# frozen stream of `RandomState.random_sample`.

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Plane: TypeAlias = npt.NDArray[np.float64]
Point: TypeAlias = tuple[float, float]  # to the right and down, as fractions of the image's side
Image: TypeAlias = npt.NDArray[np.uint8]

SIDE = 64
_CENTRES = (np.arange(SIDE) + 0.5) / SIDE
_ACROSS, _DOWN = np.meshgrid(_CENTRES, _CENTRES)


def ellipse(centre: Point, radii: Point) -> Plane:
    """Return the coverage of each pixel by an ellipse."""
    across = (_ACROSS - centre[0]) / radii[0]
    down = (_DOWN - centre[1]) / radii[1]
    return _coverage((1.0 - np.sqrt(across * across + down * down)) * min(radii))


def polygon(*corners: Point) -> Plane:
    """Return the coverage of each pixel by a convex polygon, with corners clockwise on screen."""
    inside = np.full((SIDE, SIDE), np.inf)
    for (x0, y0), (x1, y1) in zip(corners, corners[1:] + corners[:1], strict=True):
        dx = x1 - x0
        dy = y1 - y0
        distance = (dx * (_DOWN - y0) - dy * (_ACROSS - x0)) / np.sqrt(dx * dx + dy * dy)
        inside = np.minimum(inside, distance)
    return _coverage(inside)


def box(centre: Point, half_sides: Point) -> Plane:
    """Return the coverage of each pixel by an upright rectangle."""
    (x, y), (w, h) = centre, half_sides
    return polygon((x - w, y - h), (x + w, y - h), (x + w, y + h), (x - w, y + h))


def stroke(start: Point, end: Point, width: float) -> Plane:
    """Return the coverage of each pixel by a line with round ends."""
    dx = end[0] - start[0]
    dy = end[1] - start[1]
    along = _clip(((_ACROSS - start[0]) * dx + (_DOWN - start[1]) * dy) / (dx * dx + dy * dy))
    across = _ACROSS - start[0] - along * dx
    down = _DOWN - start[1] - along * dy
    return _coverage(width / 2 - np.sqrt(across * across + down * down))


def _coverage(distance_inside: Plane) -> Plane:
    """Return how much of each pixel is covered, from its distance to the edge of the shape."""
    return _clip(distance_inside * SIDE + 0.5)


def _clip(plane: Plane) -> Plane:
    return np.minimum(np.maximum(plane, 0.0), 1.0)


class Canvas:
    """An image of `SIDE` by `SIDE` pixels in red, green and blue, with a random generator."""

    def __init__(self, rng: np.random.RandomState) -> None:
        self.rng = rng
        self.pixels = np.zeros((SIDE, SIDE, 3))

    def uniform(self, low: float, high: float) -> float:
        """Draw a number from low to high."""
        return low + (high - low) * float(self.rng.random_sample())

    def uniform_pair(self, low: float, high: float) -> Point:
        """Draw two numbers from low to high."""
        return self.uniform(low, high), self.uniform(low, high)

    def colour(self, brightness: float, tint: float) -> Plane:
        """Draw a colour, each component at most `tint` from `brightness`."""
        return brightness + tint * (2.0 * self.rng.random_sample(3) - 1.0)

    def fill(self, colour: Plane, slope: float) -> None:
        """Fill the image with a colour whose brightness changes from side to side."""
        across, down = self.uniform_pair(-slope, slope)
        shade = across * (_ACROSS - 0.5) + down * (_DOWN - 0.5)
        self.pixels[:] = colour + shade[:, :, np.newaxis]

    def paint(self, coverage: Plane, colour: Plane) -> None:
        """Paint a shape over the image."""
        self.pixels += coverage[:, :, np.newaxis] * (colour - self.pixels)

    def to_image(self, noise: float) -> Image:
        """Return the image as uint8, with uniform noise of amplitude `noise`."""
        noisy = self.pixels + noise * (2.0 * self.rng.random_sample(self.pixels.shape) - 1.0)
        return np.floor(_clip(noisy) * 255.0 + 0.5).astype(np.uint8)
