"""Several checks of one object as one report."""

from __future__ import annotations

from collections.abc import Iterable

from ..gradcheck.report.report import Report


def merge_reports(reports: Iterable[Report], title: str) -> Report:
    """Return one report with the rows and notes of several ones.

    Parameters
    ----------
    reports : iterable of Report
        The reports, whose rows have different names.
    title : str
        What was checked.

    Returns
    -------
    Report
        All rows in order; a note that several reports have stands once.
    """
    reports = list(reports)
    merged = Report.from_checks([check for each in reports for check in each.checks], title=title)
    merged.difference = max(report.difference for report in reports)
    merged.notes = list(dict.fromkeys(note for report in reports for note in report.notes))
    merged.seconds = sum(report.seconds for report in reports)
    return merged
