"""The rules of the penalty contract."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ...penalties import Penalty
from ...utils.typing import Array
from ..result import Check
from .rule import Rule, run_rules
from .writes import detect_write, read_only


class PenaltyRun(NamedTuple):
    """A penalty, a weight and the number of examples."""

    penalty: Penalty
    weight: Array
    m: int


def _scalar_value(run: PenaltyRun) -> str | None:
    value = run.penalty.value(run.weight.copy(), run.m)
    if np.ndim(value) == 0:
        return None
    return f"value returns an array of shape {np.shape(value)}, expected a scalar"


def _weight_untouched(run: PenaltyRun) -> str | None:
    frozen = read_only(run.weight)

    def use() -> None:
        run.penalty.value(frozen, run.m)
        run.penalty.gradient(frozen, run.m, np.zeros(run.weight.shape))

    return detect_write("the weight", use)


def _out_overwritten(run: PenaltyRun) -> str | None:
    out = np.full(run.weight.shape, np.nan)
    run.penalty.gradient(run.weight.copy(), run.m, out)
    unwritten = np.count_nonzero(np.isnan(out))
    if not unwritten:
        return None
    return (
        f"gradient leaves {unwritten} of {out.size} elements of out unwritten, "
        "or adds to what was there"
    )


PENALTY_RULES: tuple[Rule[PenaltyRun], ...] = (
    Rule("scalar_value", "one number", _scalar_value),
    Rule("weight_untouched", "weight untouched", _weight_untouched),
    Rule("out_overwritten", "out overwritten", _out_overwritten),
)


def check_penalty_rules(penalty: Penalty, weight: Array, m: int) -> list[Check]:
    """Test every rule on a penalty of a batch of `m` examples; return a row for each."""
    return run_rules(PENALTY_RULES, PenaltyRun(penalty, weight, m), str(penalty))
