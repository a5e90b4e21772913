"""A cost at one point: its value, its slopes along directions, and its alleged gradient with the rounding errors of both."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..arrays import Array
from ..errors import ArgumentError, NonFiniteError
from .jacobian import Numeric, noise
from .steps import EPS, CentralStep, ComplexStep, CourseStep, NotComplexSafe, Step
from .structures import Parameters, one_number
from .verdict import RUNS


class Evaluation:
    """A cost and its alleged gradient at one point."""

    def __init__(self, cost: Callable[[Any], Any], gradients: Any, parameters: Parameters, rng: np.random.Generator) -> None:
        self.cost, self.given, self.parameters, self.rng = cost, gradients, parameters, rng
        self.real, self.complex = parameters.theta, parameters.theta.astype(np.complex128)
        base = self.value()
        if not np.isfinite(base):
            raise NonFiniteError(f"cost must be finite to be checked, got {base} at the given parameters")
        self.base = float(base.real)
        # The rounding of a cost that computes in float32 though it is given float64.
        self.coarse = float(np.finfo(base.dtype).eps) if base.dtype.kind in "fc" and base.dtype.itemsize < 8 else 0.0
        if abs(float(self.value().real) - self.base) > max(1e-12, 4 * self.coarse) * abs(self.base):
            raise ArgumentError("cost must give the same number for the same parameters, got two: freeze its randomness, e.g. by a seed")
        self.analytic, self.precision = self.gradient(self.real)
        self.noisy: list[Array] = []
        if callable(gradients):
            for _ in range(RUNS):
                self.noisy.append(noise(self.gradient(noise(self.real, rng))[0], rng))
        self.notes: list[str] = []

    def value(self) -> Array:
        """Return the cost at the vector `real`, wherever a step has moved it."""
        return one_number(self.cost(self.parameters.fill(self.real)))

    def complex_value(self) -> Array:
        """Return the cost at the vector `complex`; whatever it raises there means that it is not complex-safe."""
        try:
            return one_number(self.cost(self.parameters.fill(self.complex)))
        except Exception as error:
            raise NotComplexSafe(f"{type(error).__name__}: {error}") from None

    def gradient(self, theta: Array) -> tuple[Array, list[float]]:
        """Return the analytic gradient at `theta`."""
        if not callable(self.given):
            return self.parameters.vector(self.given)
        self.cost(self.parameters.fill(theta))  # for gradients that go back from the last forward
        return self.parameters.vector(self.given(self.parameters.fill(theta)))

    def roughness(self) -> Array:
        """Return the rounding error of the analytic gradient, as its sixth differences at several small steps show it.

        What is smooth vanishes in them, what is left is noise (Moré, Wild, "Estimating computational noise", 2011). It takes over
        where the noise of a few ulps is too small: 1 - tanh(z)**2 near 0 does not change with it, yet is rounded coarsely.
        """
        squares = np.zeros(self.real.size)
        direction = self.real * self.rng.uniform(-1, 1, self.real.size)
        for length in (2.0**-36, 2.0**-28, 2.0**-20):
            points = np.array([self.gradient(self.real + length * k * direction)[0] for k in range(10)])
            squares = np.maximum(squares, (np.diff(points, 6, axis=0) ** 2).mean(axis=0) / 924)  # 924: the sum of squares of its weights
        rough: Array = np.sqrt(squares)
        return rough

    def along(self, step: Step, index: Any, direction: Any) -> tuple[float, float]:
        """Return (slope, error bound) of the cost for a part of the vector."""
        if step.kind == "complex":
            slope, error = step.along(self.complex_value, self.complex, index, direction)
            return float(slope), float(error)
        slope, error = step.along(self.value, self.real, index, direction)
        if not (np.isfinite(slope) and np.isfinite(error)):
            raise NonFiniteError("cost must be finite around the given parameters, too, for central differences")
        if isinstance(step, CourseStep):
            error = error + 16 * self.coarse * abs(self.base) / step.h
        return float(slope), float(error)

    def central(self) -> CentralStep:
        """Return the central step that knows how coarsely the cost is rounded."""
        return CentralStep(unit=self.coarse / EPS * abs(self.base))

    def unsafe(self) -> str:
        """Return why the complex step cannot be used: for each array it must agree with one central difference."""
        for name, part, shape in zip(self.parameters.names, self.parameters.slices, self.parameters.shapes, strict=True):
            direction = self.rng.standard_normal(shape).ravel()
            try:
                slope, _ = self.along(ComplexStep(), part, direction)
            except NotComplexSafe as error:
                return str(error)
            try:
                central, bound = self.along(self.central(), part, direction)
            except Exception:  # a cost that refuses what lies around the point: nothing to compare with
                continue
            if abs(slope - central) > 1e-6 * abs(central) + 10 * bound:
                return f"its derivative for {name} gets lost in complex arithmetic"
        return ""

    def elements(self, step: Step, sign: float = 1.0) -> tuple[Array, Array]:
        """Return the slope and its error bound for every element moved alone."""
        pairs = [self.along(step, i, sign) for i in range(self.real.size)]
        value, error = np.array(pairs).T
        return sign * value, error

    def with_kinks(self, step: Step) -> Numeric:
        """Return the numeric gradient of every element; under the complex step with both one-sided slopes where they differ."""
        value, error = self.elements(step)
        numeric = Numeric(value, error, step.name)
        if isinstance(step, CentralStep):
            for index in np.flatnonzero(error > 1e-6 * np.abs(value)):
                if slopes := self.one_sided(int(index)):
                    self.allow(numeric, int(index), slopes)
                    numeric.error[index] = slopes[2]
            return numeric
        direction = self.rng.standard_normal(self.real.size)
        there, back = self.along(step, ..., direction)[0], self.along(step, ..., -direction)[0]
        size = float(np.abs(value * direction).sum())  # of the terms that the slope is made of
        if abs(there + back) > 1e-13 * size:
            other, _ = self.elements(step, -1.0)
            apart = np.abs(value - other) > 1e-11 * (np.abs(value) + np.abs(other)) + 1e-13 * float(np.sqrt(np.mean(value**2)))
            numeric.low, numeric.high = (np.where(apart, f(value, other), value) for f in (np.minimum, np.maximum))
        return numeric

    @staticmethod
    def allow(numeric: Numeric, index: int, slopes: tuple[float, float, float]) -> None:
        """Take every slope between these for right: the element sits on a kink."""
        if numeric.low is None or numeric.high is None:
            numeric.low, numeric.high = numeric.value.copy(), numeric.value.copy()
        numeric.low[index] = min(slopes[0], slopes[1], numeric.low[index])
        numeric.high[index] = max(slopes[0], slopes[1], numeric.high[index])

    def one_sided(self, index: int) -> tuple[float, float, float] | None:
        """Return the slopes to the left and to the right and their error bound if the element sits on a kink, else None."""
        kept = self.real[index]
        h = 2.0**-20 * max(1.0, abs(kept))
        tiny = h * 2.0**-14
        values = {}
        try:
            for t in (0.0, h, -h, h / 2, -h / 2, tiny, -tiny):
                self.real[index] = kept + t
                values[t] = float(self.value().real)
        finally:
            self.real[index] = kept
        base = values[0.0]
        rounding = (abs(base) + abs(values[h]) + abs(values[-h])) * (8 * max(EPS, self.coarse) / h)
        far, near = abs(values[h] + values[-h] - 2 * base) / h, abs(values[h / 2] + values[-h / 2] - 2 * base) / (h / 2)
        if not near > 0.7 * far + 4 * rounding:
            return None
        right, left = (4 * values[s * h / 2] - values[s * h] - 3 * base for s in (1, -1))
        if abs(right + left) < 1e-4 * (abs(right) + abs(left)):
            return None  # so small a jump is the rounding of a cost that is rounded more coarsely than its size tells
        # With shorter steps each one-sided slope changes by little, unless there are more kinks just within.
        far_off = max(abs((values[t] - base) / tiny - slope / h) for t, slope in ((tiny, right), (-tiny, left)))
        change = max(far_off - rounding * h / tiny, *(abs(2 * values[t / 2] - values[t] - base) / h for t in (h, -h)))
        more = change if change > 1e-4 * (abs(right) + abs(left)) / h else 0.0
        return -left / h, right / h, 4 * rounding + 2 * more
