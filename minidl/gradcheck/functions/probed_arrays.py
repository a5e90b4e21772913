"""The arrays of a function that are beyond the budget: they are probed."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..call_limits import BUDGET, LOCATION_CALLS, UNRESOLVED_BUDGETS
from ..diagnosis.explain_arrays import KnownArrays
from ..numeric.differences import Scheme
from ..result import Check
from .analytic_gradient import AnalyticGradient
from .budget import calls_per_element
from .cost_function import CostFunction
from .probe_check import ProbeCheck


class ProbedArrays(NamedTuple):
    """The checks by probes of arrays of a function, within a budget of calls."""

    cost: CostFunction
    gradient: AnalyticGradient
    scheme: Scheme
    budget: int

    def check(
        self, is_whole: list[bool], rng: np.random.Generator
    ) -> tuple[dict[int, Check], list[str]]:
        """Return the checks of the arrays that are not computed whole, by number, and notes.

        What probes leave unresolved is left out where computing each element is affordable.
        """
        checks, notes = {}, []
        affordable = UNRESOLVED_BUDGETS * self.budget // calls_per_element(self.scheme)
        for number in (number for number, each in enumerate(is_whole) if not each):
            probes = ProbeCheck(self.cost, self.gradient, self.scheme, number)
            check = probes.check(rng, min(max(self.budget, BUDGET[0]), LOCATION_CALLS))
            if check.verdict != "unresolved" or check.elements > affordable:
                checks[number] = check
                notes.append(probes.note(check))
        return checks, notes

    def known(self, checks: list[Check]) -> KnownArrays:
        """Return what is known of all arrays: the gradient itself, where probes passed it."""
        arrays = self.cost.tree.arrays
        gradients = arrays(self.gradient.value)
        for check in checks:
            if check.numeric is not None:
                gradients[check.parameter] = check.numeric
            elif check.verdict != "pass":
                del gradients[check.parameter]
        return KnownArrays(arrays(self.cost.theta), gradients)
