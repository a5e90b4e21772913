"""Search for the edit of a wrong backward function that makes its gradients right."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

import numpy as np

from ...utils.snapshot import Snapshot
from ...utils.typing import Array
from ..call_limits import EDIT_RUNS, MAX_EDIT_ELEMENTS, MAX_EDIT_STEPS, MOST_EDIT_STEPS
from ..diagnosis.limits import EDIT_AGREEMENT, EDIT_MAX_BAR
from ..result import Check
from .edit import Edit, Scope
from .edits import KINDS
from .elsewhere import CheckedPoint, OtherPoint, block_of, is_right
from .interpreter import Interpreter

_MIN_ELEMENTS = 4  # of an array: fewer may be right by accident
_MAX_OPAQUE_FUNCTIONS = 5  # that are called as they are, not read
_OTHER_POINTS = 2


Function = Callable[..., Any]


class EditableFunction(NamedTuple):
    """A function that computes gradients, and how to run it.

    Attributes
    ----------
    function : callable
        The function.
    run : callable
        ``run(edited)`` returns the gradients by name, with `edited` in the place of `function`.
    known : mapping of str to ndarray
        Arrays that a right function may need and this one does not have, by a name for each.
    elsewhere : callable, optional
        ``elsewhere(rng)`` returns another point, at which an edit must be right as well.
    forward : callable, optional
        ``forward(edit)`` returns the value whose gradients these are, computed with ``edit(f)`` in
        the place of the function f that computes it.
    """

    function: Callable[..., Any]
    run: Callable[[Callable[..., Any]], Mapping[str, Array]]
    known: Mapping[str, Array] = {}
    elsewhere: Callable[[np.random.Generator], OtherPoint | CheckedPoint] | None = None
    forward: Callable[[Callable[[Function], Function]], Any] | None = None


def explain_by_edits(checks: list[Check], editable: EditableFunction) -> None:
    """Name the mistake of failed checks by the edit that makes them right.

    Only checks that are wrong for no reason known so far are explained, and only by an edit that
    makes them equal to the numeric gradient, and leaves right what is right.

    Parameters
    ----------
    checks : list of Check
        The checks of all arrays.
    editable : EditableFunction
        The function that computes the gradients.
    """
    wrong = [check for check in checks if _is_in_doubt(check)]
    sizes = [check.elements for check in checks if check.term != "protocol"]
    if not wrong or sum(sizes) > MAX_EDIT_ELEMENTS:
        return
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        others = [c for c in checks if c.verdict == "fail" and c not in wrong]
        EditSearch(editable, others).explain(wrong)


def _is_in_doubt(check: Check) -> bool:
    if check.verdict != "fail" or check.term == "protocol" or not check.is_cause_unknown:
        return False
    if check.numeric is None or check.bar is None:
        return False
    return bool(np.linalg.norm(check.bar) <= EDIT_MAX_BAR * np.linalg.norm(check.numeric))


class EditSearch:
    """The search for edits of one function."""

    def __init__(self, editable: EditableFunction, explained: Sequence[Check] = ()) -> None:
        self._editable = editable
        self._explained = {check.parameter: check for check in explained}
        self._interpreter = Interpreter(MAX_EDIT_STEPS, editable.known)
        self._snapshots: list[Snapshot] = []  # of objects that an edit may write into

    def explain(self, wrong: list[Check]) -> None:
        """Explain checks that one edit repairs; apply it; go on with those that are left."""
        if not self._is_understood(wrong):
            return
        self._snapshots = [
            Snapshot(each) for each in self._interpreter.objects if hasattr(each, "__dict__")
        ]
        applied: dict[ast.AST, ast.AST] = {}
        while wrong:
            original = self._gradients(applied)
            edit, repaired = self._best(wrong, original or {}, applied)
            if edit is None:
                return
            for check in repaired:
                check.diagnosis = self._describe(edit, check.diagnosis)
                check.is_cause_unknown = False
            applied |= edit.changes
            wrong = [check for check in wrong if check not in repaired]

    def _is_understood(self, wrong: list[Check]) -> bool:
        """Run the function without edits, which also finds the functions that it calls.

        Each run that fails finds one of these that is not understood, and is called as it is.
        """
        for _ in range(_MAX_OPAQUE_FUNCTIONS):
            before = self._interpreter.steps_left
            gradients = self._gradients({})
            if gradients is not None:
                if any(check.diagnosis.startswith("unknown") for check in wrong):
                    steps = EDIT_RUNS * (before - self._interpreter.steps_left)
                    self._interpreter.steps_left = min(max(steps, before), MOST_EDIT_STEPS)
                return _are_reproduced(wrong, gradients)
            self._interpreter.forget_functions()  # some run only within one called as it is
        return False

    @property
    def _edits(self) -> Iterator[Edit]:
        definitions = filter(None, self._interpreter.definitions.values())
        scopes = [Scope.of(definition, self._editable.known) for definition in definitions]
        # A mistake is likelier where something is computed than where arguments are passed on; of
        # functions that only pass on, it is likelier in the one that is called last.
        computing = [scope for scope in scopes if scope.computes]
        for chosen in (computing, [scope for scope in scopes[::-1] if not scope.computes]):
            for kind in KINDS:
                for scope in chosen:
                    yield from (edit.of(scope.function, scope.first_line) for edit in kind(scope))

    def _best(
        self, wrong: list[Check], original: Mapping[str, Array], applied: Mapping[ast.AST, ast.AST]
    ) -> tuple[Edit | None, list[Check]]:
        """Return the first edit that repairs all, or else the first that repairs the most."""
        names = {check.parameter for check in wrong}
        right = [name for name in original if name not in names]
        best: Edit | None = None
        repaired: list[Check] = []
        half = self._interpreter.steps_left // 2  # the rest is for what this edit leaves wrong
        for edit in self._edits:
            if self._interpreter.steps_left <= (half if repaired else 0):
                break
            if len(repaired) == len(wrong):
                break
            gradients = self._gradients({**applied, **edit.changes})
            if gradients is None or not all(
                name in gradients and self._stays_or_cures(name, gradients, original)
                for name in right
            ):
                continue
            now_right = [check for check in wrong if is_right(check, gradients)]
            if len(now_right) < len(wrong):  # by accident, of few elements
                now_right = [check for check in now_right if check.elements >= _MIN_ELEMENTS]
            if len(now_right) > len(repaired):
                changes = {**applied, **edit.changes}
                named = [check.parameter for check in now_right]
                if self._leaves_forward(changes) and self._holds_elsewhere(changes, named):
                    best, repaired = edit, now_right
        return best, repaired

    def _stays_or_cures(
        self, name: str, gradients: Mapping[str, Array], original: Mapping[str, Array]
    ) -> bool:
        """Return whether a gradient is as before, or one that was wrong, too, is right now."""
        if _agree(gradients[name], original[name]):
            return True
        return name in self._explained and is_right(self._explained[name], gradients)

    def _leaves_forward(self, changes: Mapping[ast.AST, ast.AST]) -> bool:
        """Return whether forward, which may call the same functions, gives what it gave before."""
        forward, interpreter = self._editable.forward, self._interpreter
        if forward is None:
            return True
        definitions = dict(interpreter.definitions)  # those of forward alone are not searched
        try:
            before = np.asarray(forward(lambda f: interpreter.edited(f, {})))
            with suppress(Exception):  # of a forward that does not compute any more
                return _agree(np.asarray(forward(lambda f: interpreter.edited(f, changes))), before)
            return False
        except Exception:  # of a forward that is not understood
            return True
        finally:
            interpreter.definitions = definitions
            self._restore()

    def _describe(self, edit: Edit, known: str) -> str:
        """Return the mistake and its cure, after what is known of it."""
        said = f"{edit.words}; right with `{edit.after}` for `{edit.before}` in line {edit.line}"
        if edit.function not in (getattr(self._editable.function, "__name__", ""), "<lambda>"):
            said += f" of {edit.function}"
        return said if known.startswith("unknown") else f"{known}; {said}"

    def _restore(self) -> None:
        for snapshot in self._snapshots:
            snapshot.restore()

    def _holds_elsewhere(self, changes: Mapping[ast.AST, ast.AST], names: list[str]) -> bool:
        """Return whether gradients with these changes are not refuted at other points."""
        rng = np.random.default_rng(0)
        for _ in range(_OTHER_POINTS if self._editable.elsewhere else 0):
            with suppress(Exception):  # of a point outside of the domain
                assert self._editable.elsewhere is not None
                point = self._editable.elsewhere(rng)
                with self._interpreter.knowing(point.known):
                    gradients = point.run(
                        self._interpreter.edited(self._editable.function, changes)
                    )
                if point.refutes(gradients, names):
                    return False
        return True

    def _gradients(self, changes: Mapping[ast.AST, ast.AST]) -> Mapping[str, Array] | None:
        try:
            edited = self._interpreter.edited(self._editable.function, changes)
            gradients = self._editable.run(edited)
            # A name in place of a number may put any object into an array.
            numbers = all(np.asarray(g).dtype.kind in "biufc" for g in gradients.values())
            return gradients if numbers else None
        except Exception:  # of an edit that does not compute: shapes, names, types, steps
            return None
        finally:
            self._restore()


def _are_reproduced(checks: list[Check], gradients: Mapping[str, Array]) -> bool:
    """Return whether the interpreter gives the wrong gradients that were checked."""
    return all(
        check.analytic is not None
        and check.parameter in gradients
        and _agree(block_of(check, gradients), check.analytic)
        for check in checks
    )


def _agree(a: Array, b: Array) -> bool:
    size = float(np.abs(b).max(initial=0.0))
    return a.shape == b.shape and bool((np.abs(a - b) <= EDIT_AGREEMENT * size).all())
