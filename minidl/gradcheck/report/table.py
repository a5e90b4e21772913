"""The table of a report: one row per check, the worst last."""

from __future__ import annotations

from typing import NamedTuple

from ..result import Check

VERDICTS = ("pass", "unresolved", "fail")
"""In the order of the table."""


class Row(NamedTuple):
    """One row of the table, as strings."""

    verdict: str
    term: str
    layer: str
    parameter: str
    elements: str
    difference: str


HEADER = Row(*Row._fields)


def table_rows(checks: list[Check]) -> list[Row]:
    """Return the rows; the rules that a layer obeys are one row."""
    return [_row(check) for check in sorted(_merge_passed_rules(checks), key=_severity)]


def _merge_passed_rules(checks: list[Check]) -> list[Check]:
    passed_rules: dict[tuple[int | None, str, bool], list[Check]] = {}
    others = []
    for check in checks:
        if check.term == "protocol" and check.verdict == "pass":
            passed_rules.setdefault((check.layer, check.inner, check.training), []).append(check)
        else:
            others.append(check)
    merged = [
        Check(
            layer,
            "protocol",
            f"{len(rules)} rules",
            component=rules[0].component,
            training=training,
            inner=inner,
        )
        for (layer, inner, training), rules in passed_rules.items()
    ]
    return merged + others


def _severity(check: Check) -> tuple[int, float]:
    return VERDICTS.index(check.verdict), check.verdict != "pass" and check.difference


def _row(check: Check) -> Row:
    layer = check.component if check.layer is None else f"{check.path} {check.component}"
    return Row(
        check.verdict,
        check.term,
        layer,
        check.parameter + " (training)" * check.training,
        f"{check.elements or ''}",
        "" if check.term == "protocol" else f"{check.difference:.1e}",
    )
