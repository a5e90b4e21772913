"""Penalties."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ..arrays import Array, door
from ..errors import ArgumentError
from ..gradcheck import Report, check_gradients
from ..gradcheck.rules import FLOAT64, Rule, locked, reported, tried, writes
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

    def one_number() -> str | None:
        value = penalty.value(w.copy(), m)
        return None if np.ndim(value) == 0 else f"value returns an array of shape {np.shape(value)}: one number is due"

    def untouched() -> str | None:
        return writes("the weight", lambda: (penalty.value(locked(w), m), penalty.gradient(locked(w), m, np.zeros(w.shape))))

    def overwritten() -> str | None:
        blank = np.isnan(gradient(w))
        if not blank.any():
            return None
        return f"gradient leaves {blank.sum()} of {blank.size} elements of out unwritten, or adds to what was there: write it whole"

    rules: dict[str, Rule] = {"one number": one_number, "weight untouched": untouched, "out overwritten": overwritten}
    checks = tried(str(penalty), rules)
    if all(check.verdict == "pass" for check in checks):
        size = float(np.sqrt(np.mean(w * w))) or 1.0
        points = {"weight": w, "weight (a point nearby)": w + 0.3 * size * rng.standard_normal(w.shape)}
        for name, at in points.items():
            for check in check_gradients(lambda w: penalty.value(w, m), gradient, at).checks:
                check.term, check.parameter, check.where = str(penalty), name, str(penalty)
                checks.append(check)
    return reported(checks, f"{penalty} alone, m = {m}")
