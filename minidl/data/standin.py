"""Cat pictures that minidl draws itself, so that every example runs where the real files are not at hand.

The set has the keys, shapes and class shares of the course's cat set (209 + 50 pictures, 72 and 33 of them cats). A cat and a
non-cat are made of as many parts in the same colours, and either may be light on dark or dark on light, so that neither one
colour nor one weighted sum of pixels tells them apart: a network with hidden layers does clearly better than logistic regression.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ..arrays import Array
from .canvas import Canvas, Plane, Point, box, ellipse, polygon, stroke
from .dataset import Part
from .writer import write_hdf5

CAT_CLASSES = ("non-cat", "cat")
# Tuned by measurement: logistic regression stays at the majority's 0.66, the 12288-20-7-5-1 network reaches about 0.93.
_LIGHT_SHARE = 0.8
_NOISE = 0.08
_SHIFT = 0.05
_SCALE = 0.1


@cache
def draw_cats() -> tuple[Part, Part]:
    """Return the training and the test pictures, the same bits on every computer; drawn once in a process.

    Examples
    --------
    >>> train, test = draw_cats()
    >>> train.images.shape, test.images.shape, train.labels.sum(), test.labels.sum()
    ((209, 64, 64, 3), (50, 64, 64, 3), np.int64(72), np.int64(33))
    """
    return draw_part(1, count=209, cats=72), draw_part(2, count=50, cats=33)


def write_cats(folder: str | os.PathLike[str]) -> tuple[Path, Path]:
    """Write the drawn cats as HDF5 files with the names and keys of the course's own, and return the two paths.

    Each file appears whole or not at all.

    Parameters
    ----------
    folder : path
        Created if it is not there.

    Raises
    ------
    DataError
        If a file of that name lies there already (it may be the real one), or the folder cannot be written.
    """
    names = np.array(CAT_CLASSES, dtype="S7")
    contents: dict[Path, dict[str, Array]] = {
        Path(folder) / f"{name}_catvnoncat.h5": {f"{name}_set_x": part.images, f"{name}_set_y": part.labels, "list_classes": names}
        for name, part in zip(("train", "test"), draw_cats(), strict=True)
    }
    train, test = write_hdf5(contents)
    return train, test


def draw_part(seed: int, count: int, cats: int) -> Part:
    """Draw `count` pictures, `cats` of them cats, in a random order that `seed` decides."""
    chance = np.random.RandomState(seed)
    order = np.argsort(chance.random_sample(count), kind="stable")
    labels = (order < cats).astype(np.int64)
    images = np.stack([_picture(chance, _cat if label else _other) for label in labels])
    return Part(images, labels, CAT_CLASSES)


def _picture(chance: np.random.RandomState, motif: Callable[[Canvas, Plane, Plane], None]) -> npt.NDArray[np.uint8]:
    canvas = Canvas(chance)
    contrast = canvas.between(0.22, 0.38) * (1.0 if canvas.between(0.0, 1.0) < _LIGHT_SHARE else -1.0)
    middle = canvas.between(0.45, 0.55)
    canvas.ground(canvas.colour(middle - contrast, tint=0.15), slope=0.25)
    motif(canvas, canvas.colour(middle + contrast, tint=0.15), canvas.colour(middle - contrast, tint=0.15))
    return canvas.finish(_NOISE)


def _cat(canvas: Canvas, fur: Plane, mark: Plane) -> None:
    """Draw two ears, a face, two eyes, six whiskers and a nose."""
    x, y = 0.5 + canvas.between(-_SHIFT, _SHIFT), 0.56 + canvas.between(-_SHIFT, _SHIFT)
    size = canvas.between(1.0 - _SCALE, 1.0 + _SCALE)
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
    """Draw anything but a cat, and strew a cat's eyes, inner ears, nose and whiskers over it."""
    for shape in _FIGURES[int(canvas.between(0.0, len(_FIGURES)))](canvas):
        canvas.paint(shape, figure)
    for _ in range(2):
        _eye(canvas, _spot(canvas, 0.2), canvas.between(0.045, 0.065), figure, mark)
    for _ in range(6):
        x, y = _spot(canvas, 0.1)
        end = (x + canvas.between(0.15, 0.25), y + canvas.between(-0.1, 0.1))
        canvas.paint(stroke((x, y), end, 0.012), mark)
    for _ in range(3):
        x, y = _spot(canvas, 0.15)
        canvas.paint(polygon((x, y - 0.06), (x + 0.05, y + 0.06), (x - 0.05, y + 0.06)), mark)


def _spot(canvas: Canvas, margin: float) -> Point:
    return canvas.between(margin, 1.0 - margin), canvas.between(margin, 1.0 - margin)


def _size(canvas: Canvas, low: float, high: float) -> Point:
    return canvas.between(low, high), canvas.between(low, high)


def _one_box(canvas: Canvas) -> list[Plane]:
    return [box(_spot(canvas, 0.35), _size(canvas, 0.18, 0.34))]


def _one_disc(canvas: Canvas) -> list[Plane]:
    return [ellipse(_spot(canvas, 0.35), _size(canvas, 0.18, 0.34))]


def _one_triangle(canvas: Canvas) -> list[Plane]:
    (x, y), (w, h) = _spot(canvas, 0.35), _size(canvas, 0.2, 0.36)
    return [polygon((x, y - h), (x + w, y + h), (x - w, y + h))]


def _boxes(canvas: Canvas) -> list[Plane]:
    return [box(_spot(canvas, 0.15), _size(canvas, 0.08, 0.2)) for _ in range(4)]


def _discs(canvas: Canvas) -> list[Plane]:
    return [ellipse(_spot(canvas, 0.15), _size(canvas, 0.1, 0.2)) for _ in range(4)]


def _sticks(canvas: Canvas) -> list[Plane]:
    return [stroke(_spot(canvas, 0.0), _spot(canvas, 0.0), canvas.between(0.06, 0.16)) for _ in range(4)]


def _stripes(canvas: Canvas) -> list[Plane]:
    phase, lean, width = canvas.between(0.0, 0.2), canvas.between(-0.5, 0.5), canvas.between(0.07, 0.12)
    return [stroke((0.2 * k + phase - lean, -0.1), (0.2 * k + phase + lean, 1.1), width) for k in range(5)]


_FIGURES = (_one_box, _one_disc, _one_triangle, _boxes, _discs, _sticks, _stripes)
