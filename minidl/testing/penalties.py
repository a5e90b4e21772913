"""Penalties."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ..arrays import Array, door
from ..errors import ArgumentError
from ..gradcheck import Report, check_gradients
from ..gradcheck.protocol import check_penalty_protocol
from ..gradcheck.rules import FLOAT64, reported
from ..penalties import Penalty


def check_penalty(penalty: Penalty, weight: npt.ArrayLike, m: int = 5) -> Report:
    """Check a penalty: its gradient at `weight` and at a generic point nearby, and the rules of `Penalty`.

    Parameters
    ----------
    penalty : Penalty
    weight : array_like
    m : int, default 5
        How many examples the batch has.

    Examples
    --------
    >>> from minidl import L1, L2
    >>> check_penalty(L2(0.1), [[1.0, -2.0]]).ok, check_penalty(L1(0.1), [[1.0, 0.0]]).ok
    (True, True)
    """
    if not isinstance(penalty, Penalty):
        raise ArgumentError(f"penalty must be a Penalty, got {penalty!r}: derive it from minidl.Penalty")
    w = door(weight, "weight", FLOAT64)
    rng = np.random.default_rng(0)

    def gradient(w: Array) -> Array:
        out = np.full(w.shape, np.nan)
        penalty.gradient(w, m, out)
        return out

    checks = check_penalty_protocol(penalty, w, m)
    if all(check.verdict == "pass" for check in checks):
        size = float(np.sqrt(np.mean(w * w))) or 1.0
        points = {"weight": w, "weight (a point nearby)": w + 0.3 * size * rng.standard_normal(w.shape)}
        for name, at in points.items():
            for check in check_gradients(lambda w: penalty.value(w, m), gradient, at).checks:
                check.term, check.parameter, check.where = str(penalty), name, str(penalty)
                checks.append(check)
    return reported(checks, f"{penalty} alone, m = {m}")
