"""The check of a pair in float64."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import copy
from typing import Any

import numpy as np

from ....utils.typing import Array
from ...report.report import Report
from ..precision.double_twin import DoubleCopies, DoubleSides, DoubleTwin
from ..run_check import run_check
from .editable import editable_backward
from .evidence import PairEvidence
from .pair import FunctionPair
from .pair_cost import PairCost
from .pair_gradients import PairGradients

_DIGITS = 2.0**-30
"""Relative: far below the rounding of float32."""


def double_twin(
    pair: FunctionPair, checked: Mapping[str, Array], budget: int | None, seed: int
) -> DoubleTwin:
    """Return the check of the same pair in float64, for the arrays that are checked."""

    def build() -> DoubleSides:
        double = in_double(pair)
        return DoubleSides(
            PairCost(double), PairGradients(double), lambda: _check(double, checked, budget, seed)
        )

    return DoubleTwin(build)


def _check(
    double: FunctionPair, checked: Mapping[str, Array], budget: int | None, seed: int
) -> Report:
    pair = with_all_digits(double)
    return run_check(
        PairCost(pair),
        PairGradients(pair),
        checked,
        budget=budget,
        seed=seed,
        evidence=PairEvidence(pair, pair.values, budget).of,
        second_point=False,
        editable=editable_backward(pair, checked),
    )


def in_double(pair: FunctionPair) -> FunctionPair:
    """Return a pair of the same functions in float64, with the same incoming gradients."""
    copies = DoubleCopies()
    double = copy(pair)
    double.forward, double.backward = copies.of(pair.forward), copies.of(pair.backward)
    double.cotangents = [_changed(dy, lambda double: double) for dy in pair.cotangents]
    return double


def with_all_digits(pair: FunctionPair) -> FunctionPair:
    """Return a pair with the same incoming gradients to within the rounding of float32.

    They have digits that float32 does not have: a multiple of them would look rounded otherwise.
    """
    if not pair.takes_dy:
        return pair
    rng = np.random.default_rng(0)
    other = copy(pair)
    other.cotangents = [
        _changed(dy, lambda x: x * (1 + _DIGITS * rng.uniform(-1, 1, x.shape)))
        for dy in pair.cotangents
    ]
    return other


def _changed(dy: Any, change: Callable[[Array], Array]) -> Any:
    if dy is None or np.asarray(dy).dtype.kind != "f":
        return dy
    changed = change(np.asarray(dy, dtype=np.float64))
    return changed if isinstance(dy, np.ndarray) else np.float64(changed)
