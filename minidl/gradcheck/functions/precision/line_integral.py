"""Compare a cost with the integral of its gradient along a line.

Curvature and kinks stand on both sides of the comparison, so that a window may be half as long as
the parameters, where differences of the cost are far above its rounding.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.polynomial import legendre

from ....utils.typing import Array
from ...constants import EPS
from ..analytic_gradient import AnalyticGradient
from ..cost_function import CostFunction
from .constants import (
    BAR_DEVIATIONS,
    DITHER,
    FIRST_WINDOW,
    FIT_DEGREES,
    JUMP_REACH,
    LINE_NODES,
    LINE_PAIRS,
    MAX_WINDOWS,
    NOISE_DOMINATES,
    NOISE_SPACINGS,
    REFRESHING_UNITS,
    STAIR_DEVIATIONS,
    TARGET_BAR,
    WINDOW_SHRINKS,
)
from .jumps import is_jump
from .kink_integral import mean_with_jumps
from .measure import Precision
from .safe_calls import gradient_or_nan, slope_or_nan, value_or_nan
from .scale import parameter_scale


@dataclass(frozen=True)
class Line:
    """A direction in which to move, and what the rounding of the gradient makes of it.

    `size` is the size of the slope of which errors should be seen; `rounding` bounds that of the
    analytic slope.
    """

    direction: Array
    size: float
    rounding: float

    @property
    def target(self) -> float:
        """The error bar that is aimed at: a smaller one costs calls, and says nothing more."""
        return max(TARGET_BAR * self.size, self.rounding)


@dataclass(frozen=True)
class MeanSlope:
    """The slope averaged over a window of a line, from both sides.

    `noise` is the part of the error bar that comes from the noise of the cost, and `inside` a gap
    that rounding inside may explain: the error bar allows for it.
    """

    analytic: float = 0.0
    numeric: float = 0.0
    bar: float = np.inf
    noise: float = np.inf
    window: float = 0.0
    inside: float = 0.0

    @property
    def is_wrong(self) -> bool:
        """Whether the two differ by more than the error bar."""
        return abs(self.analytic - self.numeric) > self.bar


class LineIntegral:
    """Averages slopes over windows of lines through the point of a cost.

    Attributes
    ----------
    narrowest : float
        In narrower windows all gradients have the same rounding, which nothing averages.
    has_stairs : bool
        Whether values of the cost in one window were seen to share their rounding: then no average
        makes it smaller.
    stair_noise : float
        The noise of such values, once it was measured: values close by show less of it.
    """

    def __init__(
        self,
        cost: CostFunction,
        gradient: AnalyticGradient,
        precision: Precision,
        rng: np.random.Generator,
        theta: Array | None = None,
    ) -> None:
        self._cost, self._gradient, self._precision = cost, gradient, precision
        self._rng = rng
        self._theta = cost.theta if theta is None else theta
        unit = max(precision.gradient.units)
        self.narrowest = min(REFRESHING_UNITS * unit, FIRST_WINDOW / WINDOW_SHRINKS)
        self.has_stairs, self.stair_noise = False, 0.0
        self._variances: dict[float, list[float]] = {}

    @property
    def is_half(self) -> bool:
        """Whether a side computes in half precision."""
        return self._precision.is_half

    @property
    def noise(self) -> float:
        """The noise of one value of the cost."""
        return self._precision.cost.deviation

    def shared_noise(self, window: float) -> float:
        """Return the error bar of a slope whose values share their rounding."""
        return max(STAIR_DEVIATIONS * self.noise, BAR_DEVIATIONS * self.stair_noise) / window

    def moved(self, distance: float) -> LineIntegral:
        """Return the integral through a random point, so far away relative to the parameters.

        Each array is scaled, too: what sums over many elements averages changes of each.
        """
        theta = self._theta.copy()
        for leaf in self._cost.tree.leaves:
            part = theta[leaf.part]
            size = np.abs(part) if part.any() else parameter_scale(self._cost.tree)[leaf.part]
            factor = 1 + distance * self._rng.uniform(-1, 1)
            theta[leaf.part] = factor * part + distance * size * self._rng.uniform(-1, 1, part.size)
        return LineIntegral(self._cost, self._gradient, self._precision, self._rng, theta)

    def explore(self, line: Line, *, is_frugal: bool = False) -> MeanSlope:
        """Return the mean slope over the window with the smallest error bar of all.

        A frugal search ends where noise dominates: it seldom is smaller at shorter distances.
        """
        best, window = MeanSlope(), FIRST_WINDOW
        for _ in range(MAX_WINDOWS):
            found = self.over_window(line, window)
            if found.bar < best.bar:
                best = found
            if best.bar <= line.target or best.window > WINDOW_SHRINKS * window:
                break
            dominated = is_frugal and best.noise > NOISE_DOMINATES * best.bar
            window /= WINDOW_SHRINKS
            if dominated or window < self.narrowest:
                break
        return best

    def over_window(
        self,
        line: Line,
        window: float,
        pairs: int = LINE_PAIRS,
        effort: int = 1,
        *,
        has_spikes: bool = True,
    ) -> MeanSlope:
        """Return the mean slope over a window without kinks, or with many small ones.

        The bar is infinite where the window leaves the domain. It allows for a spike at the point
        of the lines where there may be one.
        """
        nodes = legendre.leggauss(LINE_NODES * effort)[0]
        at_zero = float(self.value @ line.direction) if has_spikes else None
        return self._mean(
            line,
            window,
            pairs * effort,
            lambda slope: mean_of_fit(nodes, np.array([slope(node) for node in nodes]), at_zero),
        )

    def over_kinks(
        self, line: Line, window: float, pairs: int = LINE_PAIRS, effort: int = 1
    ) -> MeanSlope:
        """Return the mean slope over a window with a few kinks, each of which is located."""
        return self._mean(
            line,
            window,
            pairs * effort,
            lambda slope: mean_with_jumps(slope, line.target, self._rng, effort),
        )

    def jumps(self, line: Line, window: float) -> bool:
        """Return whether the cost jumps in a window or near it, or its gradient has a spike there.

        Ends of a window are averaged over points around them.
        """
        reach = JUMP_REACH * window

        def theta(node: float) -> Array:
            return self._theta + reach * node * line.direction

        return is_jump(
            lambda node: value_or_nan(self._cost, theta(node)),
            lambda node: reach * slope_or_nan(self._gradient, theta(node), line.direction),
            self.noise,
        )

    @cached_property
    def value(self) -> Array:
        """The gradient at the point of the lines, which is known at that of the cost."""
        if self._theta is self._cost.theta:
            return np.where(np.isfinite(self._gradient.value), self._gradient.value, 0.0)
        return gradient_or_nan(self._gradient, self._theta)

    def _mean(
        self,
        line: Line,
        window: float,
        pairs: int,
        mean: Callable[[Callable[[float], float]], tuple[float, float]],
    ) -> MeanSlope:
        odd = self._odd_parts(line.direction, window, pairs)
        if not np.isfinite(odd).all():
            return MeanSlope()
        numeric = float(odd.mean()) / window
        noise = BAR_DEVIATIONS * self._deviation(odd, window) / (np.sqrt(odd.size) * window)
        noise += 8 * EPS * abs(self._cost.base) / window
        if self.has_stairs:
            noise = max(noise, self.shared_noise(window))

        def slope(node: float) -> float:
            theta = self._theta + window * node * line.direction
            return slope_or_nan(self._gradient, theta, line.direction)

        analytic, quadrature = mean(slope)
        bar = noise + quadrature + line.rounding
        if not np.isfinite(bar):
            return MeanSlope()
        return MeanSlope(analytic, numeric, bar, noise, window)

    def _odd_parts(self, direction: Array, window: float, pairs: int) -> Array:
        """Return (f(x + hu) - f(x - hu)) / 2 for many x within a few ulps.

        So rounding differs from pair to pair. What these shifts change is the same at both ends, up
        to curvature.
        """
        theta = self._theta
        spacing = self._precision.cost.spacing
        spacing = min(spacing, DITHER) if spacing <= NOISE_SPACINGS[0] else spacing
        reach = spacing * (np.abs(theta) + window * np.abs(direction))
        odd = np.full(pairs, np.nan)
        for i in range(pairs):
            start = theta + reach * self._rng.uniform(-1, 1, theta.size)
            right = value_or_nan(self._cost, start + window * direction)
            left = value_or_nan(self._cost, start - window * direction)
            odd[i] = (right - left) / 2
            if not np.isfinite(odd[i]):
                break
        return odd

    def _deviation(self, odd: Array, window: float) -> float:
        """Return the noise of one odd part: the largest of three ways to measure it."""
        variance = float(np.var(odd, ddof=1))
        of_window = self._variances.setdefault(window, [])
        of_window.append(variance)
        return max(
            self._precision.cost.deviation / 2**0.5,
            float(np.sqrt(variance)),
            float(np.sqrt(np.mean(of_window))),
        )


def mean_of_fit(nodes: Array, slopes: Array, at_zero: float | None = None) -> tuple[float, float]:
    """Return the mean over [-1, 1] of polynomials fitted to slopes, and a bound of its error.

    What the polynomial misses of the slope at zero, a spike, may be as wide as the nodes are apart;
    nothing is known of it without `at_zero`.
    """
    known = slopes if at_zero is None else [*slopes, at_zero]
    if not np.isfinite(known).all():
        return np.nan, np.inf
    best, bound = 0.0, np.inf
    fits = [_Fit(nodes, slopes, degree) for degree in FIT_DEGREES]
    width = float(np.abs(nodes).min())
    for fit, following in pairwise(fits):
        error = BAR_DEVIATIONS * fit.noise + 2 * abs(fit.mean - following.mean)
        if at_zero is not None:
            missed = abs(fit.at_zero - at_zero) - BAR_DEVIATIONS * fit.deviation
            error += width * max(0.0, missed)
        if error < bound:
            best, bound = fit.mean, error
    return best, bound


class _Fit:
    """A polynomial fitted to slopes: its mean over [-1, 1], and how well that is known."""

    def __init__(self, nodes: Array, slopes: Array, degree: int) -> None:
        matrix = legendre.legvander(nodes, degree)
        inverse = np.linalg.pinv(matrix)
        coefficients = inverse @ slopes
        residual = slopes - matrix @ coefficients
        self.deviation = float(np.sqrt((residual**2).sum() / (len(nodes) - degree - 1)))
        self.mean = float(coefficients[0])
        self.noise = self.deviation * float(np.linalg.norm(inverse[0]))
        self.at_zero = float(legendre.legval(0.0, coefficients))
