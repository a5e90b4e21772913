"""check_penalty: one penalty, without a model."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ..gradcheck import Check, Report, check_gradients
from ..gradcheck.contract.penalty_rules import check_penalty_rules
from ..penalties import Penalty
from ..utils.typing import Array
from ..utils.underflow import without_underflow
from ..utils.validation import check_array
from .arguments import check_count, check_instance

_NEARBY = 0.3  # of the root mean square of the weight: far enough to leave any special point


@without_underflow
def check_penalty(penalty: Penalty, weight: npt.ArrayLike, m: int = 5) -> Report:
    """Check a penalty alone: the rules of the penalty contract and its gradient.

    Parameters
    ----------
    penalty : Penalty
        The penalty.
    weight : array_like
        A weight of any shape, converted to float64. The gradient is checked there and at a random
        point nearby.
    m : int, default 5
        The number of examples of the batch.

    Returns
    -------
    Report
        One check per rule (term "protocol"). If all are obeyed, two of the gradient, whose term
        is the name of the penalty.

    Raises
    ------
    ArgumentError
        If `penalty` is no Penalty, or `m` no number of examples.
    ShapeError, DtypeError, NonFiniteError
        If `weight` has no rows or contains no real or no finite numbers.

    See Also
    --------
    GradientChecker : Check a model with its penalties.

    Examples
    --------
    >>> from minidl import L1
    >>> check_penalty(L1(0.1), [[1.0, 0.0]]).ok
    True
    """
    check_instance(Penalty, penalty)
    check_count("m", m, 5)
    w = check_array(weight, "weight", np.dtype(np.float64))
    checks = check_penalty_rules(penalty, w, m)
    if all(check.verdict == "pass" for check in checks):
        size = float(np.sqrt(np.mean(w * w))) or 1.0
        nearby = w + _NEARBY * size * np.random.default_rng(0).standard_normal(w.shape)
        checks += _check_gradient(penalty, w, m, "weight")
        checks += _check_gradient(penalty, nearby, m, "weight (a point nearby)")
    return Report.from_checks(checks, title=f"{penalty} alone, m = {m}")


def _check_gradient(penalty: Penalty, weight: Array, m: int, parameter: str) -> list[Check]:
    def gradient(weight: Array) -> Array:
        out = np.full(weight.shape, np.nan)
        penalty.gradient(weight, m, out)
        return out

    checks = check_gradients(lambda weight: penalty.value(weight, m), gradient, weight).checks
    for check in checks:
        check.term, check.parameter, check.component = str(penalty), parameter, str(penalty)
    return checks
