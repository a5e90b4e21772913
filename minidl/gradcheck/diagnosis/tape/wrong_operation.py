"""The operation of a function whose backward is wrong, searched for once for all its arrays."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ....utils.typing import Array
from ...result import Check
from .graph import Graph
from .search import Rounding, find_edit

Recorder = Callable[[], Graph]
"""Records the function that is checked."""


class WrongOperation:
    """The mistake in one operation that gives the gradients of all arrays.

    For a function in low precision, `rounding` is that of each analytic gradient, and `passed` are
    the gradients of the arrays that passed.
    """

    def __init__(
        self,
        checks: list[Check],
        recorder: Recorder | None,
        passed: Mapping[str, Array] | None = None,
        rounding: Mapping[str, Array] | None = None,
    ) -> None:
        self._checks, self._recorder = checks, recorder
        self._passed, self._rounding = passed or {}, rounding or {}
        self._words: str | None = None
        self._inputs: set[str] = set()

    def find(self, name: str) -> str:
        """Return it in words, "" if there is none or if the array `name` is not recorded."""
        if self._words is None:
            self._words = ""
            if self._recorder is not None:
                try:
                    self._words = self._search(self._recorder())
                except Exception:  # the function's code may refuse recorded arrays
                    self._words = ""
        return self._words if name in self._inputs else ""

    def _search(self, graph: Graph) -> str:
        self._inputs = set(graph.inputs)
        analytic: dict[str, Array] = {}
        numeric: dict[str, Array] = {}
        rounding: dict[str, Rounding] = {}
        for check in self._checks:
            name = check.parameter
            if name not in graph.inputs:
                continue
            unit = self._rounding.get(name)
            # In low precision, no elements of an array that passed are computed.
            passed = None if unit is None else self._passed.get(name)
            for known, array in ((analytic, check.analytic), (numeric, check.numeric)):
                array = passed if array is None else array
                if array is not None:
                    known[name] = array
            if unit is not None:
                rounding[name] = Rounding(unit if check.bar is None else check.bar, unit)
        return find_edit(graph, analytic, numeric, rounding)
