"""One recorded operation, and what flows back through each of its arguments."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ....utils.typing import Array
from ...constants import COMPLEX_STEP
from ..limits import TAPE_ARRAY, TAPE_DERIVATIVE, TAPE_STEP

Operation = Callable[[Sequence[Any]], Any]


_REAL_DERIVATIVES: dict[str, Callable[[Array], Array]] = {"absolute": np.sign, "fabs": np.sign}
"""Those of operations on one array that are not complex-safe."""


class NotTraceable(Exception):
    """What a function does cannot be recorded."""


@dataclass(eq=False)
class Node:
    """One operation.

    Attributes
    ----------
    number
        Its place on the tape.
    name
        The name of the NumPy function; of an input that of the input.
    operation
        Computes the value from those of the parents.
    parents
        The arrays among the arguments; those that are not recorded are constants.
    positions
        Which argument each of them is, or is in.
    value
        The result.
    site
        Where in the code it is called: file, line, and place in the line.
    is_elementwise
        Whether each element depends on one element of each parent.
    """

    number: int
    name: str
    operation: Operation
    parents: list[Node]
    value: Array
    positions: list[int] = field(default_factory=list)
    site: tuple[str, int, int] = ("", 0, 0)
    is_elementwise: bool = False
    jacobians: dict[int, Array] = field(default_factory=dict)

    def pull(self, argument: int, g: Array) -> Array:
        """Return what flows back to an argument for the incoming gradient `g`."""
        if argument not in self.jacobians:
            values = [parent.value for parent in self.parents]
            self.jacobians[argument] = self.derivative(argument, values)
        return self.pull_through(argument, g, self.jacobians[argument])

    def pull_through(self, argument: int, g: Array, derivative: Array) -> Array:
        """Return the same for another derivative of the operation."""
        shape = self.parents[argument].value.shape
        if self.is_elementwise:
            return unbroadcast(g * derivative, shape)
        back: Array = (g.ravel() @ derivative).reshape(shape)
        return back

    def derivative(self, argument: int, values: Sequence[Array]) -> Array:
        """Return the derivative at other values.

        It has the shape of the result if the operation is elementwise, else one row per element
        of the result and one column per element of the argument.
        """
        moved: list[Any] = list(values)
        x = values[argument]
        if self.name in _REAL_DERIVATIVES:
            slope: Array = _REAL_DERIVATIVES[self.name](x)
            return slope
        if self.is_elementwise:
            return _slope(self._along(moved, argument, np.ones(x.shape)), x)
        if self._sums_all(values):
            return np.ones((1, x.size))
        if x.size > TAPE_ARRAY or x.size * self.value.size > TAPE_DERIVATIVE:
            raise NotTraceable(f"{self.name} of an array of {x.size} elements")
        columns = []
        for index in np.ndindex(x.shape):
            direction = np.zeros(x.shape)
            direction[index] = 1.0
            columns.append(_slope(self._along(moved, argument, direction), x).ravel())
        return np.array(columns).T.reshape(-1, x.size)

    def _sums_all(self, values: Sequence[Array]) -> bool:
        """Return whether the result is the sum of all elements of the one argument."""
        if self.name != "sum" or self.value.size != 1 or len(values) != 1:
            return False
        return bool(self.operation([np.ones(values[0].shape)]) == values[0].size)  # none is masked

    def _along(
        self, values: list[Any], argument: int, direction: Array
    ) -> Callable[[complex], Array]:
        x = values[argument]

        def at(step: complex) -> Array:
            moved = [*values]
            moved[argument] = x + step * direction
            return np.asarray(self.operation(moved))

        return at


def _slope(at: Callable[[complex], Array], x: Array) -> Array:
    """Return the slope along a line, by the complex step or by central differences."""
    try:
        moved = at(1j * COMPLEX_STEP)
    except (TypeError, ValueError):
        moved = np.zeros(())
    if np.iscomplexobj(moved):
        slope: Array = moved.imag / COMPLEX_STEP
        return slope
    h = TAPE_STEP
    near, far = at(h) - at(-h), at(2 * h) - at(-2 * h)
    central: Array = (8 * near - far) / (12 * h)
    return central


def unbroadcast(g: Array, shape: tuple[int, ...]) -> Array:
    """Return the sum over the axes along which an array of this shape was broadcast."""
    g = g.sum(axis=tuple(range(g.ndim - len(shape))))
    stretched = tuple(i for i, n in enumerate(shape) if n == 1 and g.shape[i] != 1)
    return g.sum(axis=stretched, keepdims=True) if stretched else g
