"""Compare the gradient of a function with the numeric one, element by element."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ...utils.typing import Array
from ..constants import (
    ALL_ELEMENTS_ULPS,
    COST_ULPS,
    EPS,
    MAX_BAR_FRACTION,
    NOISY_RUNS,
    READY_MADE_GAP,
    ROUGHNESS_SAFETY,
    ROUNDING_PER_NOISE,
    SMALL_GAP,
    SUMMATION_ULPS,
)
from ..diagnosis.explain_arrays import EvidenceSource, KnownArrays, explain_arrays
from ..numeric.differences import ComplexStep, Scheme
from ..numeric.numeric_gradient import NumericGradient
from ..result import Check, error_in_bars
from ..rounding.compare import compare, rounding_bar
from ..rounding.noise import ulp_noise
from .analytic_gradient import AnalyticGradient
from .cost_function import CostFunction
from .numeric_roughness import numeric_roughness


class ElementwiseCheck:
    """Compares each array of a gradient with the numeric gradient of the cost."""

    def __init__(
        self,
        cost: CostFunction,
        gradient: AnalyticGradient,
        rng: np.random.Generator,
        evidence: EvidenceSource | None = None,
    ) -> None:
        self._cost, self._gradient, self._rng = cost, gradient, rng
        self._evidence = evidence

    def checks(self, numeric: NumericGradient, scheme: Scheme) -> list[Check]:
        """Return a check of each array."""
        checks = []
        roughness: Array | None = None
        tree = self._cost.tree
        values, gradients = tree.arrays(self._cost.theta), tree.arrays(numeric.value)
        known = KnownArrays(values, gradients, self._cost.record)
        for number, (name, region, shape) in enumerate(self._cost.tree.leaves):
            analytic = self._gradient.value[region]
            of_array = _slice(numeric, region)
            bar = self._rounding_bar(number, numeric)
            gap = np.abs(analytic - of_array.value)
            doubtful = gap > bar + of_array.error
            small = gap < SMALL_GAP * np.abs(of_array.value)
            if not self._gradient.is_callable:
                bar += self._sensitivity(region, doubtful, scheme, numeric)
            elif (doubtful & small).any():
                roughness = self._gradient.roughness() if roughness is None else roughness
                bar += np.where(small, ROUGHNESS_SAFETY * roughness[region], 0.0)
                doubtful = (gap > bar + of_array.error) & small
                if doubtful.any() and isinstance(scheme, ComplexStep):
                    bar += ROUGHNESS_SAFETY * self._numeric_roughness(region, doubtful, numeric)
            check = compare(
                Check(None, "total", name),
                analytic.reshape(shape),
                _reshape(of_array, shape),
                bar.reshape(shape),
            )
            if check.verdict == "fail":
                self._doubt(check, gap, _typical(of_array.value))
            checks.append(check)
        explain_arrays(checks, known, self._evidence)
        return checks

    def _rounding_bar(self, number: int, numeric: NumericGradient) -> Array:
        _, region, _ = self._cost.tree.leaves[number]
        value = numeric.value[region]
        floor = (
            SUMMATION_ULPS * self._gradient.precisions[number] * _typical(value)
            + ALL_ELEMENTS_ULPS * EPS * root_mean_square(numeric.value)
            + COST_ULPS
            * EPS
            * abs(self._cost.base)
            / max(1.0, root_mean_square(self._cost.theta[region]))
        )
        noisy = [run[region] for run in self._gradient.noisy]
        rounding = rounding_bar(self._gradient.value[region], noisy)
        return rounding + floor + self._gradient.jitter[region]

    def _numeric_roughness(self, region: slice, doubtful: Array, numeric: NumericGradient) -> Array:
        everywhere = np.zeros(numeric.value.size, bool)
        everywhere[region] = doubtful
        rng = np.random.default_rng([region.start, 2])  # a stream of its own
        return numeric_roughness(self._cost, numeric.value, everywhere, rng)[region]

    def _sensitivity(
        self, region: slice, doubtful: Array, scheme: Scheme, numeric: NumericGradient
    ) -> Array:
        """Return how much noise on the parameters changes the numeric gradient.

        It is the error bar of ready-made arrays, which cannot be computed again.
        """
        bar = np.zeros(doubtful.size)
        if not isinstance(scheme, ComplexStep):
            return bar
        theta = self._cost.arrays["complex"]
        original = theta.copy()
        try:
            for _ in range(NOISY_RUNS):
                theta[:] = ulp_noise(self._cost.theta, self._rng)
                for i in np.flatnonzero(doubtful):
                    index = region.start + int(i)
                    moved, _ = self._cost.slope(scheme, index, 1.0)
                    bar[i] = max(bar[i], abs(moved - numeric.value[index]))
        finally:
            theta[:] = original
        return bar * ROUNDING_PER_NOISE

    def _doubt(self, check: Check, gap: Array, typical: Array) -> None:
        if not self._gradient.is_callable and (gap <= READY_MADE_GAP * typical).all():
            check.verdict = "unresolved"
            check.diagnosis = (
                "slightly off: rounding, or a slight bug; pass a function that returns the "
                "gradients, to tell them apart"
            )


def failed_elements(checks: list[Check]) -> list[int]:
    """Return the places in the vector of the elements outside of their error bars."""
    outside = np.concatenate([~(error_in_bars(check).ravel() <= 1) for check in checks])
    return [int(i) for i in np.flatnonzero(outside)]


def doubtful_elements(checks: list[Check]) -> list[int]:
    """Return the places of the elements outside of their error bars, or with wide ones."""
    wide = np.concatenate(
        [
            np.ravel(check.bar > MAX_BAR_FRACTION * root_mean_square(check.numeric))
            for check in checks
            if check.bar is not None and check.numeric is not None
        ]
    )
    return sorted({*failed_elements(checks), *map(int, np.flatnonzero(wide))})


def root_mean_square(array: Array) -> float:
    """Return the square root of the mean of the squares."""
    return float(np.sqrt(np.mean(array**2)))


def _typical(value: Array) -> Array:
    typical: Array = np.abs(value) + root_mean_square(value)
    return typical


def _slice(numeric: NumericGradient, region: slice) -> NumericGradient:
    lower, upper = numeric.lower, numeric.upper
    return replace(
        numeric,
        value=numeric.value[region],
        error=numeric.error[region],
        lower=None if lower is None else lower[region],
        upper=None if upper is None else upper[region],
    )


def _reshape(numeric: NumericGradient, shape: tuple[int, ...]) -> NumericGradient:
    lower, upper = numeric.lower, numeric.upper
    return replace(
        numeric,
        value=numeric.value.reshape(shape),
        error=numeric.error.reshape(shape),
        lower=None if lower is None else lower.reshape(shape),
        upper=None if upper is None else upper.reshape(shape),
    )
