"""A finer look at an array whose differences would hide slight errors."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ...utils.typing import Array
from ..numeric.differences import RombergDifference
from ..result import Check
from ..rounding.compare import root_mean_square
from .array_probes import ArrayProbes
from .constants import FEWEST_WRONG_PROBES, FINER_PROBES, MAX_BAR_EXACT
from .precision.directions import random_direction
from .precision.resolution import resolution


def look_finer(
    check: Check, probes: ArrayProbes, number: int, at_kink: Array | None = None
) -> None:
    """Probe an array that passes along random directions, by long steps that are precise.

    One element contributes little to a cost, so that rounding hides slight errors of its slope. All
    elements together contribute more.

    Parameters
    ----------
    check : Check
        The check of the array by Richardson's differences. It passes if no error above
        `MAX_BAR_EXACT` is hidden, fails if one is seen, and is unresolved otherwise. Where it does
        not pass, it stays as it is.
    probes : ArrayProbes
        The array.
    number : int
        Its number, which seeds the directions.
    at_kink : ndarray of shape (n,), optional
        Which elements sit on a kink, where `check` has any: they do not move. Others may cross the
        same kinks, so that nothing is unresolved then.
    """
    is_fine = check.resolution <= MAX_BAR_EXACT or not np.isfinite(check.resolution)
    if check.verdict != "pass" or check.diagnosis or is_fine:
        return
    moves = np.ones(probes.value.size, bool) if at_kink is None else ~at_kink
    if (check.kinks and at_kink is None) or not probes.analytic[moves].any():
        return
    rng = np.random.default_rng([number, 3])  # a stream of its own
    move = (root_mean_square(probes.value) or 1.0) * moves
    directions = [random_direction(move, rng).vector for _ in range(FINER_PROBES)]
    # Elements are rounded as they move, which changes the cost like numbers of this size.
    of_elements = float(np.linalg.norm(probes.analytic * probes.value))
    finer = replace(probes, scheme=RombergDifference(of_elements))
    found = [finer.along(direction) for direction in directions]
    reached = resolution(
        probes.analytic[moves],
        [direction[moves] for direction in directions],
        [values.bar for values in found],
    )
    if not check.kinks:
        check.resolution = min(check.resolution, reached)
    wrong = [values for values in found if abs(values.analytic - values.numeric) > values.bar]
    if len(wrong) >= FEWEST_WRONG_PROBES:
        worst = max(wrong, key=lambda values: abs(values.analytic - values.numeric) / values.bar)
        check.verdict = "fail"
        check.worst = {"analytic": worst.analytic, "numeric": worst.numeric, "bar": worst.bar}
        check.diagnosis = (
            f"slightly off along {len(wrong)} of {len(found)} random directions, by less than "
            "differences of single elements show: a slight mistake, or a constant or a part of it "
            "in single precision"
        )
    elif not check.kinks and (wrong or check.resolution > MAX_BAR_EXACT):
        check.verdict = "unresolved"
        check.diagnosis = "rounding floor: it hides slight errors"
