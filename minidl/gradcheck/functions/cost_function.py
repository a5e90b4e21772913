"""A scalar cost of a parameter vector, and its slopes."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from copy import copy
from typing import Any, Protocol, runtime_checkable

import numpy as np

from ...errors import ArgumentError, DtypeError, NonFiniteError, ShapeError
from ...utils.typing import Array
from ...utils.validation import widened
from ..constants import (
    COARSE_ROUNDING_ULPS,
    EPS,
    IMAGINARY_ROUNDING,
    REPEAT_AGREEMENT,
    REPEAT_ULPS,
)
from ..diagnosis.tape.graph import Graph
from ..diagnosis.tape.record import record
from ..numeric.differences import (
    CentralDifference,
    NotComplexSafe,
    RichardsonDifference,
    Scheme,
    place_of_loss,
)
from ..numeric.function import Function
from ..numeric.numeric_gradient import NumericGradient
from .pytree import ParameterTree


@runtime_checkable
class RecordableCost(Protocol):
    """A cost that records itself."""

    def __call__(self, values: Any) -> Any:
        """Return the cost."""

    def record(self, values: dict[str, Array]) -> Graph:
        """Return its operations at a point."""


class _OutsideError(ValueError):
    """Whatever a cost raises away from the point: its domain ends there."""


class CostFunction:
    """A cost at the point `tree.theta`.

    Attributes
    ----------
    tree : ParameterTree
        The parameters.
    arrays : dict of str to ndarray
        The vector in "real" and in "complex" arithmetic; its elements are moved and restored.
    function : Function
        The cost as a function of the vector.
    base : float
        The cost at the point.
    precision : float
        The spacing of the cost's dtype if it is coarser than float64, else 0.
    central : RichardsonDifference
        The scheme for a cost that is not complex-safe.
    moved : set of str
        The names of the arrays of its argument that a call has changed.
    """

    def __init__(self, cost: Callable[[Any], Any], tree: ParameterTree) -> None:
        self._cost = cost
        self.tree = tree
        self.moved: set[str] = set()
        self._origin = tree.theta.copy()
        self.arrays = {"real": tree.theta, "complex": tree.theta.astype(np.complex128)}
        self.function = Function(self.value, self.arrays)
        value = self._returned(tree.unflatten(tree.theta))
        if value.dtype.kind == "c" and abs(value.imag) > IMAGINARY_ROUNDING * abs(value.real):
            raise DtypeError(
                f"cost must return a real number for real parameters, got {value[()]:.3g}: take "
                "its real part, or its absolute value"
            )
        if not np.isfinite(value):
            raise NonFiniteError(
                f"cost must be finite to be checked, got {value} at the given parameters"
            )
        self.base = float(value.real)
        self.precision = 0.0
        if value.dtype.kind in "fc" and value.dtype.itemsize < 8:
            self.precision = float(np.finfo(value.dtype).eps)
        self._check_repeatable()
        self.central = RichardsonDifference(internal_scale=self.precision / EPS * abs(self.base))

    @property
    def theta(self) -> Array:
        """The vector of the parameters, in float64."""
        return self.arrays["real"]

    def _check_repeatable(self) -> None:
        tolerance = max(REPEAT_AGREEMENT, REPEAT_ULPS * self.precision) * abs(self.base)
        if abs(float(self.value().real) - self.base) > tolerance:
            raise ArgumentError(
                "cost must return the same number for the same parameters, got two different "
                "ones: freeze its randomness with a seed"
            )

    def value(self, arithmetic: str = "real") -> Array:
        """Return the cost at the vector of that arithmetic, in float64 or complex128."""
        try:
            value = self._returned(self.tree.unflatten(self.arrays[arithmetic]))
            if arithmetic == "real" or value.dtype.kind != "c":
                return value.real.astype(np.float64)
            return value.astype(np.complex128)
        except Exception as error:
            if arithmetic == "real":
                if np.array_equal(self.arrays["real"], self._origin):
                    raise
                raise _OutsideError(f"{type(error).__name__}: {error}") from error
            reason = f"{type(error).__name__}: {error}{place_of_loss(error)}"
            raise NotComplexSafe(reason) from None

    def _returned(self, argument: Any) -> Array:
        with np.errstate():  # what a cost sets holds for itself alone
            return _as_scalar(self._cost(argument))

    def at(self, theta: Array) -> float:
        """Return the cost at the vector `theta`."""
        argument = self.tree.unflatten(theta)
        value = float(self._returned(argument).real)
        self.moved |= set(self.tree.changed(argument, theta))
        return value

    def record(self) -> Graph:
        """Return the operations of the cost, for a diagnosis."""
        values = self.tree.arrays(self.theta)
        if isinstance(self._cost, RecordableCost):
            return self._cost.record(values)

        def arguments(arrays: dict[str, Any]) -> list[Any]:
            return [self.tree.with_leaves(arrays[leaf.name] for leaf in self.tree.leaves)]

        return record(self._cost, values, arguments, lambda cost: [(cost, np.ones(()))])

    def slope(self, scheme: Scheme, index: Any, direction: Any) -> tuple[float, float]:
        """Return (slope, error bound) for theta[index] moving along `direction`."""
        try:
            found = self.function.directional_derivative(scheme, direction, index)
        except _OutsideError as outside:  # of a scheme with one step
            raise outside.__cause__ or outside from None
        slope, error = (float(number) for number in found)
        if scheme.arithmetic == "real" and not np.isfinite(slope + error):
            raise NonFiniteError(
                "cost must also be finite around the given parameters for central differences"
            )
        if isinstance(scheme, CentralDifference):
            error += COARSE_ROUNDING_ULPS * self.precision * abs(self.base) / scheme.h
        return slope, error

    def elementwise_gradient(self, scheme: Scheme, sign: float = 1.0) -> NumericGradient:
        """Return the slope of every element, moved alone to the side of `sign`."""
        slopes = [self.slope(scheme, i, sign) for i in range(self.theta.size)]
        value, error = np.array(slopes).T
        return NumericGradient(sign * value, error, scheme.name)

    def part(self, numbers: list[int]) -> CostFunction:
        """Return the cost as a function of some arrays; all others keep their values."""
        part = copy(self)
        part.tree = self.tree.part(numbers)
        return part.moved_to(part.tree.theta)

    def moved_to(self, theta: Array) -> CostFunction:
        """Return the cost at another point."""
        moved = copy(self)
        moved.arrays = {"real": theta.copy(), "complex": theta.astype(np.complex128)}
        moved.function = Function(moved.value, moved.arrays)
        return moved

    def why_not_complex_safe(self, rng: np.random.Generator) -> str:
        """Return why the complex step cannot be used for some array, or "" if it can."""
        for name, region, _ in self.tree.leaves:
            function = Function(
                self.value, {kind: array[region] for kind, array in self.arrays.items()}
            )
            with suppress(Exception):  # of a cost that refuses points around this one
                reason = function.why_not_complex_safe(name, rng, self.central)
                if reason:
                    return reason
        return ""


def _as_scalar(value: Any) -> Array:
    got = type(value).__name__
    if isinstance(value, bool | np.bool_):
        raise DtypeError(f"cost must return a number, got the bool {value}")
    if isinstance(value, tuple):
        got = f"a tuple of {len(value)}: return the cost alone, such as forward(...)[0]"
    elif isinstance(value, np.ndarray | np.generic | int | float | complex):
        array = widened(np.asarray(value))
        if array.dtype.kind in "biufc":
            if array.size == 1:
                return array.reshape(())
            got = f"an array of shape {array.shape}: sum it, or take its mean"
    raise ShapeError(f"cost must return one number, got {got}")
