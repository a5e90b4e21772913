"""Points near the parameters, for the question whether a gradient follows its argument."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from ...utils.typing import Array
from ..constants import TINY
from ..rounding.compare import root_mean_square
from ..rounding.noise import ulp_noise
from .constants import NEARBY_FACTORS
from .precision.constants import FULL_BITS
from .pytree import Leaf

Move = Callable[[Array, Array], Array]
"""Takes an array and how far each element moves, and returns the moved array."""


def sizes(theta: Array, leaves: Sequence[Leaf]) -> Array:
    """Return the size of each element; that of its array, or of all of them, where it is zero."""
    size = np.abs(theta)
    of_all = root_mean_square(theta) or 1.0
    for leaf in leaves:
        part = size[leaf.part]
        part[part == 0] = root_mean_square(part) or of_all
    return size


def random_steps(theta: Array, leaves: Sequence[Leaf], rng: np.random.Generator) -> Array:
    """Return random steps of about the size of each element."""
    low, high = NEARBY_FACTORS
    signs = np.where(rng.random(theta.size) < 0.5, -1.0, 1.0)
    steps: Array = sizes(theta, leaves) * signs * rng.uniform(low, high, theta.size)
    return steps


def disturbed(theta: Array, bits: int, rng: np.random.Generator) -> Array:
    """Return `theta` with noise: of two ulps of a coarse format, if bits are those of one.

    Code in such a format rounds its argument, which may move it across kinks and ties.
    """
    if bits == FULL_BITS:
        return ulp_noise(theta, rng)
    noisy: Array = theta * (1 + 2.0 ** (1 - bits) * rng.uniform(-1, 1, theta.size))
    return noisy


def moved(theta: Array, leaves: Sequence[Leaf], steps: Array, move: Move) -> Array:
    """Return `theta` with each array moved."""
    point = np.empty(theta.size)
    for leaf in leaves:
        arrays = (vector[leaf.part].reshape(leaf.shape) for vector in (theta, steps))
        point[leaf.part] = move(*arrays).ravel()
    return point


def each_alone(array: Array, steps: Array) -> Array:
    """Move each element by its own step."""
    return array + steps


def scaled(array: Array, steps: Array) -> Array:
    """Scale the array, so that it stays symmetric, positive or in its subspace."""
    size = float(np.abs(array).mean())
    grown: Array = array * (1 + float(np.abs(steps).mean()) / size if size > 0 else 1.0)
    return grown


def with_its_norms(array: Array, steps: Array) -> Array:
    """Keep the norm of each row, as that of unit vectors, rotations and quaternions."""
    point = array + steps
    axis = -1 if array.ndim else None
    kept: Array = point * (_norms(array, axis) / np.maximum(_norms(point, axis), TINY))
    return kept


def with_its_sums(array: Array, steps: Array) -> Array:
    """Keep the sum of each row, as that of probabilities."""
    if not array.ndim:
        return array.copy()
    point: Array = array + steps - steps.mean(axis=-1, keepdims=True)
    return point


def symmetric(array: Array, steps: Array) -> Array:
    """Keep symmetry: both elements move by the same step."""
    if array.ndim < 2 or array.shape[-1] != array.shape[-2]:
        return array + steps
    return array + (steps + np.swapaxes(steps, -1, -2)) / 2


OTHER_MOVES: tuple[Move, ...] = (scaled, with_its_norms, with_its_sums, symmetric)
"""Moves that keep what a formula may rely on: a gradient may hold for unit vectors alone."""


def _norms(array: Array, axis: int | None) -> Array:
    norms: Array = np.sqrt((array**2).sum(axis=axis, keepdims=True))
    return norms
