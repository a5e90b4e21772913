"""Rules that need no derivative, and the rows that they give."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Generic, NamedTuple, TypeVar

from ..result import Check

Subject = TypeVar("Subject")


class Rule(NamedTuple, Generic[Subject]):
    """A rule of a contract.

    Attributes
    ----------
    id
        A short name for code.
    title
        What the report shows as the check's `parameter`.
    find_violation
        Tests the subject; returns a sentence about how it breaks the rule, or None.
    """

    id: str
    title: str
    find_violation: Callable[[Subject], str | None]


def run_rules(rules: Iterable[Rule[Subject]], subject: Subject, component: str) -> list[Check]:
    """Test every rule on a subject and return a row for each.

    Parameters
    ----------
    rules : iterable of Rule
        The rules, in the order of the rows.
    subject
        What the rules take.
    component : str
        The `component` of the rows.

    Returns
    -------
    list of Check
        Of term "protocol".
    """
    checks = []
    for rule in rules:
        check = Check(
            None, "protocol", rule.title, component=component, method="no derivative needed"
        )
        violation = rule.find_violation(subject)
        if violation:
            check.verdict, check.difference, check.diagnosis = "fail", 1.0, violation
        checks.append(check)
    return checks
