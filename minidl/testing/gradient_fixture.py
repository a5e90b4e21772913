"""The callable of the fixture `check_gradient`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..errors import MinidlError, SignatureError
from ..gradcheck import GradientError, Report, check_function, check_gradients
from ..gradcheck.functions.pytree import ParameterTree

_OF_PAIRS = {"cache", "backward_inputs", "wrt"}  # arguments of check_function alone
_NAMED = {"cost", "gradients", "parameters"}  # of these, too, by name
_OF_COSTS = {"method", "epsilon"}  # of check_gradients alone


class GradientFixture:
    """Checks a gradient, and fails the test with the whole report.

    ``check_gradient(cost, gradients, parameters)`` calls `minidl.check_gradients` and
    ``check_gradient(forward, backward, *inputs)`` calls `minidl.check_function`: a function of one
    argument that returns one number is a cost. ``check_gradient(report)`` takes the report of any
    other check, such as that of `minidl.testing.check_layer` or of `minidl.adapters`.

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
    minidl.check_gradients : For a cost and its gradients.
    minidl.check_function : For a forward and a backward function.

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
            Those of `minidl.check_gradients` or `minidl.check_function`, or a `Report`.
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
        SignatureError
            If there is too little to check.
        """
        __tracebackhide__ = True
        if len(args) == 1 and isinstance(args[0], Report):
            return self._judge(args[0])
        if len(args) + len(options.keys() & _NAMED) < 3:
            kinds = ", ".join(type(each).__name__ for each in args) or "nothing"
            raise SignatureError(
                "check_gradient takes cost, gradients and parameters, or forward, backward and its "
                f"inputs, or a report, got {kinds}: pass all of one of these"
            )
        if _is_pair(args, options):
            return self.function(*args, **options)
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

    def function(self, *args: Any, **options: Any) -> Report:
        """Check by `minidl.check_function`.

        Parameters
        ----------
        *args : object
            ``forward, backward, *inputs``.
        **options : object
            What `minidl.check_function` takes besides.

        Returns
        -------
        Report
            The report of a check that is ok.
        """
        __tracebackhide__ = True
        return self._judge(check_function(*args, **{"seed": self._seed} | options))

    def _judge(self, report: Report) -> Report:
        __tracebackhide__ = True
        self._record(report.status)
        if report.failures or not (report.ok or self._allow_unresolved):
            raise GradientError(report.text(colour=False))  # here, to end the traceback
        return report


def _is_pair(args: tuple[Any, ...], options: dict[str, Any]) -> bool:
    """Return whether the arguments are those of check_function."""
    if len(args) < 3 or not callable(args[1]) or options.keys() & _OF_COSTS:
        return False
    if len(args) > 3 or options.keys() & _OF_PAIRS:
        return True
    try:
        parameters = ParameterTree(args[2])
    except MinidlError:  # such as integers, which only check_function sets aside
        return True
    value = args[0](parameters.unflatten(parameters.theta))
    return isinstance(value, tuple | list | dict) or np.size(value) != 1
