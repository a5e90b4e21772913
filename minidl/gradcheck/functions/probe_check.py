"""Check a gradient of a function that is too large to compute element by element."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...utils.typing import Array
from ..constants import COST_ULPS, EPS, PROBES, SUMMATION_ULPS
from ..numeric.differences import Scheme
from ..result import Check
from ..rounding.probes import (
    ProbeValues,
    balanced_direction,
    compare_probes,
    directional_check,
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
        """Return the check; if it fails, the most wrong element is searched for."""
        name, _, _ = self.cost.tree.leaves[self.number]
        analytic = self._analytic
        directions = [balanced_direction(analytic, rng) for _ in range(PROBES)]
        check = Check(None, "total", name)
        compare_probes(
            check,
            [self._probe(direction) for direction in directions],
            analytic.size,
            f"{self.scheme.name}, {PROBES} probes of every element",
        )
        if check.verdict == "pass":
            check.untested = int(np.count_nonzero(analytic == 0))
        elif check.verdict == "fail" and np.isfinite(analytic).all():
            check.worst = self._worst_element(directions[0])
        return check

    @property
    def _part(self) -> slice:
        return self.cost.tree.leaves[self.number].part

    @property
    def _analytic(self) -> Array:
        analytic: Array = self.gradient.value[self._part]
        return analytic

    def _probe(self, direction: Array) -> ProbeValues:
        numeric, error = self.cost.slope(self.scheme, self._part, direction)
        noisy = [run[self._part] for run in self.gradient.noisy]
        values = directional_check(self._analytic, noisy, direction, numeric, error)
        moved = max(int(np.count_nonzero(direction)), 1)
        precision = self.gradient.precisions[self.number]
        floor = SUMMATION_ULPS * precision * values.terms / moved**0.5
        cost_rounding = COST_ULPS * EPS * abs(self.cost.base) * float(np.abs(direction).max())
        return values._replace(bar=values.bar + floor + cost_rounding)

    def _worst_element(self, direction: Array) -> dict[str, object]:
        """Bisect: of two halves take the one with the larger error along `direction`."""
        analytic = self._analytic

        def error_along(half: Array) -> float:
            restricted = np.zeros(analytic.size)
            restricted[half] = direction[half]
            numeric = self.cost.slope(self.scheme, self._part, restricted)[0]
            return abs(float((analytic * restricted).sum()) - numeric)

        candidates = np.arange(analytic.size)
        while len(candidates) > 1:
            halves = np.array_split(candidates, [len(candidates) // 2])
            candidates = max(halves, key=error_along)
        index = int(candidates[0])
        slope, error = self.cost.slope(self.scheme, self._part.start + index, 1.0)
        shape = self.cost.tree.leaves[self.number].shape
        return {
            "index": [int(i) for i in np.unravel_index(index, shape)],
            "analytic": float(analytic[index]),
            "numeric": slope,
            "bar": error + SUMMATION_ULPS * EPS * abs(slope),
        }
