"""A function of one array, and its numeric gradient as a value."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from ...utils.typing import Array
from .differences import ComplexStep, NotComplexSafe, RichardsonDifference, Step

Rng = np.random.Generator


@dataclass
class NumericGradient:
    """A numeric gradient, a bound of its error and, at kinks, the one-sided slopes."""

    value: Array
    error: Array
    step: str
    low: Array | None = None
    high: Array | None = None
    mingled: bool = False  # kinks meet in one output: its one-sided slopes bound nothing

    @property
    def kinks(self) -> int:
        """How many elements sit on a kink."""
        found = (
            0
            if self.low is None or self.high is None
            else int(np.count_nonzero(self.low != self.high))
        )
        return max(found, 1) if self.mingled else found

    def __add__(self, other: NumericGradient) -> NumericGradient:
        return NumericGradient(self.value + other.value, self.error + other.error, self.step)


def real_and_complex(x: Array) -> dict[str, Array]:
    """Return copies in "real" and in "complex" arithmetic."""
    return {"real": x.copy(), "complex": x.astype(np.complex128)}


class Function(NamedTuple):
    """f(kind), and the array that it reads, by kind of arithmetic."""

    f: Callable[[str], Array]
    arrays: dict[str, Array]

    def along(self, step: Step, direction: Any, index: Any = ...) -> tuple[Array, Array]:
        """Return (slope of f, error bound) for array[index] moving along `direction`."""
        return step.along(partial(self.f, step.kind), self.arrays[step.kind], index, direction)

    def unsafe(self, name: str, rng: Rng, central: RichardsonDifference) -> str:
        """Return why the complex step cannot be used, if so."""
        direction = rng.standard_normal(self.arrays["real"].shape)
        try:
            slope, _ = self.along(ComplexStep(), direction)
        except NotComplexSafe as error:
            return str(error)
        expected, bound = self.along(central, direction)
        with np.errstate(all="ignore"):
            wrong = np.abs(slope - expected) > 1e-6 * np.abs(expected).max(initial=0.0) + 10 * bound
        return (
            f"its derivative for {name} got lost"
            if np.isfinite(expected).all() and wrong.any()
            else ""
        )
