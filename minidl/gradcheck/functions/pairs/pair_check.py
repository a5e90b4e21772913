"""The check of a pair: first its structure, then its rules, then the derivatives."""

from __future__ import annotations

import warnings
from contextlib import suppress
from typing import Any

import numpy as np

from ....errors import ArgumentError
from ....utils.random import check_seed
from ...contract.rule import Rule, run_rules
from ...report.report import Report
from ...result import Check
from ..budget import check_budget
from ..function_check import counted
from ..run_check import run_check
from .adopted import adopt_parameters
from .asked_elsewhere import check_with_second_point
from .double_pair import double_twin
from .editable import editable_backward
from .evidence import PairEvidence
from .inputs import check_finite_inputs
from .pair import ForwardRun, FunctionPair
from .pair_cost import PairCost
from .pair_gradients import PairGradients
from .returned import Returned
from .rows import broken_row, leave_none_unresolved, link_to_broken_rules, rows_in_order
from .rules import OBJECT_RULES, PAIR_RULES, PairRun, writing_notes


class PairCheck:
    """The check of one pair."""

    def __init__(self, pair: FunctionPair, seed: int, budget: int | None = None) -> None:
        check_budget(budget)
        check_seed(seed)
        self._pair, self._seed, self._budget = pair, seed, budget
        self._values = pair.values
        check_finite_inputs(self._values)
        self._notes = [
            f"not differentiated: {name} {why}" for name, why in pair.inputs.set_aside.items()
        ]

    def report(self) -> Report:
        """Check everything."""
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore", RuntimeWarning)
            run = self._first_run()
            rng = np.random.default_rng([self._seed, 1])  # a stream of its own
            self._pair.cotangents = self._pair.draw_cotangents(run, rng)
            try:
                self._pair.vjp(self._values)
                self._notes += adopt_parameters(self._pair)
                self._values = self._pair.values
                returned = self._pair.vjp(self._values)
            except Exception as error:
                report = self._only_rows([_raised(error, self._pair.hint_for(error, run))])
                report.notes += self._notes
                return report
            self._require_arrays()
            rows = self._test_rules(returned, self._pair.draw_cotangents(run, rng))
        report = self._derivatives(returned)
        report.checks = rows + rows_in_order(self._values, report.checks, returned)
        link_to_broken_rules(report.checks)
        report.notes += self._notes
        return report

    def _require_arrays(self) -> None:
        inputs = self._pair.inputs
        owned = self._pair.owned.values if self._pair.owned else {}
        known = list(dict.fromkeys([*inputs.names, *inputs.values, *owned]))
        unknown = sorted((inputs.wrt or set()) - set(known))
        if unknown:
            raise ArgumentError(
                f"wrt must name inputs, got {unknown[0]!r}: there are {', '.join(known)}"
            )
        if not self._values:
            reasons = "; ".join(f"{name} {why}" for name, why in inputs.set_aside.items())
            raise ArgumentError(
                "inputs must contain an array of floats to differentiate"
                + (f", but {reasons}; x.astype(float) converts it" if reasons else "")
            )

    def _first_run(self) -> ForwardRun:
        """Run forward in float64, or else in the dtypes in which the inputs were given."""
        inputs = self._pair.inputs
        coarse = [name for name, leaf in inputs.leaves.items() if leaf.dtype != np.float64]
        try:
            return self._pair.first_run(self._values)
        except Exception:
            if not coarse:
                raise
            inputs.keeps_dtypes = True
            try:
                run = self._pair.first_run(self._values)
            except Exception:
                inputs.keeps_dtypes = False
                run = None
            if run is None:
                raise
        self._notes.append(f"forward refuses float64: {', '.join(coarse)} passed as given")
        return run

    def _only_rows(self, rows: list[Check]) -> Report:
        size = sum(value.size for value in self._values.values())
        title = f"a function of {counted(len(self._values), 'array')}, {counted(size, 'element')}"
        return Report(rows, title=title, difference=1.0, method="none")

    def _test_rules(self, returned: Returned, other_cotangents: list[Any]) -> list[Check]:
        def guarded(rule: Rule[PairRun]) -> Rule[PairRun]:
            def find_violation(run: PairRun) -> str | None:
                try:
                    return rule.find_violation(run)
                except Exception as error:
                    return f"backward raises {type(error).__name__} for another dy: {error}"

            return rule._replace(find_violation=find_violation)

        run = PairRun(self._pair, self._values, other_cotangents)
        with suppress(Exception):  # which a rule reports
            self._notes += writing_notes(run)
        rules = PAIR_RULES + (OBJECT_RULES if self._pair.owned else ())
        rows = run_rules(map(guarded, rules), run, "")
        if returned.extra:
            rows.append(broken_row("number of gradients", returned.extra))
        return rows

    def _derivatives(self, returned: Returned) -> Report:
        """Compare the gradients that have the right structure; the other inputs stay fixed."""
        checked = {name: self._values[name] for name in returned.arrays}
        if not checked:
            return self._only_rows([])
        self._notes += [
            f"not differentiated: {name}, of which backward returns no gradient"
            for name in sorted(returned.not_returned)
        ]
        gradients = PairGradients(self._pair)
        evidence = PairEvidence(self._pair, self._values, self._budget)
        try:
            report = check_with_second_point(
                self._pair,
                lambda second_point: run_check(
                    PairCost(self._pair),
                    gradients,
                    checked,
                    budget=self._budget,
                    seed=self._seed,
                    evidence=evidence.of,
                    second_point=second_point,
                    reference=self._pair.reference_cost if self._pair.has_reference else None,
                    editable=editable_backward(self._pair, checked),
                    twin=double_twin(self._pair, checked, self._budget, self._seed),
                ),
            )
        except ArgumentError as error:
            if "freeze its randomness" in str(error):
                raise ArgumentError(
                    "forward must return the same for the same inputs, got two different outputs: "
                    "freeze its randomness with a seed"
                ) from None
            raise
        except Exception as error:
            if error not in gradients.errors:
                raise
            return self._only_rows([_raised(error)])
        leave_none_unresolved(report.checks, returned.none)
        return report


def _raised(error: Exception, hint: str = "") -> Check:
    return broken_row("backward", f"it raises {type(error).__name__}: {error}{hint}")
