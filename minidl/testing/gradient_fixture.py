"""The callable of the fixture `check_gradient`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..gradcheck import GradientError, Report, check_gradients


class GradientFixture:
    """Checks a gradient, and fails the test with the whole report.

    ``check_gradient(cost, gradients, parameters)`` calls `minidl.check_gradients`,
    ``check_gradient(report)`` takes the report of any other check, such as that of
    `minidl.testing.check_layer` or of `minidl.adapters`.

    Parameters
    ----------
    seed : int
        The seed of the checks, unless a call has its own.
    record : callable
        ``record(status)`` counts "ok", "failed" or "unresolved".
    allow_unresolved : bool, default False
        Whether a test passes if nothing failed, but something could not be decided.

    See Also
    --------
    minidl.check_gradients : What it calls.

    Examples
    --------
    >>> import numpy as np
    >>> check_gradient = GradientFixture(0, print)
    >>> report = check_gradient(lambda x: (x**2).sum(), lambda x: 2 * x, np.ones(3))
    ok
    """

    def __init__(
        self, seed: int, record: Callable[[str], None], *, allow_unresolved: bool = False
    ) -> None:
        self._seed, self._record = seed, record
        self._allow_unresolved = allow_unresolved

    def __call__(self, *args: Any, **options: Any) -> Report:
        """Check, count, and raise if the check failed.

        Parameters
        ----------
        *args : object
            Those of `minidl.check_gradients`, or a `Report`.
        **options : object
            What the function takes besides.

        Returns
        -------
        Report
            The report of a check that is ok.

        Raises
        ------
        GradientError
            If the check failed or, unless that is allowed, left something unresolved. The message
            is the report.
        """
        __tracebackhide__ = True
        if len(args) == 1 and isinstance(args[0], Report):
            return self._judge(args[0])
        return self.gradients(*args, **options)

    def gradients(self, *args: Any, **options: Any) -> Report:
        """Check by `minidl.check_gradients`.

        Parameters
        ----------
        *args : object
            ``cost, gradients, parameters``.
        **options : object
            What `minidl.check_gradients` takes besides.

        Returns
        -------
        Report
            The report of a check that is ok.
        """
        __tracebackhide__ = True
        return self._judge(check_gradients(*args, **{"seed": self._seed} | options))

    def _judge(self, report: Report) -> Report:
        __tracebackhide__ = True
        status = _status(report)
        self._record(status)
        if status == "failed" or (status == "unresolved" and not self._allow_unresolved):
            raise GradientError(report.text(colour=False))
        return report


def _status(report: Report) -> str:
    verdicts = {check.verdict for check in report.checks}
    if "fail" in verdicts:
        return "failed"
    return "unresolved" if "unresolved" in verdicts else "ok"
