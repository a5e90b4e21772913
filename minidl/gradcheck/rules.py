"""Rules that need no derivative, as rows of a report."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..arrays import Array
from .report import Report
from .steps import ComplexStep
from .verdict import Check

Rule = Callable[[], str | None]
"""Returns None where it is kept, else a sentence about how it is broken."""

FLOAT64 = np.dtype(np.float64)


def tried(where: str, rules: dict[str, Rule]) -> list[Check]:
    """Try each rule; return a row for each."""
    checks = []
    for name, rule in rules.items():
        check = Check(None, "protocol", name, where=where, method="no derivative needed")
        if broken := rule():
            check.verdict, check.difference, check.diagnosis = "fail", 1.0, broken
        checks.append(check)
    return checks


def locked(array: Array) -> Array:
    """Return a copy that nobody can write into."""
    copy = array.copy()
    copy.flags.writeable = False
    return copy


def writes(what: str, call: Callable[[], object]) -> str | None:
    """Return a sentence if `call` writes into an array that is locked."""
    try:
        call()
    except ValueError as error:
        if "read-only" not in str(error):
            raise
        return f"it writes into {what}: {error}"
    return None


def reported(checks: list[Check], title: str) -> Report:
    """Return the report of these rows."""
    derived = [check for check in checks if check.term != "protocol"]
    methods = sorted({check.method.split(",")[0] for check in derived if check.method}) or [ComplexStep.name]
    number = max((check.difference for check in derived), default=0.0)
    return Report(checks, title=title, difference=number, method=" and ".join(methods))
