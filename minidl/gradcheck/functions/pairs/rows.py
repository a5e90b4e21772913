"""The rows of the check of a pair that are no comparison of numbers, and their order."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ....utils.typing import Array
from ...result import Check
from ..structure import failed_row
from .returned import Returned
from .rules import DY_IGNORED


def broken_row(title: str, words: str) -> Check:
    """Return the row of a broken rule."""
    check = Check(None, "protocol", title, method="no derivative needed")
    check.verdict, check.difference, check.diagnosis = "fail", 1.0, words
    return check


def rows_in_order(
    values: Mapping[str, Array], checks: list[Check], returned: Returned
) -> list[Check]:
    """Insert the rows of gradients that could not be compared, in the order of the inputs."""
    rows = [check for check in checks if check.parameter not in values]
    by_name = {check.parameter: check for check in checks}
    for name, value in values.items():
        if name in returned.problems:
            rows.append(failed_row(name, returned.problems[name], value.size))
        elif name in by_name:
            rows.append(by_name[name])
    return rows


def leave_none_unresolved(checks: list[Check], none: set[str]) -> None:
    """Call an array unresolved if the output depends on it, though its gradient is None."""
    for check in checks:
        if check.parameter in none and check.verdict == "fail":
            check.verdict, check.resolution = "unresolved", np.inf
            check.diagnosis = (
                "backward returns None for it, though the output depends on it: return its "
                "gradient, or leave it out by wrt"
            )


def link_to_broken_rules(checks: list[Check]) -> None:
    """Explain wrong gradients by a broken rule: all if dy is ignored, else the unexplained ones."""
    failed = [check for check in checks if check.verdict == "fail"]
    broken = next((check.diagnosis for check in failed if check.term == "protocol"), "")
    dy_ignored = broken.startswith(DY_IGNORED)
    for check in failed if broken else ():
        unknown = check.diagnosis.startswith("unknown")
        if check.term != "protocol" and (unknown or (dy_ignored and check.analytic is not None)):
            check.diagnosis = f"consistent with a broken rule: {broken}"
