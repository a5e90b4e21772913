"""What a report shows, whatever the format."""

from __future__ import annotations

from typing import NamedTuple

from ..result import Check
from .table import Row


class ReportContent(NamedTuple):
    """What a report says; `failures` begin with the likeliest origin of the others.

    `status` is "ok", "failed" or "unresolved"; `mutation_score` is (detected, injected) bugs, or
    None where none were injected.
    """

    title: str
    status: str
    method: str
    seconds: float
    rows: list[Row]
    verdict: str
    failures: list[Check]
    further_findings: list[str]
    mutation_score: tuple[int, int] | None
    surviving_mutants: list[str]
    notes: list[str]
