"""The operation of a function whose backward is wrong, searched for once for all its arrays."""

from __future__ import annotations

from collections.abc import Callable

from ...result import Check
from .graph import Graph
from .search import find_edit

Recorder = Callable[[], Graph]
"""Records the function that is checked."""


class WrongOperation:
    """The mistake in one operation that gives the gradients of all arrays."""

    def __init__(self, checks: list[Check], recorder: Recorder | None) -> None:
        self._checks, self._recorder = checks, recorder
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
        arrays = [check for check in self._checks if check.parameter in graph.inputs]
        analytic = {check.parameter: check.analytic for check in arrays}
        numeric = {check.parameter: check.numeric for check in arrays}
        return find_edit(
            graph,
            {name: array for name, array in analytic.items() if array is not None},
            {name: array for name, array in numeric.items() if array is not None},
        )
