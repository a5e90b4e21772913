"""Check an array of a gradient that is too large to compute element by element."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ..constants import EPS, MAX_BAR_FRACTION, PROBES, ROUGHNESS_SAFETY, SMALL_GAP
from ..location.fill_in import fill_in_wrong_elements
from ..location.probed_array import ProbedArray
from ..numeric.differences import ComplexStep, RichardsonDifference, Scheme
from ..result import Check
from ..rounding.probes import (
    ProbeValues,
    balanced_direction,
    compare_probes,
    flat_direction,
)
from .analytic_gradient import AnalyticGradient
from .array_probes import ArrayProbes
from .cost_function import CostFunction
from .finer_probes import look_finer
from .hidden_errors import largest_bar
from .numeric_roughness import slope_roughness
from .probe_kinks import Probed, reconsider_at_kinks


@dataclass(frozen=True)
class ProbeCheck:
    """Probes of array `number` of a gradient along random directions."""

    cost: CostFunction
    gradient: AnalyticGradient
    scheme: Scheme
    number: int

    def check(self, rng: np.random.Generator, calls: int) -> Check:
        """Return the check along directions that all elements share.

        If it fails, its arrays are filled in where the gradient is wrong, with about so many calls.
        """
        probes = self._probes(self._precise_scheme)
        analytic = probes.analytic
        directions = [balanced_direction(analytic, rng) for _ in range(PROBES)]
        (other,) = rng.spawn(1)
        directions += [flat_direction(analytic, other) for _ in range(PROBES)]
        check = Check(None, "total", self.cost.tree.leaves[self.number].name)
        if not np.isfinite(analytic).all():
            check.verdict = "fail"
        found = [Probed(direction, probes.along(direction)) for direction in directions]
        found = self._with_roughness(found, probes)
        values = [each.values for each in found]
        method = f"{self.scheme.name}, {len(found)} probes of every element"
        compare_probes(check, values, analytic.size, method)
        check.resolution = probes.resolution(values[PROBES:])
        if check.verdict == "fail" and np.isfinite(analytic).all():
            probes = reconsider_at_kinks(check, probes, found, other)
        if check.verdict == "fail" and not check.diagnosis:
            self._locate(check, probes, calls)
        is_double = self.gradient.precisions[self.number] <= EPS
        if is_double and isinstance(self.scheme, RichardsonDifference):
            look_finer(check, probes, self.number)
        largest = largest_bar(self.scheme) if is_double else MAX_BAR_FRACTION
        if check.verdict == "pass" and largest < check.resolution < np.inf:
            check.verdict = "unresolved"
            check.diagnosis = (
                f"rounding floor: an error below {check.resolution:.1e} of the norm of the "
                "gradient is hidden"
            )
        if check.verdict == "pass":
            check.untested = int(np.count_nonzero(analytic == 0))
        return check

    def _with_roughness(self, found: list[Probed], probes: ArrayProbes) -> list[Probed]:
        """Return the probes with what cancels in the cost in their bars, where it may matter."""

        def is_slight(values: ProbeValues) -> bool:
            gap = abs(values.analytic - values.numeric)
            return values.bar < gap < SMALL_GAP * values.terms

        slight = [number for number, each in enumerate(found) if is_slight(each.values)]
        if not slight or not isinstance(self.scheme, ComplexStep):
            return found
        slight.sort(key=lambda number: -_excess(found[number].values))
        worst, *others = slight
        (noise,) = self._roughness(probes, found, [worst])
        relative = noise / found[worst].values.terms
        found = _with_noise(found, {worst: noise})
        if _excess(found[worst].values) > 1:  # it fails, whatever the noise of the others
            return _with_noise(
                found, {number: relative * found[number].values.terms for number in others}
            )
        noises = self._roughness(probes, found, others)
        return _with_noise(found, dict(zip(others, noises, strict=True)))

    def _roughness(
        self, probes: ArrayProbes, found: list[Probed], numbers: list[int]
    ) -> list[float]:
        rng = np.random.default_rng([self.number, 2])  # a stream of its own
        moves = [(..., found[number].direction) for number in numbers]
        return [float(noise) for noise in slope_roughness(probes.cost, moves, rng)]

    def note(self, check: Check) -> str:
        """Say how the array was covered, and what would have been seen."""
        note = f"{check.parameter}: {2 * PROBES} probes of all {check.elements:,} elements"
        if check.kinks:
            note += f", at a point nearby, as {check.kinks:,} of them sit exactly on a kink"
        if np.isfinite(check.resolution):
            note += (
                f"; an error of one element above {check.resolution:.1e} of the norm of the "
                "gradient is seen"
            )
        return note

    def _locate(self, check: Check, probes: ArrayProbes, calls: int) -> None:
        """Differences of one step are tried first; small errors need the best of several."""
        others = [
            self.gradient.value[part].reshape(shape)
            for number, (_, part, shape) in enumerate(self.cost.tree.leaves)
            if number != self.number
        ]
        for scheme in dict.fromkeys([self.scheme, self._precise_scheme]):
            array = _probed_array(replace(probes, scheme=scheme))
            fill_in_wrong_elements(check, array, self.number, calls=calls, others=others)
            if check.numeric is not None:
                return

    @property
    def _precise_scheme(self) -> Scheme:
        if isinstance(self.scheme, RichardsonDifference):
            return replace(self.scheme, is_precise=True)
        return self.scheme

    def _probes(self, scheme: Scheme) -> ArrayProbes:
        numbers = [self.number]
        return ArrayProbes(self.cost.part(numbers), self.gradient.part(numbers), scheme)


def _excess(values: ProbeValues) -> float:
    return abs(values.analytic - values.numeric) / values.bar if values.bar > 0 else np.inf


def _with_noise(found: list[Probed], noises: dict[int, float]) -> list[Probed]:
    """Return the probes, the bars of some widened by the noise of their slopes."""
    wider = list(found)
    for number, noise in noises.items():
        values = found[number].values
        bar = values.bar + ROUGHNESS_SAFETY * noise
        wider[number] = found[number]._replace(values=values._replace(bar=bar))
    return wider


def _probed_array(probes: ArrayProbes) -> ProbedArray:
    return ProbedArray(
        probes.analytic.reshape(probes.shape),
        lambda direction: probes.along(direction.ravel()),
        probes.element,
    )
