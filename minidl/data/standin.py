"""Pictures that minidl draws itself where the course's files are not at hand: cats and non-cats, and hands that show 0 to 5 fingers.

Their SHA-256 is pinned, so only operations that IEEE 754 rounds exactly are used (+, -, *, /, square root, comparisons), element by
element, and all chance comes from `RandomState.random_sample`, a stream that NumPy keeps frozen.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ..arrays import Array
from ..files import FilePath
from .dataset import Part
from .hdf5 import write_hdf5

Plane = npt.NDArray[np.float64]
Point = tuple[float, float]
Picture = npt.NDArray[np.uint8]

SIDE = 64
_CENTRES = (np.arange(SIDE) + 0.5) / SIDE
_ACROSS, _DOWN = np.meshgrid(_CENTRES, _CENTRES)

CAT_CLASSES = ("non-cat", "cat")
SIGN_CLASSES = ("0", "1", "2", "3", "4", "5")

# Across and up from the middle of the palm to each finger's root and tip, in palm widths.
_THUMB = ((-0.55, -0.1), (-1.35, 0.55))
_FINGERS = (((-0.6, 0.7), (-0.8, 1.9)), ((-0.2, 0.85), (-0.25, 2.2)), ((0.2, 0.85), (0.25, 2.1)), ((0.6, 0.7), (0.75, 1.75)))


@cache
def draw_cats() -> tuple[Part, Part]:
    """Return training and test pictures of the shapes and class shares of the course's cats, drawn once in a process.

    Examples
    --------
    >>> train, test = draw_cats()
    >>> train.images.shape, train.counts, test.counts
    ((209, 64, 64, 3), (137, 72), (17, 33))
    """
    return draw_part(1, count=209, cats=72), draw_part(2, count=50, cats=33)


@cache
def draw_signs() -> tuple[Part, Part]:
    """Return 480 training and 120 test pictures of hands, each class equally often, drawn once in a process."""

    def draw(seed: int, count: int) -> Part:
        return _draw_part(seed, count, SIGN_CLASSES, lambda order: order % len(SIGN_CLASSES), _hand)

    return draw(1, 480), draw(2, 120)


def write_cats(folder: FilePath) -> tuple[Path, Path]:
    """Write the drawn cats as HDF5 files with the course's names and keys, each whole or not at all, and return the two paths.

    Parameters
    ----------
    folder : path
        Created if it is not there.

    Raises
    ------
    DataError
        If a file of that name lies there already, or the folder cannot be written.
    """
    contents: dict[Path, dict[str, Array]] = {
        Path(folder) / f"{name}_catvnoncat.h5": {
            f"{name}_set_x": part.images,
            f"{name}_set_y": part.labels,
            "list_classes": np.array(CAT_CLASSES, dtype="S7"),
        }
        for name, part in zip(("train", "test"), draw_cats(), strict=True)
    }
    train, test = write_hdf5(contents)
    return train, test


def draw_part(seed: int, count: int, cats: int) -> Part:
    """Draw `count` pictures, `cats` of them cats, in an order that `seed` decides."""
    return _draw_part(seed, count, CAT_CLASSES, lambda order: (order < cats).astype(np.int64), _cat_or_not)


def _draw_part(
    seed: int, count: int, classes: tuple[str, ...], label: Callable[[Array], Array], draw: Callable[[Canvas, int], Picture]
) -> Part:
    chance = np.random.RandomState(seed)
    labels = label(np.argsort(chance.random_sample(count), kind="stable"))
    return Part(np.stack([draw(Canvas(chance), int(number)) for number in labels]), labels, classes)


def ellipse(centre: Point, radii: Point) -> Plane:
    """Return how much of each pixel an ellipse covers, (64, 64) in [0, 1].

    Points and lengths are across and down, in units of the picture's side, from the upper left corner.
    """
    across, down = (_ACROSS - centre[0]) / radii[0], (_DOWN - centre[1]) / radii[1]
    return _coverage((1.0 - np.sqrt(across * across + down * down)) * min(radii))


def polygon(*corners: Point) -> Plane:
    """Return the coverage of a convex polygon, whose corners go round clockwise as seen on the screen."""
    inside = np.full((SIDE, SIDE), np.inf)
    for (x0, y0), (x1, y1) in zip(corners, corners[1:] + corners[:1], strict=True):
        dx, dy = x1 - x0, y1 - y0
        inside = np.minimum(inside, (dx * (_DOWN - y0) - dy * (_ACROSS - x0)) / np.sqrt(dx * dx + dy * dy))
    return _coverage(inside)


def box(centre: Point, half: Point) -> Plane:
    """Return the coverage of an upright box of the given half width and half height."""
    (x, y), (w, h) = centre, half
    return polygon((x - w, y - h), (x + w, y - h), (x + w, y + h), (x - w, y + h))


def stroke(start: Point, end: Point, width: float) -> Plane:
    """Return the coverage of a straight stroke with round ends."""
    dx, dy = end[0] - start[0], end[1] - start[1]
    along = ((_ACROSS - start[0]) * dx + (_DOWN - start[1]) * dy) / (dx * dx + dy * dy)
    along = _clipped(along)
    across, down = _ACROSS - start[0] - along * dx, _DOWN - start[1] - along * dy
    return _coverage(width / 2 - np.sqrt(across * across + down * down))


def _coverage(inside: Plane) -> Plane:
    """Turn the distance to the edge (positive inside) into a soft edge one pixel wide."""
    return _clipped(inside * SIDE + 0.5)


def _clipped(plane: Plane) -> Plane:
    return np.minimum(np.maximum(plane, 0.0), 1.0)


class Canvas:
    """A picture in the making, in colours from 0 to 1; `chance` is the stream of all its draws."""

    def __init__(self, chance: np.random.RandomState) -> None:
        self.chance = chance
        self.pixels = np.zeros((SIDE, SIDE, 3))

    def between(self, low: float, high: float) -> float:
        """Draw a number evenly from [low, high)."""
        return low + (high - low) * float(self.chance.random_sample())

    def pair(self, low: float, high: float) -> Point:
        """Draw two such numbers."""
        return self.between(low, high), self.between(low, high)

    def colour(self, brightness: float, tint: float) -> Plane:
        """Draw a colour (3,) whose channels lie within `tint` of `brightness`."""
        return brightness + tint * (2.0 * self.chance.random_sample(3) - 1.0)

    def ground(self, colour: Plane, slope: float) -> None:
        """Fill the picture with `colour`, growing lighter by at most `slope` towards a drawn direction."""
        across, down = self.pair(-slope, slope)
        shade = across * (_ACROSS - 0.5) + down * (_DOWN - 0.5)
        self.pixels[:] = colour + shade[:, :, np.newaxis]

    def paint(self, coverage: Plane, colour: Plane) -> None:
        """Lay `colour` (3,) over the pixels as far as `coverage` (64, 64) says."""
        self.pixels += coverage[:, :, np.newaxis] * (colour - self.pixels)

    def finish(self, noise: float) -> Picture:
        """Add even noise of at most `noise` and return the picture, (64, 64, 3) uint8."""
        noisy = self.pixels + noise * (2.0 * self.chance.random_sample(self.pixels.shape) - 1.0)
        return np.floor(_clipped(noisy) * 255.0 + 0.5).astype(np.uint8)


def _cat_or_not(canvas: Canvas, cat: int) -> Picture:
    # Both are made of as many parts in the same colours, light on dark or dark on light, so that no weighted sum of pixels tells them
    # apart. Tuned by measurement: logistic regression stays at the majority's 0.66, the 12288-20-7-5-1 network reaches about 0.93.
    contrast = canvas.between(0.22, 0.38) * (1.0 if canvas.between(0.0, 1.0) < 0.8 else -1.0)
    middle = canvas.between(0.45, 0.55)
    canvas.ground(canvas.colour(middle - contrast, tint=0.15), slope=0.25)
    draw = _cat if cat else _other
    draw(canvas, canvas.colour(middle + contrast, tint=0.15), canvas.colour(middle - contrast, tint=0.15))
    return canvas.finish(noise=0.08)


def _cat(canvas: Canvas, fur: Plane, mark: Plane) -> None:
    """Draw two ears, a face, two eyes, six whiskers and a nose."""
    x, y = 0.5 + canvas.between(-0.05, 0.05), 0.56 + canvas.between(-0.05, 0.05)
    size = canvas.between(0.9, 1.1)
    w, h = 0.29 * size * canvas.between(0.95, 1.05), 0.25 * size * canvas.between(0.95, 1.05)
    for side in (-1.0, 1.0):
        tip = (x + side * w * canvas.between(0.9, 1.0), y - h * canvas.between(1.55, 1.75))
        ear = [tip, (x + side * 0.98 * w, y - 0.1 * h), (x + side * 0.15 * w, y - 0.85 * h)]
        ear = ear if side > 0 else ear[::-1]
        canvas.paint(polygon(*ear), fur)
        canvas.paint(polygon(*_shrunk(ear)), mark)
    canvas.paint(ellipse((x, y), (w, h)), fur)
    for side in (-1.0, 1.0):
        _eye(canvas, (x + side * 0.45 * w, y - 0.15 * h), 0.19 * w, fur, mark)
        for lift in (-1.0, 0.0, 1.0):
            start = (x + side * 0.3 * w, y + (0.4 + 0.06 * lift) * h)
            canvas.paint(stroke(start, (x + side * 1.15 * w, y + (0.4 + 0.25 * lift) * h), 0.012), mark)
    canvas.paint(polygon((x - 0.13 * w, y + 0.25 * h), (x + 0.13 * w, y + 0.25 * h), (x, y + 0.42 * h)), mark)


def _shrunk(corners: list[Point]) -> list[Point]:
    (x0, y0), (x1, y1), (x2, y2) = corners  # added by hand: the rounding of sum() differs between versions of Python
    middle_x, middle_y = (x0 + x1 + x2) / 3.0, (y0 + y1 + y2) / 3.0
    return [(middle_x + 0.45 * (x - middle_x), middle_y + 0.45 * (y - middle_y)) for x, y in corners]


def _eye(canvas: Canvas, centre: Point, radius: float, fur: Plane, mark: Plane) -> None:
    canvas.paint(ellipse(centre, (radius, 1.1 * radius)), mark)
    canvas.paint(ellipse(centre, (0.3 * radius, 0.9 * radius)), fur)


def _other(canvas: Canvas, figure: Plane, mark: Plane) -> None:
    """Draw anything but a cat, and strew a cat's eyes, whiskers, inner ears and nose over it."""
    for shape in _FIGURES[int(canvas.between(0.0, len(_FIGURES)))](canvas):
        canvas.paint(shape, figure)
    for _ in range(2):
        _eye(canvas, canvas.pair(0.2, 0.8), canvas.between(0.045, 0.065), figure, mark)
    for _ in range(6):
        x, y = canvas.pair(0.1, 0.9)
        canvas.paint(stroke((x, y), (x + canvas.between(0.15, 0.25), y + canvas.between(-0.1, 0.1)), 0.012), mark)
    for _ in range(3):
        x, y = canvas.pair(0.15, 0.85)
        canvas.paint(polygon((x, y - 0.06), (x + 0.05, y + 0.06), (x - 0.05, y + 0.06)), mark)


def _triangle(canvas: Canvas) -> list[Plane]:
    (x, y), (w, h) = canvas.pair(0.35, 0.65), canvas.pair(0.2, 0.36)
    return [polygon((x, y - h), (x + w, y + h), (x - w, y + h))]


def _stripes(canvas: Canvas) -> list[Plane]:
    phase, lean, width = canvas.between(0.0, 0.2), canvas.between(-0.5, 0.5), canvas.between(0.07, 0.12)
    return [stroke((0.2 * k + phase - lean, -0.1), (0.2 * k + phase + lean, 1.1), width) for k in range(5)]


_FIGURES: tuple[Callable[[Canvas], list[Plane]], ...] = (
    lambda canvas: [box(canvas.pair(0.35, 0.65), canvas.pair(0.18, 0.34))],
    lambda canvas: [ellipse(canvas.pair(0.35, 0.65), canvas.pair(0.18, 0.34))],
    _triangle,
    lambda canvas: [box(canvas.pair(0.15, 0.85), canvas.pair(0.08, 0.2)) for _ in range(4)],
    lambda canvas: [ellipse(canvas.pair(0.15, 0.85), canvas.pair(0.1, 0.2)) for _ in range(4)],
    lambda canvas: [stroke(canvas.pair(0.0, 1.0), canvas.pair(0.0, 1.0), canvas.between(0.06, 0.16)) for _ in range(4)],
    _stripes,
)


def _hand(canvas: Canvas, fingers: int) -> Picture:
    canvas.ground(canvas.colour(canvas.between(0.7, 0.85), tint=0.06), slope=0.2)
    skin = canvas.between(0.4, 0.95) * np.array([0.85, 0.62, 0.5]) + canvas.colour(0.0, tint=0.03)
    x, y = 0.5 + canvas.between(-0.06, 0.06), 0.62 + canvas.between(-0.05, 0.05)
    size, lean = canvas.between(0.17, 0.21), canvas.between(-0.2, 0.2)
    mirror = 1.0 if canvas.between(0.0, 1.0) < 0.5 else -1.0

    def place(across: float, up: float) -> Point:
        return x + size * (mirror * across + lean * up), y - size * (up - lean * (mirror * across))

    def finger(root: Point, tip: Point, width: float, colour: Plane) -> None:
        end_x, end_y = place(*tip)
        end = end_x + canvas.between(-0.015, 0.015), end_y + canvas.between(-0.015, 0.015)
        canvas.paint(stroke(place(*root), end, width * size), colour)

    canvas.paint(stroke(place(0.0, -0.6), place(0.0, -3.0), 1.3 * size), skin)
    canvas.paint(ellipse((x, y), (1.02 * size, 1.05 * size)), skin)
    for root, tip in (_THUMB, *_FINGERS) if fingers == 5 else _FINGERS[:fingers]:
        finger(root, tip, 0.36, skin)
    for root, _ in _FINGERS[fingers:]:
        finger(root, (root[0], root[1] - 0.3), 0.4, 0.75 * skin)
    if fingers < 5:
        finger(_THUMB[0], (0.3, 0.05), 0.36, 0.75 * skin)
    return canvas.finish(noise=0.04)
