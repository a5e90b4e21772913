"""The precision of a cost and of its gradient, measured."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ...constants import EPS
from ..analytic_gradient import AnalyticGradient
from ..cost_function import CostFunction
from .constants import (
    EXACT_NOISE,
    FULL_BITS,
    HALF_BITS,
    LOW_PRECISION,
    MAX_CHANCE,
    NOISE_SPACINGS,
    ROUNDING_EXPLAINS,
    SINGLE_PRECISION,
)
from .cost_noise import CostNoise, is_smooth, measure_cost_noise
from .gradient_noise import GradientNoise, measure_gradient_noise


@dataclass(frozen=True)
class Precision:
    """How precise a cost and its gradient are.

    Attributes
    ----------
    cost : CostNoise
        The noise of the numeric side.
    gradient : GradientNoise
        The noise of the analytic side.
    cost_is_exact : bool
        Whether the cost is as precise as float64 allows.
    base : float
        The cost at the point.
    has_reference : bool
        Whether the numeric side is not the function's own cost, but a reference for it.
    cost_cancels : bool, default False
        Whether the noise of the cost is that of larger terms in float64 which cancel: the cost is
        complex-safe, and its gradient exact.
    """

    cost: CostNoise
    gradient: GradientNoise
    cost_is_exact: bool
    base: float = np.inf
    has_reference: bool = False
    cost_cancels: bool = False

    @property
    def wants_reference(self) -> bool:
        """Whether the same cost in higher precision would show more."""
        return not (self.cost_is_exact or self.has_reference)

    @property
    def gradient_is_exact(self) -> bool:
        """Whether the gradient is as precise as float64 allows."""
        return max(self.gradient.units) <= EXACT_NOISE

    @property
    def gradient_is_rounded(self) -> bool:
        """Whether it is the same at each call, in a lower precision."""
        return not self.gradient_is_exact and self.gradient.chance <= MAX_CHANCE

    @property
    def gradient_has_format(self) -> bool:
        """Whether arrays of the gradient have the bits of a format below float64."""
        return any(0 < bits < FULL_BITS for bits in self.gradient.bits)

    @property
    def is_double(self) -> bool:
        """Whether both sides compute in float64, but for kinks, cancellation or a perfect fit."""
        if self.cost_cancels:
            return True
        if self.gradient_has_format or self.cost.bits < FULL_BITS:
            return False
        slight = self.cost.deviation <= SINGLE_PRECISION * abs(self.base)
        return self.cost_is_exact or (self.gradient_is_exact and (slight or self.cost_is_hidden))

    def may_explain(self, difference: float, *, by_complex_step: bool) -> bool:
        """Return whether a relative difference to the numeric side may be rounding.

        A format of few bits is known to round; what else looks rounded may have crossed kinks. The
        complex step is exact also where the gradient turns within short moves.
        """
        if not self.gradient_is_rounded:
            return False
        arrays = zip(self.gradient.units, self.gradient.turns, strict=True)
        units = [unit for unit, turns in arrays if not (turns and by_complex_step)]
        return self.gradient_has_format or difference <= ROUNDING_EXPLAINS * max(units, default=0.0)

    @property
    def cost_is_hidden(self) -> bool:
        """Whether the cost is zero to within its noise, as at a perfect fit.

        Its relative precision cannot be told then.
        """
        return abs(self.base) <= self.cost.deviation / LOW_PRECISION

    @property
    def is_exact(self) -> bool:
        """Whether both sides are."""
        return self.cost_is_exact and self.gradient_is_exact

    @property
    def is_half(self) -> bool:
        """Whether a side has at most the precision of float16."""
        return max(self.gradient.units) > LOW_PRECISION or self.cost.bits <= HALF_BITS

    @property
    def is_coarse(self) -> bool:
        """Whether rounding takes as much of a side as that of float16 takes of each number."""
        return max(self.gradient.units) > 2.0**-HALF_BITS or self.cost.bits <= HALF_BITS

    @property
    def is_judged_by_reference(self) -> bool:
        """Whether the gradient is in half precision, and the numeric side in a higher one."""
        has_format = any(0 < bits <= HALF_BITS for bits in self.gradient.bits)
        is_higher = self.has_reference or (self.cost_is_exact and has_format)
        return self.is_half and self.cost.bits > HALF_BITS and is_higher


def measure_precision(
    cost: CostFunction,
    gradient: AnalyticGradient,
    rng: np.random.Generator,
    *,
    has_reference: bool = False,
) -> Precision:
    """Measure the precision of both sides at the point of `cost`.

    Parameters
    ----------
    cost : CostFunction
        The numeric side.
    gradient : AnalyticGradient
        The gradient under test.
    rng : Generator
        Draws the lines along which noise shows; not the generator of the check itself.
    has_reference : bool, default False
        Whether `cost` is a reference for the function's own cost.

    Returns
    -------
    Precision
        The noise of both.
    """
    value = np.where(np.isfinite(gradient.value), gradient.value, 0.0)
    exact = is_smooth(cost, value, rng)
    noise = measure_cost_noise(cost, value, rng) if not exact else _rounding(cost)
    is_coarse = noise.deviation > LOW_PRECISION * abs(cost.base) or noise.bits <= HALF_BITS
    rounding = measure_gradient_noise(
        cost, gradient, rng, is_coarse=is_coarse, has_reference=has_reference
    )
    precision = Precision(noise, rounding, exact or noise.is_constant, cost.base, has_reference)
    cancels = (
        precision.gradient_is_exact
        and not (precision.cost_is_exact or precision.gradient_has_format)
        and not cost.why_not_complex_safe(rng)
    )
    return replace(precision, cost_cancels=cancels)


def _rounding(cost: CostFunction) -> CostNoise:
    return CostNoise(EPS * abs(cost.base), NOISE_SPACINGS[0], FULL_BITS)
