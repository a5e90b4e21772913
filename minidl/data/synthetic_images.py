"""Synthetic stand-ins for the image sets: cats and non-cats, and hands showing 0 to 5 fingers."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np

from ..utils.atomic_files import FilePath
from ..utils.typing import Array
from .canvas import Canvas, Image, Plane, Point, box, ellipse, polygon, stroke
from .dataset import Split
from .hdf5_writer import write_hdf5

CAT_CLASSES = ("non-cat", "cat")
SIGN_CLASSES = tuple("012345")

# Root and tip of each finger, to the right and up from the middle of the palm, in palm widths.
_THUMB = ((-0.55, -0.1), (-1.35, 0.55))
_FINGERS = (
    ((-0.6, 0.7), (-0.8, 1.9)),
    ((-0.2, 0.85), (-0.25, 2.2)),
    ((0.2, 0.85), (0.25, 2.1)),
    ((0.6, 0.7), (0.75, 1.75)),
)


@cache
def draw_cats() -> tuple[Split, Split]:
    """Return training and test images, with the class counts of the original images."""
    return draw_cat_split(1, n_images=209, n_cats=72), draw_cat_split(2, n_images=50, n_cats=33)


@cache
def draw_signs() -> tuple[Split, Split]:
    """Return 480 training and 120 test images, with equal class counts."""
    train = _draw_split(1, np.arange(480) % 6, SIGN_CLASSES, _draw_hand)
    return train, _draw_split(2, np.arange(120) % 6, SIGN_CLASSES, _draw_hand)


def write_cats(folder: FilePath) -> tuple[Path, Path]:
    """Write the synthetic cat images as HDF5 files named as the original files.

    Parameters
    ----------
    folder : path-like
        The folder to write to; it is created if it does not exist.

    Returns
    -------
    train : Path
        The path of `train_catvnoncat.h5`.
    test : Path
        The path of `test_catvnoncat.h5`.

    Raises
    ------
    DataError
        If one of the files already exists, or the folder cannot be written.

    See Also
    --------
    load_cats : Load the cat images.

    Examples
    --------
    >>> import tempfile
    >>> from minidl.data import load_cats, write_cats
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     paths = write_cats(folder)
    ...     cats = load_cats(folder)
    >>> [path.name for path in paths], len(cats.train)
    (['train_catvnoncat.h5', 'test_catvnoncat.h5'], 209)
    """
    contents = {}
    for name, split in zip(("train", "test"), draw_cats(), strict=True):
        arrays: dict[str, Array] = {
            f"{name}_set_x": split.images,
            f"{name}_set_y": split.labels,
            "list_classes": np.array(CAT_CLASSES, "S7"),
        }
        contents[Path(folder) / f"{name}_catvnoncat.h5"] = arrays
    train, test = write_hdf5(contents)
    return train, test


def draw_cat_split(seed: int, n_images: int, n_cats: int) -> Split:
    """Draw `n_images` images, `n_cats` of them cats, in random order."""
    labels = (np.arange(n_images) < n_cats).astype(np.int64)
    return _draw_split(seed, labels, CAT_CLASSES, _draw_cat_or_not)


def _draw_split(
    seed: int, labels: Array, classes: tuple[str, ...], draw: Callable[[Canvas, int], Image]
) -> Split:
    rng = np.random.RandomState(seed)
    labels = labels[np.argsort(rng.random_sample(len(labels)), kind="stable")]
    images = np.stack([draw(Canvas(rng), label) for label in labels.tolist()])
    return Split(images, labels, classes)


def _draw_cat_or_not(canvas: Canvas, cat: int) -> Image:
    contrast = canvas.uniform(0.22, 0.38) * (1.0 if canvas.uniform(0.0, 1.0) < 0.8 else -1.0)
    middle = canvas.uniform(0.45, 0.55)
    canvas.fill(canvas.colour(middle - contrast, tint=0.15), slope=0.25)
    draw = _draw_cat if cat else _draw_non_cat
    draw(
        canvas,
        canvas.colour(middle + contrast, tint=0.15),
        canvas.colour(middle - contrast, tint=0.15),
    )
    return canvas.to_image(noise=0.08)


def _draw_cat(canvas: Canvas, fur: Plane, mark: Plane) -> None:
    x = 0.5 + canvas.uniform(-0.05, 0.05)
    y = 0.56 + canvas.uniform(-0.05, 0.05)
    size = canvas.uniform(0.9, 1.1)
    w = 0.29 * size * canvas.uniform(0.95, 1.05)
    h = 0.25 * size * canvas.uniform(0.95, 1.05)

    def at(across: float, down: float) -> Point:
        return x + across * w, y + down * h

    for side in (-1.0, 1.0):
        tip = at(side * canvas.uniform(0.9, 1.0), -canvas.uniform(1.55, 1.75))
        ear = [tip, at(side * 0.98, -0.1), at(side * 0.15, -0.85)]
        ear = ear if side > 0 else ear[::-1]
        canvas.paint(polygon(*ear), fur)
        canvas.paint(polygon(*_shrink(ear)), mark)
    canvas.paint(ellipse((x, y), (w, h)), fur)
    for side in (-1.0, 1.0):
        _draw_eye(canvas, at(side * 0.45, -0.15), 0.19 * w, fur, mark)
        for lift in (-1.0, 0.0, 1.0):
            canvas.paint(
                stroke(
                    at(side * 0.3, 0.4 + 0.06 * lift), at(side * 1.15, 0.4 + 0.25 * lift), 0.012
                ),
                mark,
            )
    canvas.paint(polygon(at(-0.13, 0.25), at(0.13, 0.25), at(0.0, 0.42)), mark)


def _shrink(corners: list[Point]) -> list[Point]:
    # Written out, because the rounding of sum() depends on the version of Python.
    (x0, y0), (x1, y1), (x2, y2) = corners
    middle_x = (x0 + x1 + x2) / 3.0
    middle_y = (y0 + y1 + y2) / 3.0
    return [
        (middle_x + 0.45 * (x - middle_x), middle_y + 0.45 * (y - middle_y)) for x, y in corners
    ]


def _draw_eye(canvas: Canvas, centre: Point, radius: float, fur: Plane, mark: Plane) -> None:
    canvas.paint(ellipse(centre, (radius, 1.1 * radius)), mark)
    canvas.paint(ellipse(centre, (0.3 * radius, 0.9 * radius)), fur)


def _draw_non_cat(canvas: Canvas, figure: Plane, mark: Plane) -> None:
    """Draw another figure, with the parts of a cat's face scattered over it."""
    for shape in _FIGURES[int(canvas.uniform(0.0, len(_FIGURES)))](canvas):
        canvas.paint(shape, figure)
    for _ in range(2):
        _draw_eye(canvas, canvas.uniform_pair(0.2, 0.8), canvas.uniform(0.045, 0.065), figure, mark)
    for _ in range(6):
        x, y = canvas.uniform_pair(0.1, 0.9)
        canvas.paint(
            stroke((x, y), (x + canvas.uniform(0.15, 0.25), y + canvas.uniform(-0.1, 0.1)), 0.012),
            mark,
        )
    for _ in range(3):
        x, y = canvas.uniform_pair(0.15, 0.85)
        canvas.paint(polygon((x, y - 0.06), (x + 0.05, y + 0.06), (x - 0.05, y + 0.06)), mark)


def _triangle(canvas: Canvas) -> list[Plane]:
    x, y = canvas.uniform_pair(0.35, 0.65)
    w, h = canvas.uniform_pair(0.2, 0.36)
    return [polygon((x, y - h), (x + w, y + h), (x - w, y + h))]


def _stripes(canvas: Canvas) -> list[Plane]:
    phase = canvas.uniform(0.0, 0.2)
    lean = canvas.uniform(-0.5, 0.5)
    width = canvas.uniform(0.07, 0.12)
    return [
        stroke((0.2 * k + phase - lean, -0.1), (0.2 * k + phase + lean, 1.1), width)
        for k in range(5)
    ]


def _box(canvas: Canvas) -> list[Plane]:
    return [box(canvas.uniform_pair(0.35, 0.65), canvas.uniform_pair(0.18, 0.34))]


def _ellipse(canvas: Canvas) -> list[Plane]:
    return [ellipse(canvas.uniform_pair(0.35, 0.65), canvas.uniform_pair(0.18, 0.34))]


def _four_boxes(canvas: Canvas) -> list[Plane]:
    return [box(canvas.uniform_pair(0.15, 0.85), canvas.uniform_pair(0.08, 0.2)) for _ in range(4)]


def _four_ellipses(canvas: Canvas) -> list[Plane]:
    return [
        ellipse(canvas.uniform_pair(0.15, 0.85), canvas.uniform_pair(0.1, 0.2)) for _ in range(4)
    ]


def _four_strokes(canvas: Canvas) -> list[Plane]:
    return [
        stroke(
            canvas.uniform_pair(0.0, 1.0), canvas.uniform_pair(0.0, 1.0), canvas.uniform(0.06, 0.16)
        )
        for _ in range(4)
    ]


_FIGURES: tuple[Callable[[Canvas], list[Plane]], ...] = (
    _box,
    _ellipse,
    _triangle,
    _four_boxes,
    _four_ellipses,
    _four_strokes,
    _stripes,
)


def _draw_hand(canvas: Canvas, fingers: int) -> Image:
    canvas.fill(canvas.colour(canvas.uniform(0.7, 0.85), tint=0.06), slope=0.2)
    skin = canvas.uniform(0.4, 0.95) * np.array([0.85, 0.62, 0.5]) + canvas.colour(0.0, tint=0.03)
    x = 0.5 + canvas.uniform(-0.06, 0.06)
    y = 0.62 + canvas.uniform(-0.05, 0.05)
    size = canvas.uniform(0.17, 0.21)
    lean = canvas.uniform(-0.2, 0.2)
    mirror = 1.0 if canvas.uniform(0.0, 1.0) < 0.5 else -1.0

    def place(across: float, up: float) -> Point:
        across *= mirror
        return x + size * (across + lean * up), y - size * (up - lean * across)

    def finger(root: Point, tip: Point, width: float, colour: Plane) -> None:
        end_x, end_y = place(*tip)
        end = end_x + canvas.uniform(-0.015, 0.015), end_y + canvas.uniform(-0.015, 0.015)
        canvas.paint(stroke(place(*root), end, width * size), colour)

    canvas.paint(stroke(place(0.0, -0.6), place(0.0, -3.0), 1.3 * size), skin)
    canvas.paint(ellipse((x, y), (1.02 * size, 1.05 * size)), skin)
    shown = (_THUMB, *_FINGERS) if fingers == 5 else _FINGERS[:fingers]
    for root, tip in shown:
        finger(root, tip, 0.36, skin)
    for root, _ in _FINGERS[fingers:]:
        finger(root, (root[0], root[1] - 0.3), 0.4, 0.75 * skin)
    if fingers < 5:
        finger(_THUMB[0], (0.3, 0.05), 0.36, 0.75 * skin)
    return canvas.to_image(noise=0.04)
