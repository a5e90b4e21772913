"""The second point of a backward function that reads an input itself."""

from __future__ import annotations

from collections.abc import Callable

from ...report.report import Report
from ..call_rules import FOLLOWS
from .pair import FunctionPair


def check_with_second_point(pair: FunctionPair, check: Callable[[bool], Report]) -> Report:
    """Check a pair, and ask its backward function at a second point.

    Where backward reads an input from a closure or a global, that variable has the values of the
    second point, too; or else it stays as it is, such as a set of data of which the size is read.
    A gradient that is right in neither case fails.

    Parameters
    ----------
    pair : FunctionPair
        The pair.
    check : callable
        ``check(second_point)`` returns the report.

    Returns
    -------
    Report
        The report, with a note if backward is right for this input alone.
    """
    captured = pair.captured
    reads = f"backward reads {', '.join(captured.names)} itself, not as an argument or from a cache"
    if captured.names and captured.can_be_renewed:
        pair.renews = True
        report = check(True)
        pair.renews = False
        if _follows(report):
            report.notes.append(
                f"{reads}: it got the values of each call here, and is right for no other input "
                "than the one that it reads"
            )
            return report
    report = check(True)
    if not captured.names or _follows(report):
        return report
    if captured.can_be_renewed and not pair.inputs.captured_by(pair.forward).names:
        return report
    report = check(False)
    report.notes.append(
        f"{reads}: it is right for this input alone, so it was not asked at a second point"
    )
    return report


def _follows(report: Report) -> bool:
    return not any(check.parameter == FOLLOWS for check in report.failures)
