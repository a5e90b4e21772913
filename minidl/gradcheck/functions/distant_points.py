"""Points far from the parameters, with the same kind of numbers in other places.

A mask that is kept from the first point, such as ``x > 0``, is right at all points nearby.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from ...utils.typing import Array
from .nearby_points import OTHER_MOVES, Move, each_alone, moved, random_steps
from .pytree import Leaf


def rolled(array: Array, _: Array) -> Array:
    """Move the elements along each axis, so that a matrix stays symmetric, and definite."""
    for axis in range(array.ndim):
        array = np.roll(array, 1, axis)
    return array


def reflected(array: Array, _: Array) -> Array:
    """Turn the numbers around within their range, so that what is sorted stays so."""
    turned: Array = array.max() - (np.flip(array) - array.min())
    return turned


def negated(array: Array, _: Array) -> Array:
    """Change all signs, so that norms, and zeros of a triangular matrix, stay."""
    return -array


DISTANT_MOVES: tuple[Move, ...] = (rolled, reflected, negated)
"""A formula may hold for positive, sorted, symmetric or triangular arrays alone, which is no
mistake: a gradient must be wrong at all of these points. The last one never decides alone, as a
number that is a length or a scale would have the wrong sign."""


def distant_points(
    theta: Array, leaves: Sequence[Leaf], distance: float, rng: np.random.Generator
) -> Iterator[tuple[Array, bool]]:
    """Yield points far from `theta`, off the kinks there, and whether each may decide."""
    for distant_move in DISTANT_MOVES:
        origin = moved(theta, leaves, theta, distant_move)
        for move in (each_alone, *OTHER_MOVES) if not np.array_equal(origin, theta) else ():
            steps = distance * random_steps(origin, leaves, rng)
            yield moved(origin, leaves, steps, move), distant_move is not negated
