"""grade: the backward propagations of a whole class, as a table."""

from __future__ import annotations

import copy
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ..errors import ArgumentError, MinidlError
from ..escaping import escaped
from ..gradcheck.diagnosis.diagnose import UNKNOWN
from ..gradcheck.report.plain_words import plain_words
from ..gradcheck.report.report import Report
from ..gradcheck.result import Check
from ..html_pages.page import fragment
from ..html_pages.tables import table
from ..html_pages.verdicts import verdict_word
from ..utils.random import check_seed
from .course import check_course
from .course_network import CourseNetwork
from .without_traces import without_traces

_ORDER = ("error", "failed", "unresolved", "ok")
_CHECKER_OPTIONS = {"method", "epsilon", "budget", "seed"}
_SAME_COST = 1e-6  # written in another order, a cost differs by rounding alone
_LIBRARIES = (Path(__file__).parents[1], Path(np.__file__).parent)  # no code of a student
_HEADER = ("student", "verdict", "array", "what to say")


class Grade(NamedTuple):
    """The result of one student.

    Attributes
    ----------
    student : str
        The key of the submission.
    verdict : {"ok", "failed", "unresolved", "error"}
        "error": a function raised an exception, or cannot be checked.
    array : str
        The gradient at which to look first, such as "dW2"; "" if there is none.
    words : str
        What to say to the student.
    report : Report or None
        The whole report, None after an exception.
    """

    student: str
    verdict: str
    array: str
    words: str
    report: Report | None


class Grades:
    """The results of a class; ``print(grades)`` shows a table, as a notebook does.

    Parameters
    ----------
    rows : list of Grade
        One for each student.

    Attributes
    ----------
    rows : list of Grade
        (student, verdict, array, words, report): errors and failures first, then by name.

    See Also
    --------
    grade : Makes them.

    Examples
    --------
    >>> import numpy as np
    >>> from minidl.adapters import grade
    >>> forward = lambda X, Y, parameters: (np.sum((parameters["w"] * X - Y) ** 2), None)
    >>> right = lambda X, Y, parameters: {"dw": 2 * np.sum((parameters["w"] * X - Y) * X)}
    >>> grades = grade({"Ada": right}, np.ones(3), np.zeros(3), {"w": 2.0}, forward=forward)
    >>> grades["Ada"].verdict
    'ok'
    """

    def __init__(self, rows: list[Grade]) -> None:
        self.rows = sorted(rows, key=lambda row: (_ORDER.index(row.verdict), row.student))

    def __getitem__(self, student: str) -> Grade:
        for row in self.rows:
            if row.student == student:
                return row
        raise KeyError(student)

    def __str__(self) -> str:
        cells = [_HEADER, *(tuple(map(escaped, row[:4])) for row in self.rows)]
        widths = [max(len(row[column]) for row in cells) for column in range(3)]
        lines = [
            "  ".join([*(cell.ljust(w) for cell, w in zip(row, widths, strict=False)), row[3]])
            for row in cells
        ]
        return "\n".join([*(line.rstrip() for line in lines), "", self._summary()])

    def __repr__(self) -> str:
        return f"Grades({self._summary()})"

    def _repr_html_(self) -> str:
        rows = [(*row[:1], verdict_word(row.verdict), *row[2:4]) for row in self.rows]
        return fragment(table(_HEADER, rows, caption=self._summary()))

    def _summary(self) -> str:
        verdicts = [row.verdict for row in self.rows]
        counts = [f"{verdicts.count(verdict)} {verdict}" for verdict in reversed(_ORDER)]
        return f"{len(verdicts)} graded: {', '.join(counts)}"


def grade(
    submissions: Mapping[str, Any],
    X: Any,
    Y: Any,
    parameters: Any,
    *,
    forward: Callable[..., Any] | None = None,
    compute_cost: Callable[..., Any] | None = None,
    **options: Any,
) -> Grades:
    """Grade the backward propagations of a whole class.

    An exception in one submission is a row of the table and does not touch the others; what
    students print is not shown, and all receive copies of the data. What they set, such as
    ``np.seterr`` or a filter of warnings, does not stay.

    Parameters
    ----------
    submissions : dict of str to callable, or to (callable, callable)
        For each student the backward propagation, or forward and backward propagation, in the
        conventions of `check_course`.
    X, Y, parameters : array_like, array_like, dict of str to array_like
        Data, labels and the point at which to check, as in `check_course`.
    forward : callable, optional
        The forward propagation for those who hand in none. Those who do read a note if theirs gives
        another cost, with which wrong gradients may well agree. If it is a ``propagate``, which
        returns ``(gradients, cost)``, students hand in theirs instead of backward propagation.
    compute_cost : callable, optional
        The cost of an output, where forward propagation does not return it.
    **options : object
        What else `check_course` takes: ``seed``, ``method``, ``lambd``, ``keep_prob``, and so on.

    Returns
    -------
    Grades
        A table with a verdict per student, the array at which to look, and what to say.

    Raises
    ------
    ArgumentError
        If there are no submissions, or one has no forward propagation and there is no `forward`.

    See Also
    --------
    check_course : Checks one pair of functions.

    Examples
    --------
    >>> import numpy as np
    >>> from minidl.adapters import grade
    >>> def forward(X, Y, parameters):
    ...     A = parameters["W1"] @ X
    ...     return np.sum((A - Y) ** 2) / 2, A
    >>> class_ = {
    ...     "Ada": lambda X, Y, cache: {"dW1": (cache - Y) @ X.T},
    ...     "Bob": lambda X, Y, cache: {"dW1": (Y - cache) @ X.T},
    ...     "Cleo": lambda X, Y, cache: {"dW1": cache["A1"]},
    ... }
    >>> X, Y = np.array([[0.5, -1.0], [2.0, 0.3]]), np.array([[1.0, 0.0]])
    >>> grades = grade(class_, X, Y, {"W1": np.array([[0.1, -0.4]])}, forward=forward)
    >>> [(row.student, row.verdict, row.array) for row in grades.rows][1:]
    [('Bob', 'failed', 'dW1'), ('Ada', 'ok', '')]
    """
    if not isinstance(submissions, Mapping) or not submissions:
        raise ArgumentError(
            f"submissions must be a dictionary of functions by student, got {submissions!r}: "
            'pass {"Ada": backward_propagation, ...}'
        )
    seed = options.get("seed", 0)
    check_seed(seed)
    data = (X, Y, parameters)
    course_options = {name: options[name] for name in options.keys() - _CHECKER_OPTIONS}
    is_propagate = _is_propagate(forward, data, course_options, seed)
    pairs = {
        student: (given, None)
        if is_propagate and callable(given)
        else _pair(student, given, forward)
        for student, given in submissions.items()
    }
    rows = []
    for student, (own_forward, backward) in pairs.items():
        course = _Course(backward, data, compute_cost, options, own_forward, forward, is_propagate)
        rows.append(_grade_one(str(student), course))
    return Grades(rows)


@dataclass(frozen=True)
class _Course:
    """The functions of one student, and the forward propagation of the class."""

    backward: Any
    data: tuple[Any, Any, Any]
    compute_cost: Any
    options: dict[str, Any]
    forward: Any
    forward_of_class: Any
    class_has_propagate: bool

    def _network(self, forward: Any, backward: Any) -> CourseNetwork:
        options = {name: self.options[name] for name in self.options.keys() - _CHECKER_OPTIONS}
        data = copy.deepcopy(self.data)
        seed = self.options.get("seed", 0)
        return CourseNetwork(forward, backward, self.compute_cost, *data, options, seed)

    def why_other_cost(self) -> str:
        """Call the functions once, and say how the cost differs from that of the class."""
        network = self._network(self.forward, self.backward)
        cost = _as_number(network.cost(network.parameters))
        network = self._network(self.forward, self.backward)
        network.gradients(network.parameters)
        if self.forward_of_class in (None, self.forward):
            return ""
        backward = None if self.class_has_propagate else self.backward or _no_backward
        network = self._network(self.forward_of_class, backward)
        expected = _as_number(network.cost(network.parameters))
        if abs(cost - expected) <= _SAME_COST * abs(expected):
            return ""
        return f"Forward propagation gives the cost {cost:.6g} instead of {expected:.6g}."

    def report(self) -> Report:
        """Check the gradients."""
        data = copy.deepcopy(self.data)
        return check_course(
            self.forward, self.backward, *data, compute_cost=self.compute_cost, **self.options
        )


def _pair(student: Any, given: Any, forward: Any) -> tuple[Any, Any]:
    if isinstance(given, tuple | list) and len(given) == 2:
        return given[0], given[1]
    if forward is None:
        raise ArgumentError(
            f"{student} has no forward propagation: pass (forward, backward), or forward=... for "
            "the whole class"
        )
    return forward, given


def _is_propagate(forward: Any, data: Any, options: Mapping[str, Any], seed: int) -> bool:
    try:
        with without_traces():
            X, Y, parameters = copy.deepcopy(data)
            network = CourseNetwork(forward, None, None, X, Y, parameters, options, seed)
            return network.returns_gradients()
    except Exception:  # it is another function, or one that is told with each student
        return False


def _no_backward(cache: Any) -> None:
    """Stand for the backward propagation of a class, of which only the cost is asked."""


def _as_number(cost: Any) -> float:
    return float(np.squeeze(cost).real)


def _grade_one(student: str, course: _Course) -> Grade:
    try:
        with without_traces():
            other_cost = course.why_other_cost()  # an exception is an error here, no failed row
            report = course.report()
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # SystemExit, too
        return Grade(student, "error", "", _words_of_exception(error), None)
    row = _of_report(student, report)
    if not other_cost:
        return row
    words = f"{other_cost} {row.words}" if row.verdict == "failed" else other_cost
    return row._replace(verdict="failed", array=row.array or "cost", words=words)


def _of_report(student: str, report: Report) -> Grade:
    if report.ok:
        return Grade(student, "ok", "", "All gradients are right.", report)
    if not report.failures:
        first = report.unresolved[0]
        array = _gradient_name(first)
        words = f"{array or first.parameter} cannot be decided: {_plain(first.diagnosis)}."
        return Grade(student, "unresolved", array, words, report)
    guilty = report.failures[0]
    array = _gradient_name(guilty)
    subject = f"{array} is wrong" if array else f"A rule is broken, {guilty.parameter}"
    sentences = [f"{subject}: {_plain(guilty.diagnosis)}."]
    if guilty.error_summary:
        sentences.append(f"{guilty.error_summary[0].upper()}{guilty.error_summary[1:]}.")
    others = [_gradient_name(check) for check in report.failures if check is not guilty]
    if any(others):
        listed = ", ".join(filter(None, others))
        sentences.append(f"Then look at {listed}, which may follow from it.")
    return Grade(student, "failed", array, " ".join(sentences), report)


def _gradient_name(check: Check) -> str:
    """Return the student's name of the gradient, "" for a rule."""
    return "" if check.term == "protocol" else f"d{check.parameter}"


def _plain(diagnosis: str) -> str:
    """Return a diagnosis in the words of a student, who compares "yours" with "the right one"."""
    if not diagnosis or diagnosis == UNKNOWN:
        return "it looks like no known mistake"
    return plain_words(diagnosis)


def _words_of_exception(error: BaseException) -> str:
    if isinstance(error, MinidlError):
        return f"{error}".rstrip(".?") + "."
    try:
        message = f": {error}"
    except Exception:  # of the student's own exception
        message = ", whose message cannot be shown"
    where = ""
    for frame in traceback.extract_tb(error.__traceback__):
        if frame.lineno and not any(map(Path(frame.filename).is_relative_to, _LIBRARIES)):
            where = f" (line {frame.lineno}, in {frame.name})"
    return f"{type(error).__name__}{message}{where}."
