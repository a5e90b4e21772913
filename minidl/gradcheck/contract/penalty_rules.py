"""The rules of the penalty contract."""

from __future__ import annotations

import numpy as np

from ...penalties import Penalty
from ...utils.typing import Array
from ..result import Check
from .rule import Rule, detect_write, read_only, run_rules


def check_penalty_rules(penalty: Penalty, weight: Array, m: int) -> list[Check]:
    """Try every rule on a penalty; return a row for each."""

    def one_number() -> str | None:
        value = penalty.value(weight.copy(), m)
        return (
            None
            if np.ndim(value) == 0
            else f"value returns an array of shape {np.shape(value)}: one number is due"
        )

    def untouched() -> str | None:
        frozen = read_only(weight)
        return detect_write(
            "the weight",
            lambda: (penalty.value(frozen, m), penalty.gradient(frozen, m, np.zeros(weight.shape))),
        )

    def overwritten() -> str | None:
        out = np.full(weight.shape, np.nan)
        penalty.gradient(weight.copy(), m, out)
        blank = np.isnan(out)
        says = f"gradient leaves {blank.sum()} of {blank.size} elements of out unwritten, or adds to what was there"
        return says if blank.any() else None

    rules: dict[str, Rule] = {
        "one number": one_number,
        "weight untouched": untouched,
        "out overwritten": overwritten,
    }
    return run_rules(str(penalty), rules)
