"""How far parameters may be moved: the size of each array."""

from __future__ import annotations

import numpy as np

from ....utils.typing import Array
from ..pytree import ParameterTree


def parameter_scale(tree: ParameterTree) -> Array:
    """Return for each element the root mean square of its array; of all, for an array of zeros."""
    theta = tree.theta
    typical = float(np.sqrt(np.mean(theta**2))) or 1.0
    scale = np.empty(theta.size)
    for leaf in tree.leaves:
        scale[leaf.part] = float(np.sqrt(np.mean(theta[leaf.part] ** 2))) or typical
    return scale


def short_move(theta: Array, scale: Array, signs: Array, rng: np.random.Generator) -> Array:
    """Return a direction in which each element moves in proportion to itself.

    Elements that are zero stay, as they often sit on kinks.
    """
    size = np.abs(theta) if theta.any() else scale
    move: Array = size * rng.uniform(0.3, 1.0, theta.size)
    return move * np.where(signs != 0, signs, rng.choice([-1.0, 1.0], theta.size))
