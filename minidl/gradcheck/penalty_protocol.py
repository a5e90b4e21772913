"""The protocol of a penalty: what no derivative sees, as `protocol.py` does for layers."""

from __future__ import annotations

import numpy as np

from ..arrays import Array
from ..penalties import Penalty
from .verdict import Check, Rule, locked, tried, writes


def check_penalty_protocol(penalty: Penalty, weight: Array, m: int) -> list[Check]:
    """Try every rule on a penalty, for one weight array and a batch of `m` examples; return a row for each."""

    def one_number() -> str | None:
        value = penalty.value(weight.copy(), m)
        return None if np.ndim(value) == 0 else f"value returns an array of shape {np.shape(value)}: one number is due"

    def untouched() -> str | None:
        frozen = locked(weight)
        return writes("the weight", lambda: (penalty.value(frozen, m), penalty.gradient(frozen, m, np.zeros(weight.shape))))

    def overwritten() -> str | None:
        out = np.full(weight.shape, np.nan)
        penalty.gradient(weight.copy(), m, out)
        blank = np.isnan(out)
        if not blank.any():
            return None
        return f"gradient leaves {blank.sum()} of {blank.size} elements of out unwritten, or adds to what was there: write it whole"

    rules: dict[str, Rule] = {"one number": one_number, "weight untouched": untouched, "out overwritten": overwritten}
    return tried(str(penalty), rules)
