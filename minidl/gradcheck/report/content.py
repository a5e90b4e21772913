"""What a report shows, whatever the format."""

from __future__ import annotations

from typing import NamedTuple

from .table import Row


class ReportContent(NamedTuple):
    """The strings of a report.

    `status` is "ok", "failed" or "unresolved"; `mutation_score` is (detected, injected) bugs, or
    None where none were injected.
    """

    title: str
    status: str
    method: str
    seconds: float
    rows: list[Row]
    verdict: str
    findings: list[str]
    mutation_score: tuple[int, int] | None
    surviving_mutants: list[str]
    notes: list[str]
