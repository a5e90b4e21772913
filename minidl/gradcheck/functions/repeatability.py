"""Whether a gradient is the same when it is called again at the same point."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from ...utils.typing import Array
from ..constants import EPS, SUMMATION_ULPS
from ..rounding.compare import root_mean_square, rounding_bar
from .constants import MAX_REPEAT_ROUNDING, MOVES_ON, REPEAT_ULPS, SAME_GRADIENT
from .pytree import Leaf


class Repeatability(NamedTuple):
    """How the gradients of further calls differ from the first one.

    Attributes
    ----------
    changed : list of str
        The arrays that differ by more than rounding.
    kind : {"", "piles up", "stateful", "random"}
        How they differ; "" if they do not.
    violation : str or None
        The same in a sentence.
    difference : float
        How far they differ, relative to the norm of the gradient.
    """

    changed: list[str]
    kind: str
    violation: str | None
    difference: float


def compare_calls(
    runs: list[Array], noisy: list[Array], leaves: Sequence[Leaf], precisions: list[float]
) -> Repeatability:
    """Compare the gradients of several calls at one point.

    Parameters
    ----------
    runs : list of ndarray
        The gradients, in the order of the calls.
    noisy : list of ndarray
        Gradients under noise, which show how large rounding may be.
    leaves : sequence of Leaf
        The arrays.
    precisions : list of float
        The relative precision of each array.

    Returns
    -------
    Repeatability
        What differs, and how.
    """
    changed = _changed(runs, noisy, leaves, precisions)
    steps = [after - before for before, after in pairwise(runs)]
    norm = float(np.linalg.norm(runs[0])) or 1.0
    relative = max((float(np.linalg.norm(step)) / norm for step in steps), default=0.0)
    if not changed:
        return Repeatability([], "", None, relative)
    twice = f"called again at the same point, it returns another gradient of {', '.join(changed)}"
    kind = _kind(steps)
    sentence = {
        "piles up": f"piles up: {twice}, by the same amount each time: overwrite it, do not add",
        "stateful": f"stateful: {twice}, by {relative:.1e} of it: something is kept between calls",
        "random": f"random: {twice}, by {relative:.1e} of it: freeze its randomness with a seed",
    }
    return Repeatability(changed, kind, sentence[kind], relative)


def _changed(
    runs: list[Array], noisy: list[Array], leaves: Sequence[Leaf], precisions: list[float]
) -> list[str]:
    value = runs[0]
    bar = rounding_bar(value, noisy)
    changed = []
    for leaf, precision in zip(leaves, precisions, strict=True):
        first = value[leaf.part]
        typical = np.abs(first) + root_mean_square(first)
        tolerance = bar[leaf.part] + _relative_rounding(precision) * typical
        gaps = [np.abs(run[leaf.part] - first) for run in runs[1:]]
        if any((gap > tolerance).any() for gap in gaps):
            changed.append(leaf.name)
    return changed


def _relative_rounding(precision: float) -> float:
    """Return how far rounding alone may move an element between two calls.

    That is little: only threads, and where arrays lie in memory, change the order of a sum. In low
    precision, what an unlucky order may cost a gradient at all would hide chance.
    """
    if precision <= EPS:
        return SUMMATION_ULPS * precision
    return min(REPEAT_ULPS * precision, MAX_REPEAT_ROUNDING)


def _kind(steps: list[Array]) -> str:
    first, *later = steps
    size = float(np.abs(first).max())
    if size > 0 and all(np.abs(step - first).max() <= SAME_GRADIENT * size for step in later):
        return "piles up"
    settles = not any(step.any() for step in later)
    moves_on = all(_cosine(before, after) > MOVES_ON for before, after in pairwise(steps))
    return "stateful" if settles or moves_on else "random"


def _cosine(a: Array, b: Array) -> float:
    norms = float(np.linalg.norm(a) * np.linalg.norm(b))
    return float(a @ b) / norms if norms > 0 else 0.0
