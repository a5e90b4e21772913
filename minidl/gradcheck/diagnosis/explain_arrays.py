"""Explain the failed checks of a function of several arrays."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple

from ...utils.typing import Array
from ..result import Check, latest_first
from .diagnose import UNKNOWN
from .evidence import Evidence
from .explain_array import explain_array
from .patterns.origin import penalty_coefficients
from .tape.wrong_operation import Recorder, WrongOperation

EvidenceSource = Callable[[Check], dict[str, Any]]
"""Returns what is known about a failed check beyond its numbers: fields of `Evidence`."""


class KnownArrays(NamedTuple):
    """The arrays that a function takes, and their numeric gradients, by name.

    `recorder` records the function. `rounding` is that of each analytic gradient in low precision,
    whose `gradients` are the analytic ones where an array passed.
    """

    values: dict[str, Array]
    gradients: dict[str, Array]
    recorder: Recorder | None = None
    rounding: Mapping[str, Array] = {}


def explain_arrays(
    checks: list[Check], known: KnownArrays, source: EvidenceSource | None = None
) -> None:
    """Explain the failed checks of the arrays of a function.

    An array may be wrong because one is that is computed later. What `source` tells comes first.
    """
    operation = WrongOperation(checks, known.recorder, known.gradients, known.rounding)
    failed = [check for check in latest_first(checks) if check.verdict == "fail"]
    coefficients = _penalty_coefficients(failed, known)
    latest = ""
    for check in failed:
        name = check.parameter
        others = {other: g for other, g in known.gradients.items() if other != name}
        evidence: dict[str, Any] = {
            "name": name,
            "inputs": known.values,
            "parameter_value": known.values.get(name),
            "other_gradients": others,
            "penalty_coefficients": coefficients,
            "later_error": latest,
            "find_operation": partial(operation.find, name),
        }
        evidence |= source(check) if source else {}
        if evidence.get("cotangent") is not None:
            evidence["parameter_value"] = None  # a cost of this kind has no penalty
        explain_array(check, **evidence)
        later = evidence["later_error"]
        if later and check.diagnosis == UNKNOWN:
            check.diagnosis += f"; it may follow from the error in {later}"
        latest = latest or name


def _penalty_coefficients(failed: list[Check], known: KnownArrays) -> list[float]:
    """Return the errors of arrays that are proportional to the arrays themselves."""
    return [
        coefficient
        for check in failed
        if check.analytic is not None and check.numeric is not None and check.analytic.size > 1
        for _, coefficient in penalty_coefficients(
            Evidence(
                check.analytic, check.numeric, parameter_value=known.values.get(check.parameter)
            )
        )
    ]
