"""Gradients that are zero because their terms cancel over the batch."""

from __future__ import annotations

import math

import numpy as np

from ...utils.typing import Array
from ..constants import MAX_BAR_FRACTION
from ..result import Check
from .probes import Probe

ZERO_HERE = "zero here: its terms cancel over the batch, and both sides are only their rounding"
"""The diagnosis of a check that passes for this reason."""


def accept_zero(check: Check, probes: list[Probe], cotangent: Array) -> None:
    """Let a check pass as "zero here" if the gradient is zero within the rounding of its terms.

    A bias before batch normalization has such a gradient.

    Parameters
    ----------
    check : Check
        What was found. It is changed only if both sides are within the error bars, and these are
        small beside the incoming gradient: otherwise something is hidden.
    probes : list of Probe
        What was found along directions, if not every element was computed.
    cotangent : ndarray
        The incoming gradient.
    """
    if check.verdict == "fail":
        return
    limit = MAX_BAR_FRACTION * float(np.linalg.norm(cotangent))
    if check.analytic is not None and check.numeric is not None and check.bar is not None:
        bar = np.linalg.norm(check.bar)
        sizes = [np.linalg.norm(check.analytic), np.linalg.norm(check.numeric)]
        is_zero = 0 < max(sizes) <= bar <= limit
    else:
        is_zero = bool(probes) and all(
            max(abs(values.analytic), abs(values.numeric)) <= values.bar <= limit
            and values.terms <= values.bar * math.sqrt(check.elements)
            for _, values in probes
        )
    if is_zero:
        check.verdict, check.diagnosis, check.difference = "pass", ZERO_HERE, 0.0
