"""Hand signs that minidl draws itself: a hand that shows 0 to 5 fingers, for examples with six classes."""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt

from .canvas import Canvas, Plane, Point, ellipse, stroke
from .dataset import Part

SIGN_CLASSES = ("0", "1", "2", "3", "4", "5")

# Across and up from the middle of the palm to each finger's root and tip, in palm widths.
_THUMB = ((-0.55, -0.1), (-1.35, 0.55))
_FINGERS = (((-0.6, 0.7), (-0.8, 1.9)), ((-0.2, 0.85), (-0.25, 2.2)), ((0.2, 0.85), (0.25, 2.1)), ((0.6, 0.7), (0.75, 1.75)))
_RAISED = ((), _FINGERS[:1], _FINGERS[:2], _FINGERS[:3], _FINGERS, (_THUMB, *_FINGERS))


@cache
def draw_signs() -> tuple[Part, Part]:
    """Return 480 training and 120 test pictures, each class equally often; the same bits on every computer.

    Examples
    --------
    >>> train, test = draw_signs()
    >>> train.images.shape, train.counts, test.counts
    ((480, 64, 64, 3), (80, 80, 80, 80, 80, 80), (20, 20, 20, 20, 20, 20))
    """
    return _draw_part(1, 480), _draw_part(2, 120)


def _draw_part(seed: int, count: int) -> Part:
    chance = np.random.RandomState(seed)
    labels = np.argsort(chance.random_sample(count), kind="stable") % len(SIGN_CLASSES)
    return Part(np.stack([_hand(Canvas(chance), int(label)) for label in labels]), labels, SIGN_CLASSES)


def _hand(canvas: Canvas, fingers: int) -> npt.NDArray[np.uint8]:
    canvas.ground(canvas.colour(canvas.between(0.7, 0.85), tint=0.06), slope=0.2)
    skin = canvas.between(0.4, 0.95) * np.array([0.85, 0.62, 0.5]) + canvas.colour(0.0, tint=0.03)
    crease = 0.75 * skin
    palm = (0.5 + canvas.between(-0.06, 0.06), 0.62 + canvas.between(-0.05, 0.05))
    size, lean = canvas.between(0.17, 0.21), canvas.between(-0.2, 0.2)
    mirror = 1.0 if canvas.between(0.0, 1.0) < 0.5 else -1.0

    def place(point: Point) -> Point:
        across, up = mirror * point[0], point[1]
        return palm[0] + size * (across + lean * up), palm[1] - size * (up - lean * across)

    canvas.paint(stroke(place((0.0, -0.6)), place((0.0, -3.0)), 1.3 * size), skin)
    canvas.paint(ellipse(palm, (1.02 * size, 1.05 * size)), skin)
    for root, tip in _RAISED[fingers]:
        _finger(canvas, place(root), place(tip), 0.36 * size, skin)
    for root, _ in _FINGERS[fingers:]:
        _finger(canvas, place(root), place((root[0], root[1] - 0.3)), 0.4 * size, crease)
    if fingers < 5:
        _finger(canvas, place(_THUMB[0]), place((0.3, 0.05)), 0.36 * size, crease)
    return canvas.finish(noise=0.04)


def _finger(canvas: Canvas, root: Point, tip: Point, width: float, colour: Plane) -> None:
    canvas.paint(stroke(root, (tip[0] + canvas.between(-0.015, 0.015), tip[1] + canvas.between(-0.015, 0.015)), width), colour)
