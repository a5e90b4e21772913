"""Check an array of a gradient that is too large to compute element by element."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ...utils.typing import Array
from ..constants import COST_ULPS, EPS, PROBES, ROUNDING_PER_NOISE, SUMMATION_ULPS
from ..location.fill_in import fill_in_wrong_elements
from ..location.probed_array import ProbedArray
from ..numeric.differences import Scheme
from ..result import Check
from ..rounding.probes import (
    MIN_FLAT_STEP,
    ProbeValues,
    balanced_direction,
    compare_probes,
    directional_check,
    flat_direction,
)
from .analytic_gradient import AnalyticGradient
from .cost_function import CostFunction


@dataclass(frozen=True)
class ProbeCheck:
    """Probes of one array of a gradient along random directions."""

    cost: CostFunction
    gradient: AnalyticGradient
    scheme: Scheme
    number: int

    def check(self, rng: np.random.Generator) -> Check:
        """Return the check along directions that all elements share."""
        name, _, _ = self.cost.tree.leaves[self.number]
        analytic = self._analytic
        directions = [balanced_direction(analytic, rng) for _ in range(PROBES)]
        (other,) = rng.spawn(1)
        directions += [flat_direction(analytic, other) for _ in range(PROBES)]
        check = Check(None, "total", name)
        if not np.isfinite(analytic).all():
            check.verdict = "fail"
        probes = [self._probe(direction) for direction in directions]
        method = f"{self.scheme.name}, {len(probes)} probes of every element"
        compare_probes(check, probes, analytic.size, method)
        check.resolution = self._resolution(probes[PROBES:])
        if check.verdict == "pass":
            check.untested = int(np.count_nonzero(analytic == 0))
        return check

    def note(self, check: Check) -> str:
        """Say how the array was covered, and what would have been seen."""
        note = f"{check.parameter}: {check.elements:,} elements by {2 * PROBES} probes of all"
        if np.isfinite(check.resolution):
            note += (
                f"; an error of one element above {check.resolution:.1e} of the norm of the "
                "gradient is seen"
            )
        return note

    def locate(self, check: Check, calls: int) -> None:
        """Fill in the numeric gradient of a failed check, where it is wrong."""
        _, _, shape = self.cost.tree.leaves[self.number]
        analytic = self._analytic.reshape(shape)
        array = ProbedArray(
            analytic, lambda direction: self._probe(direction.ravel()), self._element
        )
        others = [
            self.gradient.value[part].reshape(shape)
            for number, (_, part, shape) in enumerate(self.cost.tree.leaves)
            if number != self.number
        ]
        fill_in_wrong_elements(check, array, self.number, calls=calls, others=others)

    def _resolution(self, flat_probes: list[ProbeValues]) -> float:
        """Return the error of one element that is seen along a direction of equal steps."""
        norm = float(np.linalg.norm(self._analytic))
        if not 0 < norm < np.inf:
            return np.inf
        return max(probe.bar for probe in flat_probes) / (MIN_FLAT_STEP * norm)

    @property
    def _part(self) -> slice:
        return self.cost.tree.leaves[self.number].part

    @property
    def _analytic(self) -> Array:
        analytic: Array = self.gradient.value[self._part]
        return analytic

    def _probe(self, direction: Array) -> ProbeValues:
        numeric, error = self.cost.slope(self.scheme, self._part, direction)
        values = directional_check(self._analytic, [], direction, numeric, error)
        with np.errstate(all="ignore"):
            spread = float(np.abs(self._noise @ direction).max(initial=0.0))
        moved = max(int(np.count_nonzero(direction)), 1)
        precision = self.gradient.precisions[self.number]
        floor = SUMMATION_ULPS * precision * values.terms / moved**0.5
        cost_rounding = COST_ULPS * EPS * abs(self.cost.base) * float(np.abs(direction).max())
        noise = spread * ROUNDING_PER_NOISE
        jitter = float(np.linalg.norm(self.gradient.jitter[self._part] * direction))
        bar = values.bar + floor + cost_rounding + jitter
        return values._replace(bar=bar + (noise if np.isfinite(noise) else 0.0))

    @cached_property
    def _noise(self) -> Array:
        """How much noise of some ulps changes the array, one row for each run."""
        runs = [run[self._part] - self._analytic for run in self.gradient.noisy]
        noise: Array = np.array(runs).reshape(len(runs), -1)
        return noise

    def _element(self, place: int) -> tuple[float, float]:
        slope, error = self.cost.slope(self.scheme, self._part.start + place, 1.0)
        return slope, error + SUMMATION_ULPS * EPS * abs(slope)
