"""Rules that need no derivative: how they are run, and how a write is detected."""

from __future__ import annotations

from collections.abc import Callable

from ...utils.typing import Array
from ..result import Check

Rule = Callable[[], str | None]  # None where it is kept, else a sentence about how it is broken


def run_rules(where: str, rules: dict[str, Rule]) -> list[Check]:
    """Try rules that need no derivative; return a row for each."""
    checks = []
    for name, rule in rules.items():
        check = Check(None, "protocol", name, component=where, method="no derivative needed")
        if broken := rule():
            check.verdict, check.difference, check.diagnosis = "fail", 1.0, broken
        checks.append(check)
    return checks


def read_only(array: Array) -> Array:
    """Return a read-only copy."""
    copy = array.copy()
    copy.flags.writeable = False
    return copy


def detect_write(what: str, call: Callable[[], object]) -> str | None:
    """Say so if `call` writes into a locked array."""
    try:
        call()
    except ValueError as error:
        if "read-only" not in str(error):
            raise
        return f"it writes into {what}: {error}"
    return None
