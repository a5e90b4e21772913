"""Groups of positions whose windows do not meet, as in pictures and sequences.

A pixel reaches only the outputs near it. So pixels that are far enough apart can be moved together,
and each one's part be read off the outputs near it (Curtis, Powell and Reid, 1974).

Curtis, A. R., Powell, M. J. D. and Reid, J. K. (1974). On the estimation of sparse Jacobian
matrices. IMA Journal of Applied Mathematics 13(1), 117-119.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from itertools import product

import numpy as np

from ...utils.typing import Array
from .differences import ComplexStep, Scheme
from .function import Function
from .grouping import ROWS, Part, Shape, are_independent, probe_random_direction


@dataclass(frozen=True)
class WindowGroups:
    """Elements whose windows do not meet move together, in all examples at once.

    Attributes
    ----------
    reached : list of ndarray
        For each axis but that of the examples, which positions of the output (columns) those of
        the array (rows) reach.
    sets : list of list of ndarray
        For each of these axes, sets of positions that reach no output in common.
    """

    reached: list[Array]
    sets: list[list[Array]]
    name = "windows"
    is_single = False
    is_elementwise = False

    def forward_calls(self, shape: Shape) -> int:
        """Return how many forward calls a gradient of that shape takes."""
        return int(np.prod([len(sets) for sets in self.sets]))

    def parts(self, shape: Shape) -> Iterator[Part]:
        """Yield the groups: one set of each axis."""
        examples = slice(None)
        for chosen in product(*self.sets):
            yield (examples, *np.ix_(*chosen)), partial(self._collect, chosen)

    def _collect(self, chosen: tuple[Array, ...], products: Array) -> Array:
        """Sum up the outputs that each element reaches."""
        for axis, (reached, positions) in enumerate(zip(self.reached, chosen, strict=True), 1):
            sums = np.tensordot(reached[positions], products, axes=(1, axis))
            products = np.moveaxis(sums, 0, axis)
        return products


def find_windows(
    function: Function,
    scheme: Scheme,
    output_shape: Shape,
    rng: np.random.Generator,
    limit: int,
) -> WindowGroups | None:
    """Return the groups of a function of pictures or sequences; None if it has no such windows.

    Parameters
    ----------
    function : Function
        A function of an array of shape (m, ..., c).
    scheme : Scheme
        How derivatives are computed. Only the complex step tells outputs that stay as they are.
    output_shape : tuple of int
        The shape of its value.
    rng : numpy.random.Generator
        Draws the directions along which all elements at one position of an axis move.
    limit : int
        How many forward calls the search and the gradient may take together.
    """
    shape = function.arrays["real"].shape
    is_picture = 2 < len(shape) == len(output_shape) and shape[0] == output_shape[0]
    if not is_picture or not isinstance(scheme, ComplexStep) or sum(shape[1:]) > limit:
        return None
    # On a kink an element may reach what another hides.
    if (
        not are_independent(function, scheme, ROWS, rng)
        or probe_random_direction(function, scheme, rng).at_kink
    ):
        return None
    reached = [_reached(function, scheme, axis, rng) for axis in range(1, len(shape))]
    windows = WindowGroups(reached, [_sets_apart(array) for array in reached])
    calls = windows.forward_calls(shape)
    return (
        windows if calls < ROWS.forward_calls(shape) and calls + sum(shape[1:]) <= limit else None
    )


def _reached(function: Function, scheme: Scheme, axis: int, rng: np.random.Generator) -> Array:
    """Return which positions along an axis of the output those of the array reach, as 0 and 1."""
    shape = function.arrays["real"].shape
    rest = shape[:axis] + shape[axis + 1 :]
    rows = []
    for position in range(shape[axis]):
        index = (slice(None),) * axis + (position,)
        slope, _ = function.directional_derivative(scheme, rng.standard_normal(rest), index)
        others = tuple(i for i in range(slope.ndim) if i != axis)
        rows.append((slope != 0).any(axis=others))
    return np.array(rows, float)


def _sets_apart(reached: Array) -> list[Array]:
    """Return sets of positions that reach nothing in common, as few as one pass finds."""
    sets: list[list[int]] = []
    unions: list[Array] = []
    for position, window in enumerate(reached.astype(bool)):
        for members, union in zip(sets, unions, strict=True):
            if not (window & union).any():
                members.append(position)
                union |= window
                break
        else:
            sets.append([position])
            unions.append(window.copy())
    return [np.array(members) for members in sets]
