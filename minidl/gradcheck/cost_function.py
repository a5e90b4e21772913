"""A cost, its slopes along directions, and its alleged gradient."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import numpy as np

from ..errors import ArgumentError, NonFiniteError, ShapeError
from ..utils.typing import Array
from .constants import EPS, NOISY_RUNS
from .numeric.differences import (
    CentralDifference,
    NotComplexSafe,
    RichardsonDifference,
    Scheme,
    values_at,
)
from .numeric.function import Function
from .numeric.numeric_gradient import NumericGradient
from .pytree import Parameters
from .rounding.noise import ulp_noise


def _one_number(value: Any) -> Array:
    got = type(value).__name__
    if isinstance(value, tuple):
        got = f"a tuple of {len(value)}: return the cost alone, such as forward(...)[0]"
    elif isinstance(value, np.ndarray | np.generic | int | float | complex):
        array = np.asarray(value)
        if array.dtype.kind in "biufc":
            if array.size == 1:
                return array.reshape(())
            got = f"an array of shape {array.shape}: sum it, or take its mean"
    raise ShapeError(f"cost must return one number, got {got}")


class CostFunction:
    """A cost and its alleged gradient."""

    def __init__(
        self,
        cost: Callable[[Any], Any],
        gradients: Any,
        parameters: Parameters,
        rng: np.random.Generator,
    ) -> None:
        self.cost, self.given, self.parameters, self.rng = cost, gradients, parameters, rng
        self.real, self.complex = parameters.theta, parameters.theta.astype(np.complex128)
        self.subject = Function(self.value, {"real": self.real, "complex": self.complex})
        base = self.value()
        if not np.isfinite(base):
            raise NonFiniteError(
                f"cost must be finite to be checked, got {base} at the given parameters"
            )
        self.base = float(base.real)
        # The rounding of a cost that computes in float32.
        self.coarse = (
            float(np.finfo(base.dtype).eps)
            if base.dtype.kind in "fc" and base.dtype.itemsize < 8
            else 0.0
        )
        if abs(float(self.value().real) - self.base) > max(1e-12, 4 * self.coarse) * abs(self.base):
            raise ArgumentError(
                "cost must give one number for the same parameters, got two: freeze its randomness by a seed"
            )
        self.central = RichardsonDifference(internal_scale=self.coarse / EPS * abs(self.base))
        self.analytic, self.precision = self.gradient(self.real)
        runs = NOISY_RUNS if callable(gradients) else 0
        self.noisy = [
            ulp_noise(self.gradient(ulp_noise(self.real, rng))[0], rng) for _ in range(runs)
        ]

    def value(self, kind: str = "real") -> Array:
        """Return the cost at the vector of that arithmetic."""
        try:
            return _one_number(self.cost(self.parameters.fill(self.subject.arrays[kind])))
        except Exception as error:
            if kind == "real":
                raise
            raise NotComplexSafe(f"{type(error).__name__}: {error}") from None

    def gradient(self, theta: Array) -> tuple[Array, list[float]]:
        """Return the analytic gradient at `theta`, and its precision."""
        if not callable(self.given):
            return self.parameters.vector(self.given)
        self.cost(self.parameters.fill(theta))  # for gradients that go back from the last forward
        return self.parameters.vector(self.given(self.parameters.fill(theta)))

    def roughness(self) -> Array:
        """Return the noise of the analytic gradient by its sixth differences (Moré, Wild, 2011), where a few ulps show too little."""
        squares = np.zeros(self.real.size)
        direction = self.real * self.rng.uniform(-1, 1, self.real.size)
        for length in (2.0**-36, 2.0**-28, 2.0**-20):
            points = np.array(
                [self.gradient(self.real + length * k * direction)[0] for k in range(10)]
            )
            squares = np.maximum(
                squares, (np.diff(points, 6, axis=0) ** 2).mean(axis=0) / 924
            )  # 924: the sum of squares of its weights
        rough: Array = np.sqrt(squares)
        return rough

    def along(self, step: Scheme, index: Any, direction: Any) -> tuple[float, float]:
        """Return (slope, error bound) of the cost."""
        slope, error = (
            float(number) for number in self.subject.directional_derivative(step, direction, index)
        )
        if step.arithmetic == "real" and not np.isfinite(slope + error):
            raise NonFiniteError(
                "cost must be finite around the given parameters, too, for central differences"
            )
        return slope, error + (
            16 * self.coarse * abs(self.base) / step.h
            if isinstance(step, CentralDifference)
            else 0.0
        )

    def unsafe(self) -> str:
        """Say why the complex step cannot be used, if for any array."""
        for name, part, _ in self.parameters.parts:
            subject = Function(
                self.value, {kind: array[part] for kind, array in self.subject.arrays.items()}
            )
            with suppress(Exception):  # of a cost that refuses what lies around the point
                if why := subject.why_not_complex_safe(name, self.rng, self.central):
                    return why
        return ""

    def elements(self, step: Scheme, sign: float = 1.0) -> NumericGradient:
        """Return the slope of every element alone."""
        value, error = np.array([self.along(step, i, sign) for i in range(self.real.size)]).T
        return NumericGradient(sign * value, error, step.name)

    def with_kinks(self, step: Scheme) -> NumericGradient:
        """Return the slope of every element, both one-sided ones where they differ."""
        numeric = self.elements(step)
        value = numeric.value
        if isinstance(step, RichardsonDifference):
            for index in np.flatnonzero(numeric.error > 1e-6 * np.abs(value)):
                if slopes := self.one_sided(int(index)):
                    left, right, numeric.error[index] = slopes
                    allow_between(numeric, int(index), left, right, value[index])
            return numeric
        direction = self.rng.standard_normal(self.real.size)
        there, back = self.along(step, ..., direction)[0], self.along(step, ..., -direction)[0]
        if abs(there + back) > 1e-13 * float(np.abs(value * direction).sum()):
            other = self.elements(step, -1.0).value
            apart = np.abs(value - other) > 1e-11 * (np.abs(value) + np.abs(other)) + 1e-13 * float(
                np.sqrt(np.mean(value**2))
            )
            numeric.lower, numeric.upper = (
                np.where(apart, f(value, other), value) for f in (np.minimum, np.maximum)
            )
        return numeric

    def one_sided(self, index: int) -> tuple[float, float, float] | None:
        """Return (left slope, right slope, error bound) if the element sits on a kink."""
        h = 2.0**-20 * max(1.0, abs(self.real[index]))
        tiny = h * 2.0**-14
        found = values_at(self.value, self.real, index, 1.0, 0.0, h, -h, h / 2, -h / 2, tiny, -tiny)
        base, *moved = (float(value.real) for value in found)
        far, mid, near = np.reshape(moved, (3, 2))  # each to the right and to the left
        rounding = (abs(base) + abs(far[0]) + abs(far[1])) * (8 * max(EPS, self.coarse) / h)
        slopes = (4 * mid - far - 3 * base) / h
        size, jump = np.abs(slopes).sum(), abs(slopes.sum())
        # So small a jump is the rounding of a coarse cost.
        if (
            not abs(mid.sum() - 2 * base) / (h / 2)
            > 0.7 * abs(far.sum() - 2 * base) / h + 4 * rounding
            or jump < 1e-4 * size
        ):
            return None
        # With shorter steps each one-sided slope changes by little, unless there are more kinks just within.
        change = max(
            np.abs((near - base) / tiny - slopes).max() - rounding * h / tiny,
            np.abs(2 * mid - far - base).max() / h,
        )
        return -slopes[1], slopes[0], 4 * rounding + 2 * (change if change > 1e-4 * size else 0.0)


def allow_between(numeric: NumericGradient, index: int, *slopes: float) -> None:
    """Take every slope between these for right."""
    if numeric.lower is None or numeric.upper is None:
        numeric.lower, numeric.upper = numeric.value.copy(), numeric.value.copy()
    numeric.lower[index], numeric.upper[index] = min(slopes), max(slopes)
