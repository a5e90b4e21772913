"""The conclusions of a report, in words."""

from __future__ import annotations

from ..result import Check

MAX_FAILURES = 6
"""Failures that are described; the table has all of them."""

_MAX_CONSEQUENCES = 8
_MAX_UNRESOLVED = 4


def verdict_line(checks: list[Check], difference: float) -> str:
    """Return the outcome of all checks on one line."""
    failed = sum(check.verdict == "fail" for check in checks)
    unresolved = sum(check.verdict == "unresolved" for check in checks)
    outcome = f"ok: {len(checks)} checks passed"
    if failed:
        outcome = f"FAILED: {failed} of {len(checks)} checks"
    elif unresolved:
        outcome = f"UNRESOLVED: {unresolved} of {len(checks)} checks"
    return f"{outcome}; difference {difference:.3g}"


def origins(failures: list[Check]) -> list[Check]:
    """Return the failures that are no consequence of another one, in their order."""
    return [check for check in failures if not check.caused_by]


def descriptions(failures: list[Check]) -> list[str]:
    """Return lines on the failures that are no consequence of another one."""
    described = origins(failures)
    lines = [line for check in described[:MAX_FAILURES] for line in _describe(check)]
    if len(described) > MAX_FAILURES:
        lines.append(f"... and {len(described) - MAX_FAILURES} more: see report.failures")
    return lines


def further_findings(checks: list[Check], failures: list[Check]) -> list[str]:
    """Return lines on the consequences among the `failures`, and on unresolved `checks`."""
    consequences = [check for check in failures if check.caused_by]
    lines: list[str] = []
    if consequences:
        listed = ", ".join(
            f"{check.term} {check.path} {check.parameter}"
            for check in consequences[:_MAX_CONSEQUENCES]
        )
        more = " ..." if len(consequences) > _MAX_CONSEQUENCES else ""
        lines.append(f"possible consequences: {listed}{more}")
    unresolved = [check for check in checks if check.verdict == "unresolved"]
    lines += [
        f"{check.location} ({check.term}), unresolved: {check.diagnosis}; {_what_was_seen(check)}"
        for check in unresolved[:_MAX_UNRESOLVED]
    ]
    if len(unresolved) > _MAX_UNRESOLVED:
        lines.append(f"... and {len(unresolved) - _MAX_UNRESOLVED} more: see report.unresolved")
    return lines


def _what_was_seen(check: Check) -> str:
    if check.resolution >= 1:
        return "no error could have been seen"
    return f"errors below {check.resolution:.1e} of the array would not have been seen"


def _describe(check: Check) -> list[str]:
    lines = [f"{check.location} ({check.term}): {check.diagnosis or 'unknown cause'}"]
    if check.worst:
        place = f" at {tuple(check.worst['index'])}" if check.worst.get("index") else ""
        values = "analytic {analytic:.9g}, numeric {numeric:.9g} +- {bar:.1e}"
        lines.append(f"    worst{place}: {values.format(**check.worst)}")
    if check.error_summary:
        lines.append(f"    {check.error_summary}")
    return lines
