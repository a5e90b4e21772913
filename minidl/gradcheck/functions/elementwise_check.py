"""Compare the gradient of a function with the numeric one, element by element."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ...utils.typing import Array
from ..constants import EPS, MAX_BAR_FRACTION, READY_MADE_GAP
from ..diagnosis.explain_arrays import EvidenceSource, KnownArrays, explain_arrays
from ..numeric.differences import RichardsonDifference, Scheme
from ..numeric.numeric_gradient import NumericGradient
from ..result import Check, error_in_bars
from ..rounding.compare import compare, root_mean_square
from .analytic_gradient import AnalyticGradient
from .array_probes import ArrayProbes
from .cost_function import CostFunction
from .finer_probes import look_finer
from .hidden_errors import hide_no_errors
from .rounding_bars import RoundingBars, typical
from .tie_choices import accept_tie_choice
from .zero_gradient import settle_zero_gradient


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
        self._bars = RoundingBars(cost, gradient, rng)

    def checks(self, numeric: NumericGradient, scheme: Scheme) -> list[Check]:
        """Return a check of each array."""
        checks = []
        tree = self._cost.tree
        values, gradients = tree.arrays(self._cost.theta), tree.arrays(numeric.value)
        known = KnownArrays(values, gradients, self._cost.record)
        all_sizes = root_mean_square(numeric.value)
        for number, (name, region, shape) in enumerate(self._cost.tree.leaves):
            analytic = self._gradient.value[region]
            of_array = _slice(numeric, region)
            bar = self._bars.of(number, of_array, scheme, all_sizes)
            gap = np.abs(analytic - of_array.value)
            check = compare(
                Check(None, "total", name),
                analytic.reshape(shape),
                _reshape(of_array, shape),
                bar.reshape(shape),
            )
            if check.verdict == "fail":
                self._doubt(check, gap, typical(of_array.value))
            own = self._bars.own(number, of_array.value)
            settle_zero_gradient(check, own, self._cost, self._gradient, number)
            is_random = self._gradient.repeatability.kind == "random"
            if self._gradient.precisions[number] <= EPS and not is_random:
                if isinstance(scheme, RichardsonDifference):
                    look_finer(check, self._probes(number, scheme), number, of_array.at_kink)
                hide_no_errors(check, scheme, of_array)
            checks.append(check)
        explain_arrays(checks, known, self._evidence)
        return checks

    def accept_tie_choices(
        self, checks: list[Check], scheme: Scheme, *, of_one_order: bool
    ) -> None:
        """Leave failed checks unresolved whose gradients are right for some order of ties."""
        for number, check in enumerate(checks):
            if check.verdict == "fail":
                rng = np.random.default_rng([number, 4])  # a stream of its own
                probes = self._probes(number, scheme)
                accept_tie_choice(check, probes, rng, of_one_order=of_one_order)

    def _probes(self, number: int, scheme: Scheme) -> ArrayProbes:
        return ArrayProbes(self._cost.part([number]), self._gradient.part([number]), scheme)

    def _doubt(self, check: Check, gap: Array, typical: Array) -> None:
        if not self._gradient.is_callable and (gap <= READY_MADE_GAP * typical).all():
            check.verdict = "unresolved"
            check.resolution = max(check.resolution, 2 * READY_MADE_GAP)
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
