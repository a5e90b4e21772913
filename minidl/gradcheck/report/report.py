"""The result of a gradient check."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from ...errors import MinidlError
from ...escaping import escaped_lines
from ...html_pages.markup import element
from ...html_pages.page import fragment, save_page
from ...html_pages.tables import checked_facts, facts
from ...utils.atomic_files import FilePath
from ...utils.output import is_terminal
from ..result import Check, latest_first
from .content import ReportContent
from .html import render_html
from .json import render_json
from .summary import further_findings, verdict_line
from .table import table_rows
from .text import render_text

_LIKELY_ORIGIN = {"layer": 0, "protocol": 1, "data": 3, "total": 4}
"""Terms in the order in which to look for a mistake; `_PREDICTION` and penalties in between."""

_PREDICTION = _PENALTY = 2
_OUTER_LAYER = 5  # fails because of a layer inside of it


class GradientError(MinidlError, AssertionError):
    """A gradient is wrong, or could not be shown to be right; the message is the report.

    It is an `AssertionError`, so that test runners show a failed test.
    """

    def __str__(self) -> str:
        return escaped_lines(AssertionError.__str__(self))


class Report:
    """The result of a gradient check.

    `GradientChecker.check`, `check_gradients`, `check_function` and the functions of
    `minidl.adapters` and `minidl.testing` return it. ``print(report)`` shows it as text; in a
    notebook it is a table.

    Parameters
    ----------
    checks : list of Check
        The comparisons.
    title : str
        What was checked.
    difference : float
        The relative error of the whole gradient.
    method : str
        How the numeric derivatives were computed.

    Attributes
    ----------
    checks : list of Check
        Every comparison, in the order of work.
    difference : float
        The relative error ||g - n|| / (||g|| + ||n||) of the analytic gradient g of the whole
        objective to the numeric one n, if every element was computed; otherwise the largest
        relative error of a probe.
    title, method : str
        What was checked, and how the numeric derivatives were computed.
    notes : list of str
        What else the reader should know, such as elements that could not be tested.
    mutation_score : tuple of int or None
        (detected, injected): how many of the bugs that were injected into the model itself the
        checker detected. None if no bugs were injected, as after a failure.
    surviving_mutants : list of str
        The injected bugs that were not detected.
    seconds : float
        How long the check took.

    See Also
    --------
    Check : One comparison.
    minidl.plots.gradient_errors : Draw which elements are wrong.

    Examples
    --------
    >>> from minidl import check_gradients
    >>> report = check_gradients(lambda p: p**3, lambda p: 3 * p, 2.0)  # wrong: 3 * p**2
    >>> report.ok, report.guilty.parameter, round(report.difference, 3)
    (False, 'parameters', 0.333)
    """

    def __init__(self, checks: list[Check], *, title: str, difference: float, method: str) -> None:
        self.checks = checks
        self.title = title
        self.difference = difference
        self.method = method
        self.notes: list[str] = []
        self.mutation_score: tuple[int, int] | None = None
        self.surviving_mutants: list[str] = []
        self.seconds = 0.0

    @classmethod
    def from_checks(cls, checks: list[Check], *, title: str) -> Report:
        """Make a report whose method and difference are those of its checks.

        Parameters
        ----------
        checks : list of Check
            The comparisons.
        title : str
            What was checked.

        Returns
        -------
        Report
            `difference` is the largest of the checks; broken rules do not count.
        """
        derivatives = [check for check in checks if check.term != "protocol"]
        methods = sorted({check.method.split(",")[0] for check in derivatives if check.method})
        return cls(
            checks,
            title=title,
            difference=max((check.difference for check in derivatives), default=0.0),
            method=" and ".join(methods) or "complex step",
        )

    @property
    def ok(self) -> bool:
        """Whether nothing failed, and each array passed a check that could have failed.

        A gradient that is zero on both sides, within the rounding of the terms that cancel, passes.
        """
        return self.status == "ok"

    @property
    def status(self) -> str:
        """The outcome: "ok", "failed" or "unresolved"."""
        if self.failures:
            return "failed"
        return "unresolved" if self.unresolved else "ok"

    @property
    def unresolved(self) -> list[Check]:
        """The checks that decide nothing: a mistake could be hidden by their error bars.

        `Check.resolution` says how small an error each of them could have seen.
        """
        return [check for check in self.checks if check.verdict == "unresolved"]

    @property
    def failures(self) -> list[Check]:
        """The failed checks, the likeliest origin of the others first."""

        def origin(check: Check) -> int:
            if check.caused_by and check.term in ("layer", "protocol"):
                return _OUTER_LAYER
            if check.parameter == "prediction":
                return _PREDICTION
            return _LIKELY_ORIGIN.get(check.term, _PENALTY)

        failed = [check for check in self.checks if check.verdict == "fail"]
        # Of the arrays of a function, an error in one explains those in arrays before it.
        is_array = [check.layer is None and check.term == "total" for check in failed]
        arrays = [check for check, one in zip(failed, is_array, strict=True) if one]
        others = [check for check, one in zip(failed, is_array, strict=True) if not one]
        failed = others + latest_first(arrays)
        failed.sort(key=lambda check: -1 if check.layer is None else check.layer)
        return sorted(failed, key=origin)

    @property
    def guilty(self) -> Check | None:
        """The failed check at which to look first, or None."""
        return next(iter(self.failures), None)

    def raise_if_failed(self, *, allow_unresolved: bool = False) -> Report:
        """Raise an error with this report as its message unless it is ok.

        Parameters
        ----------
        allow_unresolved : bool, default False
            Whether to accept checks that could not decide; those that failed raise in any case.

        Returns
        -------
        Report
            This report.

        Raises
        ------
        GradientError
            If a check failed or, unless that is allowed, is unresolved.
        """
        if not (self.ok or (allow_unresolved and not self.failures)):
            raise GradientError(self.text(colour=False))
        return self

    def text(self, *, colour: bool | None = None) -> str:
        """Return the report as text.

        Parameters
        ----------
        colour : bool, optional
            Whether to colour the verdicts by ANSI codes. By default, if standard output is a
            terminal and the environment variable NO_COLOR is not set.

        Returns
        -------
        str
            A table of the checks, the verdict, the diagnosis of the failures, and the notes.
        """
        if colour is None:
            colour = is_terminal(sys.stdout) and "NO_COLOR" not in os.environ
        return render_text(self._content(), colour=colour)

    def to_json(self) -> str:
        """Return the report as JSON, without its arrays.

        Returns
        -------
        str
            An object with the attributes of the report, "ok", "status", "guilty" (in words) and a
            list of "checks". Numbers that are not finite are the strings "nan", "inf" and "-inf".
        """
        fields = {
            "ok": self.ok,
            "status": self.status,
            **vars(self),
            "guilty": self.guilty.location if self.guilty else None,
        }
        return render_json(fields, self.checks)

    def save(self, path: FilePath, *, about: Mapping[str, str] | None = None) -> Path:
        """Write the report as a page of HTML, one file that needs no network.

        Parameters
        ----------
        path : path-like
            The file, whose name ends in .html; an old one is replaced.
        about : dict of str to str, optional
            What else the page is to tell, such as ``{"data": "moons"}``.

        Returns
        -------
        Path
            The path.

        Raises
        ------
        ArgumentError
            If the name of the file ends otherwise, or `about` holds anything but texts.
        DataError
            If the file cannot be written.

        Examples
        --------
        >>> import tempfile
        >>> from minidl import check_gradients
        >>> report = check_gradients(lambda p: p**3, lambda p: 3 * p, 2.0)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     report.save(f"{folder}/report.html", about={"task": "week 2"}).name
        'report.html'
        """
        content = [render_html(self._content())]
        if about:
            content = [*content, element("h2", "What was checked"), facts(checked_facts(about))]
        return save_page(path, "Report.save", f"Gradient check of {self.title}", *content)

    def _content(self) -> ReportContent:
        return ReportContent(
            title=self.title,
            status=self.status,
            method=self.method,
            seconds=self.seconds,
            rows=table_rows(self.checks),
            verdict=verdict_line(self.checks, self.difference),
            failures=self.failures,
            further_findings=further_findings(self.checks, self.failures),
            mutation_score=self.mutation_score,
            surviving_mutants=self.surviving_mutants,
            notes=self.notes,
        )

    def __str__(self) -> str:
        return self.text()

    def __repr__(self) -> str:
        return f"Report({verdict_line(self.checks, self.difference)})"

    def _repr_html_(self) -> str:
        title = element("h2", f"Gradient check of {self.title}")
        return fragment(title, render_html(self._content()))
