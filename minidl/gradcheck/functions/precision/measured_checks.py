"""The checks of a function that computes in low precision, or with noise."""

from __future__ import annotations

import numpy as np

from ....utils.typing import Array
from ...result import Check
from ..analytic_gradient import AnalyticGradient
from ..cost_function import CostFunction
from ..zero_gradient import moves_only_far
from .constants import (
    CANCELLED_UNITS,
    GOOD_RESOLUTION,
    GOOD_RESOLUTION_OF_HALF,
    NOISE_SHARE,
    NOISE_SPACINGS,
    RESOLUTION_GOAL,
    USUAL_CALLS,
    ZERO_HERE,
    ZERO_WITHIN_ROUNDING,
)
from .half_check import judge_half
from .half_lines import HalfLines
from .line_integral import MeanSlope
from .line_probes import LineProbes, noise_dominates, resolution_of
from .lines import Probe
from .measure import Precision
from .scale import parameter_scale

METHOD = "line integrals"


def measured_checks(
    cost: CostFunction,
    gradient: AnalyticGradient,
    precision: Precision,
    rng: np.random.Generator,
    budget: int = USUAL_CALLS,
) -> list[Check]:
    """Check each array by integrals of the gradient along lines.

    Parameters
    ----------
    cost : CostFunction
        The numeric side: the cost itself, or the same in higher precision.
    gradient : AnalyticGradient
        The gradient under test, a callable.
    precision : Precision
        The measured precision of both.
    rng : Generator
        Draws directions and points.
    budget : int, default `USUAL_CALLS`
        About how many calls of the cost may be made; a few hundred are used.

    Returns
    -------
    list of Check
        "fail" where a slope is outside of its error bar, twice; "pass" where an error of
        `GOOD_RESOLUTION` would have been seen; else "unresolved".
    """
    return _MeasuredCheck(cost, gradient, precision, rng, budget).checks()


class _MeasuredCheck:
    def __init__(
        self,
        cost: CostFunction,
        gradient: AnalyticGradient,
        precision: Precision,
        rng: np.random.Generator,
        budget: int,
    ) -> None:
        self._cost, self._gradient, self._precision = cost, gradient, precision
        self._rng, self._budget = rng, budget
        self._good = GOOD_RESOLUTION_OF_HALF if precision.is_coarse else GOOD_RESOLUTION
        self._probes = LineProbes(cost, gradient, precision, rng, budget)

    def checks(self) -> list[Check]:
        leaves = self._cost.tree.leaves
        if self._precision.is_judged_by_reference:
            return [self._half_check(number) for number in range(len(leaves))]
        joint = self._probes.along(slice(0, self._cost.theta.size))
        if len(leaves) == 1:
            return [self._check(0, joint)]
        return [self._check(number, self._of_array(number, joint)) for number in range(len(leaves))]

    def _half_check(self, number: int) -> Check:
        """Return the check of an array in half precision, whose rounding lines show."""
        part, value = self._cost.tree.leaves[number].part, self._value(number)
        is_noise = self._is_noise(number)
        if is_noise or not np.isfinite(value).all():
            check = self._check(number, self._probes.along(part, self._whole))
            if check.verdict != "unresolved" or not value.any():
                return check
        lines = HalfLines(part, self._cost, self._gradient, self._precision, self._rng)
        if is_noise and not lines.agree():
            return check  # it is noise, not a gradient with kinks
        found = judge_half(lines, self._good, is_frugal=self._budget < USUAL_CALLS)
        check = self._row(number)
        check.resolution = found.resolution
        if found.mistake:
            _fail(check, found.mistake.slope)
        else:
            check.difference = min(found.error / 2, 1.0)  # of the sum of both norms
        if not found.mistake and not check.resolution <= self._good:
            self._leave_unresolved(check)
        return check

    def _of_array(self, number: int, joint: list[Probe]) -> list[Probe]:
        """Return the probes of all arrays together, or own ones where those do not suffice."""
        part = self._cost.tree.leaves[number].part
        if self._is_noise(number):
            return self._probes.along(part, self._whole)
        if joint[-1].slope.is_wrong:
            return self._probes.along(part)
        reached = resolution_of(part, self._gradient.value, joint)
        if reached <= RESOLUTION_GOAL or noise_dominates(joint):
            return joint
        own = self._probes.along(part)
        if own[-1].slope.is_wrong:
            return own
        return own if resolution_of(part, self._gradient.value, own) < reached else joint

    def _is_noise(self, number: int) -> bool:
        """Return whether a gradient is zero, or nothing but rounding."""
        part = self._cost.tree.leaves[number].part
        norm = float(np.linalg.norm(self._gradient.value[part]))
        noise = float(np.linalg.norm(self._precision.gradient.deviation[part]))
        return noise >= NOISE_SHARE * norm

    def _is_small_as_rounding(self, number: int) -> bool:
        """Return whether a gradient is as small as the rounding of terms of the whole's size.

        A larger one that changes from point to point follows the order of a sort, say.
        """
        part = self._cost.tree.leaves[number].part
        slopes = self._gradient.value[part] * parameter_scale(self._cost.tree)[part]
        units = [
            unit
            for each, unit in enumerate(self._precision.gradient.units)
            if not self._is_noise(each)
        ]
        unit = min(units, default=max(self._precision.gradient.units))
        return float(np.linalg.norm(slopes)) <= CANCELLED_UNITS * unit * self._whole

    @property
    def _whole(self) -> float:
        """The size of the slopes along all arrays."""
        return float(np.linalg.norm(self._gradient.value * parameter_scale(self._cost.tree)))

    @property
    def _largest_change(self) -> float:
        """How far the cost changes, by its gradient, while each parameter moves by its size."""
        return float(np.abs(self._gradient.value * parameter_scale(self._cost.tree)).sum())

    @property
    def _change_may_be_lost(self) -> bool:
        """Whether a cost in low precision may hardly change although its gradient is right.

        log(1 + p**2) is: 1 + p**2 is 1 for a small p, of as many as there are.
        """
        noise = self._precision.cost
        stays = noise.is_constant or noise.spacing >= NOISE_SPACINGS[-1]
        if not (stays and self._precision.gradient_has_format):
            return False
        ulp = 2 * max(self._precision.gradient.units)
        return self._largest_change <= ulp * max(1.0, abs(self._cost.base)) * self._cost.theta.size

    @property
    def _reason(self) -> str:
        if self._precision.wants_reference:
            return "pass reference=, the same cost in higher precision"
        return "its own rounding hides smaller ones"

    def _value(self, number: int) -> Array:
        value: Array = self._gradient.value[self._cost.tree.leaves[number].part]
        return value

    def _row(self, number: int) -> Check:
        name, part, _ = self._cost.tree.leaves[number]
        return Check(None, "total", name, method=METHOD, elements=part.stop - part.start)

    def _check(self, number: int, probes: list[Probe]) -> Check:
        check, part = self._row(number), self._cost.tree.leaves[number].part
        check.resolution = resolution_of(part, self._gradient.value, probes)
        last = probes[-1].slope
        if not np.isfinite(self._value(number)).all():
            check.verdict, check.difference = "fail", 1.0
            check.diagnosis = "it is not finite"
        elif last.is_wrong and _is_less(last) and self._change_may_be_lost:
            check.verdict, check.difference, check.resolution = "unresolved", 0.0, np.inf
            constant = self._precision.cost.is_constant
            changes = "is the same at all points" if constant else "hardly changes"
            check.diagnosis = (
                f"the cost {changes}, though it should change by {self._largest_change:.0e}: "
                "rounding of numbers such as 1 inside hides as much"
            )
        elif last.is_wrong:
            _fail(check, last)
        else:
            check.difference = _difference(probes[0].slope)
            self._decide(check, number, probes)
        return check

    def _decide(self, check: Check, number: int, probes: list[Probe]) -> None:
        if check.resolution <= self._good:
            return
        turns = self._precision.gradient.turns[number]
        if self._is_noise(number) and not turns and self._whole > 0:
            of_whole = 2 * max(probe.slope.bar for probe in probes) / self._whole
            zero = not self._value(number).any()
            # The slope of a small array may be as small as the noise: then it is not zero.
            moves = any(probe.slope.numeric != 0 for probe in probes)
            part = self._cost.tree.leaves[number].part
            stays = not moves and not moves_only_far(self._cost, part)
            is_zero = stays if zero else self._is_small_as_rounding(number)
            if of_whole <= (ZERO_HERE if zero else ZERO_WITHIN_ROUNDING) and is_zero:
                check.resolution = of_whole
                check.diagnosis = "zero here, within rounding"
                check.untested = 0
                return
        self._leave_unresolved(check)

    def _leave_unresolved(self, check: Check) -> None:
        check.verdict = "unresolved"
        if check.resolution > 1:  # the norm of a gradient so wrong says nothing
            check.resolution = np.inf
        if check.resolution < np.inf:
            check.diagnosis = (
                f"only an error of {check.resolution:.1e} of its norm, or more, would have been "
                f"seen: {self._reason}"
            )
        else:
            check.diagnosis = "nothing could be seen of it: it is zero, or noise hides it"


def _is_less(slope: MeanSlope) -> bool:
    """Return whether the cost changes as the gradient says, but by less, or not at all."""
    part = slope.numeric * np.sign(slope.analytic)
    return bool(0 <= part < abs(slope.analytic))


def _fail(check: Check, slope: MeanSlope) -> None:
    check.verdict, check.difference = "fail", _difference(slope)
    check.worst = {"analytic": slope.analytic, "numeric": slope.numeric, "bar": slope.bar}


def _difference(slope: MeanSlope) -> float:
    size = abs(slope.analytic) + abs(slope.numeric)
    difference = abs(slope.analytic - slope.numeric) / size if size else 0.0
    return difference if np.isfinite(difference) else 1.0
