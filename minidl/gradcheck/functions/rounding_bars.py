"""Error bars of the elements of a gradient: the rounding of the analytic side, and of the cost."""

from __future__ import annotations

import numpy as np

from ...utils.typing import Array
from ..constants import (
    ALL_ELEMENTS_ULPS,
    COST_ULPS,
    EPS,
    NOISY_RUNS,
    ROUGHNESS_SAFETY,
    ROUNDING_PER_NOISE,
    SMALL_GAP,
    SUMMATION_ULPS,
)
from ..numeric.differences import ComplexStep, Scheme
from ..numeric.numeric_gradient import NumericGradient
from ..rounding.compare import root_mean_square, rounding_bar
from ..rounding.noise import ulp_noise
from .analytic_gradient import AnalyticGradient
from .constants import MEASURED_ELEMENTS, ROUGHNESS_LINES, TURN_DISTANCE, TURN_POINTS
from .cost_function import CostFunction
from .numeric_roughness import numeric_roughness
from .slope_noise import slope_noise


class RoundingBars:
    """The error bars of each array, from what is measured at its own elements.

    A cost of 1e10 is known to 1e-6. That may hide a small gradient from differences, but the
    complex step adds up its derivatives one by one. So rounding at the size of the cost, or of
    other arrays, is allowed where it is seen.
    """

    def __init__(
        self, cost: CostFunction, gradient: AnalyticGradient, rng: np.random.Generator
    ) -> None:
        self._cost, self._gradient, self._rng = cost, gradient, rng
        self._roughness: Array | None = None

    def own(self, number: int, value: Array, *, at_kinks: bool = False) -> Array:
        """Return the rounding of the analytic side of an array whose gradient is `value`.

        At kinks noise shows the other side of the kink, not rounding.
        """
        region = self._cost.tree.leaves[number].part
        noisy = [] if at_kinks else [run[region] for run in self._gradient.noisy]
        summation = SUMMATION_ULPS * self._gradient.precisions[number] * typical(value)
        rounding = rounding_bar(self._gradient.value[region], noisy)
        return rounding + summation + self._gradient.jitter[region]

    def of(self, number: int, of_array: NumericGradient, scheme: Scheme, all_sizes: float) -> Array:
        """Return the error bars of an array.

        Parameters
        ----------
        number : int
            The number of the array.
        of_array : NumericGradient
            Its numeric gradient.
        scheme : Scheme
            How that was computed.
        all_sizes : float
            The root mean square of the numeric gradient of all arrays.

        Returns
        -------
        ndarray
            A bar for each element.
        """
        region = self._cost.tree.leaves[number].part
        analytic = self._gradient.value[region]
        gap = np.abs(analytic - of_array.closest_to(analytic))
        bar = self.own(number, of_array.value)
        if of_array.lower is not None and of_array.upper is not None:
            at_kinks = self.own(number, of_array.value, at_kinks=True)
            is_between = (of_array.lower != of_array.upper) & (gap <= at_kinks + of_array.error)
            bar = np.where(is_between, at_kinks, bar)
        shared = self._shared(number, all_sizes)
        is_exact = isinstance(scheme, ComplexStep)
        if not is_exact:
            bar = bar + shared
        doubtful = gap > bar + of_array.error
        if doubtful.any():
            bar = bar + self._measured(region, of_array.value, gap, doubtful, shared, is_exact)
        doubtful &= (gap > bar + of_array.error) & (gap <= bar + of_array.error + shared)
        if is_exact and doubtful.any():
            bar = bar + shared * self._share(region, gap * doubtful, shared)
        inherited = (gap > bar + of_array.error) & (gap < SMALL_GAP * np.abs(of_array.value))
        if is_exact and self._gradient.is_callable and inherited.any():
            bar = bar + ROUGHNESS_SAFETY * self._inherited(region, of_array.value, inherited)
        return bar

    def _inherited(self, region: slice, value: Array, doubtful: Array) -> Array:
        """Return the rounding of the cost that its derivatives inherit."""
        everywhere = np.zeros(self._cost.theta.size, bool)
        values = np.zeros(self._cost.theta.size)
        everywhere[region], values[region] = doubtful, value
        rng = np.random.default_rng([region.start, 2])  # a stream of its own
        return numeric_roughness(self._cost, values, everywhere, rng)[region]

    def _shared(self, number: int, all_sizes: float) -> float:
        """Return how large rounding of the cost and of other arrays may be at most."""
        size = max(1.0, root_mean_square(self._cost.theta[self._cost.tree.leaves[number].part]))
        return EPS * (ALL_ELEMENTS_ULPS * all_sizes + COST_ULPS * abs(self._cost.base) / size)

    def _measured(
        self,
        region: slice,
        value: Array,
        gap: Array,
        doubtful: Array,
        shared: float,
        is_exact: bool,
    ) -> Array:
        """Return what further runs show at doubtful elements."""
        if not self._gradient.is_callable:
            return self._sensitivity(region, value, doubtful) if is_exact else np.zeros(gap.size)
        is_small = (gap < SMALL_GAP * np.abs(value)) | (gap <= shared)
        if not (doubtful & is_small).any():
            return np.zeros(gap.size)
        deviation = self._roughness_of_all()[region]
        return np.where(is_small, ROUGHNESS_SAFETY * deviation, 0.0)

    def _roughness_of_all(self) -> Array:
        if self._roughness is None:
            lines = [self._gradient.roughness() for _ in range(ROUGHNESS_LINES)]
            self._roughness = np.max(lines, axis=0)
        return self._roughness

    def _sensitivity(self, region: slice, value: Array, doubtful: Array) -> Array:
        """Return how much noise on the parameters changes the numeric gradient.

        It is the error bar of ready-made arrays, which cannot be computed again.
        """
        bar = np.zeros(doubtful.size)
        theta = self._cost.arrays["complex"]
        original = theta.copy()
        try:
            for _ in range(NOISY_RUNS):
                theta[:] = ulp_noise(self._cost.theta, self._rng)
                for i in np.flatnonzero(doubtful):
                    moved, _ = self._cost.slope(ComplexStep(), region.start + int(i), 1.0)
                    bar[i] = max(bar[i], abs(moved - value[i]))
        finally:
            theta[:] = original
        return bar * ROUNDING_PER_NOISE

    def _share(self, region: slice, gap: Array, shared: float) -> float:
        """Return which part of `shared` rounding is seen at the elements with the largest gaps.

        All of it where the analytic side does not change although the slope does, or where it is
        now above the slope and now below: 1 - tanh(z)**2 is 0 or a few ulps of 1 for large z.
        """
        if not (self._gradient.is_callable and 0 < shared < np.inf):
            return 1.0
        (rng,) = self._rng.spawn(1)
        self._roughness_of_all()
        largest = 0.0
        for i in np.argsort(gap)[::-1][: min(MEASURED_ELEMENTS, np.count_nonzero(gap))]:
            index = region.start + int(i)
            noise = slope_noise(self._cost, index, 1.0, rng)
            if noise.changes and (self._gradient.is_stuck[index] or self._turns(index, rng)):
                return 1.0
            largest = max(largest, noise.deviation)
        return min(1.0, ROUGHNESS_SAFETY * largest / shared)

    def _turns(self, index: int, rng: np.random.Generator) -> bool:
        """Return whether an element is above the slope at some points nearby, and below at others.

        That of a wrong gradient is on one side of it.
        """
        theta = self._cost.arrays["complex"]
        original, gaps = theta.copy(), []
        try:
            for _ in range(TURN_POINTS):
                theta[:] = self._cost.theta * (1 + TURN_DISTANCE * rng.uniform(-1, 1, theta.size))
                slope, _ = self._cost.slope(ComplexStep(), index, 1.0)
                gaps.append(float(self._gradient.at(theta.real.copy())[index]) - slope)
        finally:
            theta[:] = original
        return min(gaps) < 0 < max(gaps)


def typical(value: Array) -> Array:
    """Return the size of each element, plus that of the array."""
    size: Array = np.abs(value) + root_mean_square(value)
    return size
