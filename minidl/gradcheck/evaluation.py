"""A cost at one point: the arrays that it takes, its slopes along directions, and its alleged gradient."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any

import numpy as np

from ..errors import ArgumentError, DtypeError, NonFiniteError, ShapeError
from ..utils.typing import Array
from .jacobian import Numeric, Subject
from .noise import noise
from .steps import EPS, CentralStep, CourseStep, NotComplexSafe, Step, values_at
from .verdict import RUNS


class Parameters:
    """Arrays in a structure, and as one vector `theta`, where `parts` has the name, slice and shape of each."""

    def __init__(self, tree: Any) -> None:
        self.tree = tree
        self.parts: list[tuple[str, slice, tuple[int, ...]]] = []
        arrays: list[Array] = []
        for path, leaf in _leaves(tree, tree):
            name, array = path or "parameters", np.asarray(leaf)
            if array.dtype.kind != "f":
                raise DtypeError(
                    f"parameters must be real floats, got {array.dtype} for {name}: convert it by .astype(np.float64)"
                )
            if array.size == 0:
                raise ShapeError(
                    f"parameters must not be empty, got shape {array.shape} for {name}: leave it out"
                )
            if not np.isfinite(array).all():
                raise NonFiniteError(f"parameters must be finite, got NaN or infinity in {name}")
            start = self.parts[-1][1].stop if arrays else 0
            self.parts.append((name, slice(start, start + array.size), array.shape))
            arrays.append(array.astype(np.float64).ravel())
        if not arrays:
            raise ShapeError(f"parameters must hold at least one array, got {tree!r}")
        self.theta: Array = np.concatenate(arrays)

    def fill(self, theta: Array) -> Any:
        """Return a fresh structure of the numbers of `theta`."""
        theta = theta.copy()
        return _rebuilt(self.tree, (theta[part].reshape(shape) for _, part, shape in self.parts))

    def vector(self, gradients: Any) -> tuple[Array, list[float]]:
        """Return gradients of the same structure as one vector, and the relative precision of each."""
        vector, precision = np.empty(self.theta.size), []
        for (name, part, shape), (_, leaf) in zip(
            self.parts, list(_leaves(self.tree, gradients)), strict=True
        ):
            try:
                array = np.asarray(leaf)
            except ValueError:
                raise ShapeError(
                    f"the gradient of {name} must have its shape {shape}, got rows of unequal length"
                ) from None
            if array.dtype.kind not in "iuf":
                raise DtypeError(
                    f"the gradient of {name} must hold real numbers, got dtype {array.dtype}"
                )
            if array.shape != shape:
                raise ShapeError(
                    f"the gradient of {name} must have its shape {shape}, got {array.shape}: nothing is broadcast"
                )
            vector[part] = array.ravel()
            precision.append(
                max(EPS, float(np.finfo(array.dtype).eps)) if array.dtype.kind == "f" else EPS
            )
        return vector, precision


def _leaves(tree: Any, other: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the path of each leaf of `tree` and what `other` has there."""
    where = f" under {path}" if path else ""
    if isinstance(tree, Mapping):
        due, fits = "a dict", isinstance(other, Mapping)
    elif isinstance(tree, list | tuple):
        due, fits = (
            f"a list of {len(tree)}",
            isinstance(other, list | tuple) and len(other) == len(tree),
        )
    else:
        due, fits = "an array", other is tree or not (other is None or isinstance(other, Mapping))
    if not fits:
        got = len(other) if isinstance(other, list | tuple) else type(other).__name__
        raise ShapeError(
            f"gradients must have the structure of parameters: {due} is due{where}, got {got}"
        )
    if isinstance(tree, Mapping):
        missing, extra = (
            [key for key in one if key not in two] for one, two in ((tree, other), (other, tree))
        )
        if missing or extra:
            cure = (
                '; pass {key: gradients["d" + key] for key in parameters}'
                if all(f"d{key}" in other for key in missing)
                else ""
            )
            listed = [", ".join(map(repr, keys)) or "none" for keys in (missing, extra)]
            raise ShapeError(
                f"gradients must have the keys of parameters{where}: {listed[0]} missing, {listed[1]} too many{cure}"
            )
        for key, held in tree.items():
            name = (
                f"{path}[{key!r}]" if not isinstance(key, str) else f"{path}.{key}" if path else key
            )
            yield from _leaves(held, other[key], name)
    elif isinstance(tree, list | tuple):
        for i, (held, given) in enumerate(zip(tree, other, strict=True)):
            yield from _leaves(held, given, f"{path}[{i}]")
    else:
        yield path, other


def _rebuilt(tree: Any, parts: Iterator[Array]) -> Any:
    if isinstance(tree, Mapping):
        return {key: _rebuilt(held, parts) for key, held in tree.items()}
    if isinstance(tree, list | tuple):
        items = [_rebuilt(held, parts) for held in tree]
        return (
            tree._make(items)
            if hasattr(tree, "_make")
            else tuple(items)
            if isinstance(tree, tuple)
            else items
        )
    return next(parts)


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


class Evaluation:
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
        self.subject = Subject(self.value, {"real": self.real, "complex": self.complex})
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
        self.central = CentralStep(unit=self.coarse / EPS * abs(self.base))
        self.analytic, self.precision = self.gradient(self.real)
        runs = RUNS if callable(gradients) else 0
        self.noisy = [noise(self.gradient(noise(self.real, rng))[0], rng) for _ in range(runs)]

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

    def along(self, step: Step, index: Any, direction: Any) -> tuple[float, float]:
        """Return (slope, error bound) of the cost."""
        slope, error = (float(number) for number in self.subject.along(step, direction, index))
        if step.kind == "real" and not np.isfinite(slope + error):
            raise NonFiniteError(
                "cost must be finite around the given parameters, too, for central differences"
            )
        return slope, error + (
            16 * self.coarse * abs(self.base) / step.h if isinstance(step, CourseStep) else 0.0
        )

    def unsafe(self) -> str:
        """Say why the complex step cannot be used, if for any array."""
        for name, part, _ in self.parameters.parts:
            subject = Subject(
                self.value, {kind: array[part] for kind, array in self.subject.arrays.items()}
            )
            with suppress(Exception):  # of a cost that refuses what lies around the point
                if why := subject.unsafe(name, self.rng, self.central):
                    return why
        return ""

    def elements(self, step: Step, sign: float = 1.0) -> Numeric:
        """Return the slope of every element alone."""
        value, error = np.array([self.along(step, i, sign) for i in range(self.real.size)]).T
        return Numeric(sign * value, error, step.name)

    def with_kinks(self, step: Step) -> Numeric:
        """Return the slope of every element, both one-sided ones where they differ."""
        numeric = self.elements(step)
        value = numeric.value
        if isinstance(step, CentralStep):
            for index in np.flatnonzero(numeric.error > 1e-6 * np.abs(value)):
                if slopes := self.one_sided(int(index)):
                    left, right, numeric.error[index] = slopes
                    allow(numeric, int(index), left, right, value[index])
            return numeric
        direction = self.rng.standard_normal(self.real.size)
        there, back = self.along(step, ..., direction)[0], self.along(step, ..., -direction)[0]
        if abs(there + back) > 1e-13 * float(np.abs(value * direction).sum()):
            other = self.elements(step, -1.0).value
            apart = np.abs(value - other) > 1e-11 * (np.abs(value) + np.abs(other)) + 1e-13 * float(
                np.sqrt(np.mean(value**2))
            )
            numeric.low, numeric.high = (
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


def allow(numeric: Numeric, index: int, *slopes: float) -> None:
    """Take every slope between these for right."""
    if numeric.low is None or numeric.high is None:
        numeric.low, numeric.high = numeric.value.copy(), numeric.value.copy()
    numeric.low[index], numeric.high[index] = min(slopes), max(slopes)
