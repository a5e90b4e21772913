"""The noise of numbers along a line, from the differences of their differences."""

from __future__ import annotations

from math import comb
from typing import NamedTuple

import numpy as np

from ....utils.typing import Array
from .constants import ORDERS_AGREEMENT


class TableNoise(NamedTuple):
    """A standard deviation, and whether the orders of the table agree on it."""

    deviation: float
    is_reliable: bool


def ecnoise(values: Array) -> TableNoise:
    """Return the noise of values at equal distances (ECNoise: Moré and Wild, 2011).

    The first of three successive orders that agree, and that change sign, counts.
    """
    differences, deviations, changes_sign = values, [], []
    for order in range(1, len(values) - 2):
        differences = np.diff(differences)
        deviations.append(float(np.sqrt(np.mean(differences**2) / comb(2 * order, order))))
        changes_sign.append(differences.min() < 0 < differences.max())
    for order, changes in enumerate(changes_sign[:-2]):
        three = deviations[order : order + 3]
        if changes and max(three) <= ORDERS_AGREEMENT * min(three):
            return TableNoise(three[0], True)
    return TableNoise(deviations[-1], False)


def fourth_difference_noise(values: Array) -> Array:
    """Return the noise of each column, from fourth differences along the first axis."""
    squares = (np.diff(values, 4, axis=0) ** 2).mean(axis=0)
    deviation: Array = np.sqrt(squares / comb(8, 4))
    return deviation
