"""Stand-ins for the course's pictures, drawn: cats and non-cats, and hands that show 0 to 5 fingers."""

# The same bits on every computer: nothing but +, -, *, /, square root and comparisons, which IEEE 754 rounds exactly, and the frozen
# stream of `random_sample`.

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ..utils.atomic_files import FilePath
from ..utils.typing import Array
from .dataset import Part
from .hdf5 import write_hdf5

Plane = npt.NDArray[np.float64]
Point = tuple[float, float]  # across and down, in sides of the picture
Picture = npt.NDArray[np.uint8]

SIDE = 64
_CENTRES = (np.arange(SIDE) + 0.5) / SIDE
_ACROSS, _DOWN = np.meshgrid(_CENTRES, _CENTRES)

CAT_CLASSES = ("non-cat", "cat")
SIGN_CLASSES = tuple("012345")

# Root and tip of each finger, across and up from the middle of the palm, in its widths.
_THUMB = ((-0.55, -0.1), (-1.35, 0.55))
_FINGERS = (
    ((-0.6, 0.7), (-0.8, 1.9)),
    ((-0.2, 0.85), (-0.25, 2.2)),
    ((0.2, 0.85), (0.25, 2.1)),
    ((0.6, 0.7), (0.75, 1.75)),
)


@cache
def draw_cats() -> tuple[Part, Part]:
    """Return training and test pictures, as many of each class as the course's."""
    return draw_part(1, count=209, cats=72), draw_part(2, count=50, cats=33)


@cache
def draw_signs() -> tuple[Part, Part]:
    """Return 480 training and 120 test pictures, as many of each class."""
    return _draw_part(1, np.arange(480) % 6, SIGN_CLASSES, _hand), _draw_part(
        2, np.arange(120) % 6, SIGN_CLASSES, _hand
    )


def write_cats(folder: FilePath) -> tuple[Path, Path]:
    """Write the drawn cats as HDF5 files with the course's names and keys, and return the two paths.

    Parameters
    ----------
    folder : path
        Created if it is not there.

    Raises
    ------
    DataError
        If a file of that name lies there already, or the folder cannot be written.
    """
    contents = {}
    for name, part in zip(("train", "test"), draw_cats(), strict=True):
        arrays: dict[str, Array] = {
            f"{name}_set_x": part.images,
            f"{name}_set_y": part.labels,
            "list_classes": np.array(CAT_CLASSES, "S7"),
        }
        contents[Path(folder) / f"{name}_catvnoncat.h5"] = arrays
    train, test = write_hdf5(contents)
    return train, test


def draw_part(seed: int, count: int, cats: int) -> Part:
    """Draw `count` pictures, `cats` of them cats, in random order."""
    return _draw_part(seed, (np.arange(count) < cats).astype(np.int64), CAT_CLASSES, _cat_or_not)


def _draw_part(
    seed: int, labels: Array, classes: tuple[str, ...], draw: Callable[[_Canvas, int], Picture]
) -> Part:
    chance = np.random.RandomState(seed)
    labels = labels[np.argsort(chance.random_sample(len(labels)), kind="stable")]
    return Part(
        np.stack([draw(_Canvas(chance), label) for label in labels.tolist()]), labels, classes
    )


def _ellipse(centre: Point, radii: Point) -> Plane:
    across, down = (_ACROSS - centre[0]) / radii[0], (_DOWN - centre[1]) / radii[1]
    return _coverage((1.0 - np.sqrt(across * across + down * down)) * min(radii))


def _polygon(*corners: Point) -> Plane:
    """Return a convex polygon, whose corners go round clockwise on the screen."""
    inside = np.full((SIDE, SIDE), np.inf)
    for (x0, y0), (x1, y1) in zip(corners, corners[1:] + corners[:1], strict=True):
        dx, dy = x1 - x0, y1 - y0
        inside = np.minimum(
            inside, (dx * (_DOWN - y0) - dy * (_ACROSS - x0)) / np.sqrt(dx * dx + dy * dy)
        )
    return _coverage(inside)


def _box(centre: Point, half: Point) -> Plane:
    (x, y), (w, h) = centre, half
    return _polygon((x - w, y - h), (x + w, y - h), (x + w, y + h), (x - w, y + h))


def _stroke(start: Point, end: Point, width: float) -> Plane:
    dx, dy = end[0] - start[0], end[1] - start[1]
    along = _clipped(((_ACROSS - start[0]) * dx + (_DOWN - start[1]) * dy) / (dx * dx + dy * dy))
    across, down = _ACROSS - start[0] - along * dx, _DOWN - start[1] - along * dy
    return _coverage(width / 2 - np.sqrt(across * across + down * down))


def _coverage(inside: Plane) -> Plane:
    """Return how much of each pixel is covered, from its distance to the edge."""
    return _clipped(inside * SIDE + 0.5)


def _clipped(plane: Plane) -> Plane:
    return np.minimum(np.maximum(plane, 0.0), 1.0)


class _Canvas:
    def __init__(self, chance: np.random.RandomState) -> None:
        self.chance = chance
        self.pixels = np.zeros((SIDE, SIDE, 3))

    def between(self, low: float, high: float) -> float:
        return low + (high - low) * float(self.chance.random_sample())

    def pair(self, low: float, high: float) -> Point:
        return self.between(low, high), self.between(low, high)

    def colour(self, brightness: float, tint: float) -> Plane:
        return brightness + tint * (2.0 * self.chance.random_sample(3) - 1.0)

    def ground(self, colour: Plane, slope: float) -> None:
        across, down = self.pair(-slope, slope)
        shade = across * (_ACROSS - 0.5) + down * (_DOWN - 0.5)
        self.pixels[:] = colour + shade[:, :, np.newaxis]

    def paint(self, coverage: Plane, colour: Plane) -> None:
        self.pixels += coverage[:, :, np.newaxis] * (colour - self.pixels)

    def finish(self, noise: float) -> Picture:
        noisy = self.pixels + noise * (2.0 * self.chance.random_sample(self.pixels.shape) - 1.0)
        return np.floor(_clipped(noisy) * 255.0 + 0.5).astype(np.uint8)


def _cat_or_not(canvas: _Canvas, cat: int) -> Picture:
    contrast = canvas.between(0.22, 0.38) * (1.0 if canvas.between(0.0, 1.0) < 0.8 else -1.0)
    middle = canvas.between(0.45, 0.55)
    canvas.ground(canvas.colour(middle - contrast, tint=0.15), slope=0.25)
    draw = _cat if cat else _other
    draw(
        canvas,
        canvas.colour(middle + contrast, tint=0.15),
        canvas.colour(middle - contrast, tint=0.15),
    )
    return canvas.finish(noise=0.08)


def _cat(canvas: _Canvas, fur: Plane, mark: Plane) -> None:
    x, y = 0.5 + canvas.between(-0.05, 0.05), 0.56 + canvas.between(-0.05, 0.05)
    size = canvas.between(0.9, 1.1)
    w, h = 0.29 * size * canvas.between(0.95, 1.05), 0.25 * size * canvas.between(0.95, 1.05)

    def at(across: float, down: float) -> Point:
        return x + across * w, y + down * h

    for side in (-1.0, 1.0):
        tip = at(side * canvas.between(0.9, 1.0), -canvas.between(1.55, 1.75))
        ear = [tip, at(side * 0.98, -0.1), at(side * 0.15, -0.85)]
        ear = ear if side > 0 else ear[::-1]
        canvas.paint(_polygon(*ear), fur)
        canvas.paint(_polygon(*_shrunk(ear)), mark)
    canvas.paint(_ellipse((x, y), (w, h)), fur)
    for side in (-1.0, 1.0):
        _eye(canvas, at(side * 0.45, -0.15), 0.19 * w, fur, mark)
        for lift in (-1.0, 0.0, 1.0):
            canvas.paint(
                _stroke(
                    at(side * 0.3, 0.4 + 0.06 * lift), at(side * 1.15, 0.4 + 0.25 * lift), 0.012
                ),
                mark,
            )
    canvas.paint(_polygon(at(-0.13, 0.25), at(0.13, 0.25), at(0.0, 0.42)), mark)


def _shrunk(corners: list[Point]) -> list[Point]:
    (x0, y0), (x1, y1), (x2, y2) = corners  # sum() rounds by the version of Python
    middle_x, middle_y = (x0 + x1 + x2) / 3.0, (y0 + y1 + y2) / 3.0
    return [
        (middle_x + 0.45 * (x - middle_x), middle_y + 0.45 * (y - middle_y)) for x, y in corners
    ]


def _eye(canvas: _Canvas, centre: Point, radius: float, fur: Plane, mark: Plane) -> None:
    canvas.paint(_ellipse(centre, (radius, 1.1 * radius)), mark)
    canvas.paint(_ellipse(centre, (0.3 * radius, 0.9 * radius)), fur)


def _other(canvas: _Canvas, figure: Plane, mark: Plane) -> None:
    """Draw anything but a cat, and strew a cat's eyes, whiskers, ears and nose over it."""
    for shape in _FIGURES[int(canvas.between(0.0, len(_FIGURES)))](canvas):
        canvas.paint(shape, figure)
    for _ in range(2):
        _eye(canvas, canvas.pair(0.2, 0.8), canvas.between(0.045, 0.065), figure, mark)
    for _ in range(6):
        x, y = canvas.pair(0.1, 0.9)
        canvas.paint(
            _stroke((x, y), (x + canvas.between(0.15, 0.25), y + canvas.between(-0.1, 0.1)), 0.012),
            mark,
        )
    for _ in range(3):
        x, y = canvas.pair(0.15, 0.85)
        canvas.paint(_polygon((x, y - 0.06), (x + 0.05, y + 0.06), (x - 0.05, y + 0.06)), mark)


def _triangle(canvas: _Canvas) -> list[Plane]:
    (x, y), (w, h) = canvas.pair(0.35, 0.65), canvas.pair(0.2, 0.36)
    return [_polygon((x, y - h), (x + w, y + h), (x - w, y + h))]


def _stripes(canvas: _Canvas) -> list[Plane]:
    phase, lean, width = (
        canvas.between(0.0, 0.2),
        canvas.between(-0.5, 0.5),
        canvas.between(0.07, 0.12),
    )
    return [
        _stroke((0.2 * k + phase - lean, -0.1), (0.2 * k + phase + lean, 1.1), width)
        for k in range(5)
    ]


_FIGURES: tuple[Callable[[_Canvas], list[Plane]], ...] = (
    lambda canvas: [_box(canvas.pair(0.35, 0.65), canvas.pair(0.18, 0.34))],
    lambda canvas: [_ellipse(canvas.pair(0.35, 0.65), canvas.pair(0.18, 0.34))],
    _triangle,
    lambda canvas: [_box(canvas.pair(0.15, 0.85), canvas.pair(0.08, 0.2)) for _ in range(4)],
    lambda canvas: [_ellipse(canvas.pair(0.15, 0.85), canvas.pair(0.1, 0.2)) for _ in range(4)],
    lambda canvas: [
        _stroke(canvas.pair(0.0, 1.0), canvas.pair(0.0, 1.0), canvas.between(0.06, 0.16))
        for _ in range(4)
    ],
    _stripes,
)


def _hand(canvas: _Canvas, fingers: int) -> Picture:
    canvas.ground(canvas.colour(canvas.between(0.7, 0.85), tint=0.06), slope=0.2)
    skin = canvas.between(0.4, 0.95) * np.array([0.85, 0.62, 0.5]) + canvas.colour(0.0, tint=0.03)
    x, y = 0.5 + canvas.between(-0.06, 0.06), 0.62 + canvas.between(-0.05, 0.05)
    size, lean = canvas.between(0.17, 0.21), canvas.between(-0.2, 0.2)
    mirror = 1.0 if canvas.between(0.0, 1.0) < 0.5 else -1.0

    def place(across: float, up: float) -> Point:
        across *= mirror
        return x + size * (across + lean * up), y - size * (up - lean * across)

    def finger(root: Point, tip: Point, width: float, colour: Plane) -> None:
        end_x, end_y = place(*tip)
        end = end_x + canvas.between(-0.015, 0.015), end_y + canvas.between(-0.015, 0.015)
        canvas.paint(_stroke(place(*root), end, width * size), colour)

    canvas.paint(_stroke(place(0.0, -0.6), place(0.0, -3.0), 1.3 * size), skin)
    canvas.paint(_ellipse((x, y), (1.02 * size, 1.05 * size)), skin)
    for root, tip in (_THUMB, *_FINGERS) if fingers == 5 else _FINGERS[:fingers]:
        finger(root, tip, 0.36, skin)
    for root, _ in _FINGERS[fingers:]:
        finger(root, (root[0], root[1] - 0.3), 0.4, 0.75 * skin)
    if fingers < 5:
        finger(_THUMB[0], (0.3, 0.05), 0.36, 0.75 * skin)
    return canvas.finish(noise=0.04)
