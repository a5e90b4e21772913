"""The check of a pair in float64."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from typing import Any

import numpy as np

from ....utils.typing import Array
from ...report.report import Report
from ..precision.double_twin import DoubleCopies, DoubleTwin
from ..run_check import run_check
from .editable import editable_backward
from .evidence import PairEvidence
from .pair import FunctionPair
from .pair_cost import PairCost
from .pair_gradients import PairGradients


def double_twin(
    pair: FunctionPair, checked: Mapping[str, Array], budget: int | None, seed: int
) -> DoubleTwin:
    """Return the check of the same pair in float64, for the arrays that are checked."""
    double = in_double(pair)

    def check() -> Report:
        return run_check(
            PairCost(double),
            PairGradients(double),
            checked,
            budget=budget,
            seed=seed,
            evidence=PairEvidence(double, double.values, budget).of,
            second_point=False,
            editable=editable_backward(double, checked),
        )

    return DoubleTwin(PairGradients(double), check)


def in_double(pair: FunctionPair) -> FunctionPair:
    """Return a pair of the same functions in float64, with the same incoming gradients."""
    copies = DoubleCopies()
    double = copy(pair)
    double.forward, double.backward = copies.of(pair.forward), copies.of(pair.backward)
    double.cotangents = [_in_double(dy) for dy in pair.cotangents]
    return double


def _in_double(dy: Any) -> Any:
    if dy is None or np.asarray(dy).dtype.kind != "f":
        return dy
    double = np.asarray(dy, dtype=np.float64)
    return double if isinstance(dy, np.ndarray) else double[()]
