"""What a diagnosis is drawn from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from ...utils.typing import Array
from ..block import Block
from ..constants import CLOSE, TINY, WRONG_ELEMENT


class Candidate(NamedTuple):
    """The gradient that a known mistake would give, and the mistake in words."""

    words: str
    gradient: Array


@dataclass
class Evidence:
    """A wrong gradient, the numeric one, and what is known about them.

    Attributes
    ----------
    analytic, numeric : ndarray
        The gradient under test and the numeric one, of one shape.
    bar : ndarray or float
        The error bar of each element.
    factors : dict of str to float
        Numbers that may be the ratio of the two: the batch size, keep_prob, lambda.
    candidates : list of Candidate
        What known mistakes would give.
    input : ndarray, optional
        The input of an elementwise layer, for the gradient of that input.
    layer_input : ndarray, optional
        The input of any layer, for the gradient of that input.
    is_elementwise : bool
        Whether each element of the output depends on one element of `input`.
    other_gradients : dict of str to ndarray
        Numeric gradients of other arrays.
    parameter_value : ndarray, optional
        The parameter itself.
    name : str
        The name of the array, as in `inputs`.
    inputs : dict of str to ndarray
        All arrays that the function takes, by name.
    output, cotangent : ndarray, optional
        The output of the function, and the incoming gradient.
    penalty_coefficients : list of float
        What the errors of other arrays are, in units of the arrays themselves.
    find_operation : callable, optional
        Returns the mistake in one operation of the function that gives this gradient, and those of
        all other arrays, in words; "" if there is none. It takes seconds.
    later_error : str
        The wrong array that is computed later, from whose error this one may follow; "" if there
        is none.
    block : Block, optional
        Which part of a large array all these arrays are; None for a whole array.
    """

    analytic: Array
    numeric: Array
    bar: Array | float = 0.0
    factors: dict[str, float] = field(default_factory=dict)
    candidates: list[Candidate] = field(default_factory=list)
    input: Array | None = None
    layer_input: Array | None = None
    is_elementwise: bool = False
    other_gradients: dict[str, Array] = field(default_factory=dict)
    parameter_value: Array | None = None
    name: str = ""
    inputs: dict[str, Array] = field(default_factory=dict)
    output: Array | None = None
    cotangent: Array | None = None
    penalty_coefficients: list[float] = field(default_factory=list)
    find_operation: Callable[[], str] | None = None
    later_error: str = ""
    block: Block | None = None

    @property
    def lines(self) -> Block:
        """The block that the arrays are: patterns take numbers of rows and columns from it."""
        return self.block or Block.whole(self.analytic.shape)

    def wrong_lines(self, axis: int) -> Array:
        """Return the numbers of the wrong rows (axis 0), columns (axis 1), ... of the array."""
        found = self.lines.wrong[axis]
        if found is not None:
            return found
        others = tuple(other for other in range(self.analytic.ndim) if other != axis)
        numbers: Array = self.lines.indices[axis][self.wrong.any(axis=others)]
        return numbers

    @property
    def own_value(self) -> Array | None:
        """The array itself, of the shape of its gradient; None if it is not known."""
        known = (self.parameter_value, self.input, self.inputs.get(self.name))
        return next((x for x in known if x is not None and x.shape == self.numeric.shape), None)

    @property
    def wrong(self) -> Array:
        """Which elements are wrong."""
        with np.errstate(all="ignore"):
            tolerance = np.maximum(self.bar, WRONG_ELEMENT * max_abs(self.numeric))
            is_wrong: Array = ~(np.abs(self.analytic - self.numeric) <= tolerance)
        return is_wrong

    @property
    def is_matrix(self) -> bool:
        """Whether the gradient has several rows and several columns."""
        return self.analytic.ndim == 2 and 1 not in self.analytic.shape


AXES = ((1, "row"), (0, "column"))
"""The axis over which to reduce a matrix for one number per line, and the name of the line."""


def max_abs(array: Array) -> float:
    """Return the size of the largest element, 0 for an empty array."""
    return float(np.abs(array).max(initial=0.0))


def are_close(a: Array, b: Array) -> bool:
    """Return whether `a` equals `b` to within `CLOSE` of the largest element of `b`.

    What is infinite equals nothing.
    """
    if a.shape != b.shape or not np.isfinite(max_abs(b)):
        return False
    return max_abs(a - b) <= CLOSE * max(max_abs(b), TINY)


def constant_ratio(a: Array, b: Array) -> float | None:
    """Return r if a = r b, else None."""
    square = float((b * b).sum())
    r = float((a * b).sum()) / square if square else 0.0
    return r if r != 0 and are_close(a, r * b) else None


def format_indices(indices: Array) -> str:
    """Return the first six indices, separated by commas."""
    return ", ".join(map(str, indices[:6])) + (" ..." if len(indices) > 6 else "")


def format_ranges(indices: Array) -> str:
    """Return indices such as 0, 1, 2, 5 as "0 to 2, 5": the first six ranges."""
    groups = np.split(indices, np.flatnonzero(np.diff(indices) > 1) + 1)
    ranges = [
        f"{group[0]}" if len(group) == 1 else f"{group[0]} to {group[-1]}" for group in groups
    ]
    return ", ".join(ranges[:6]) + (" ..." if len(ranges) > 6 else "")
