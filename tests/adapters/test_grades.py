"""grade: a class as a table; no submission touches another."""

import sys

import course_nets as nets
import numpy as np
import pytest

from minidl import Adam, ArgumentError, Check, Report
from minidl.adapters import Grades, grade
from minidl.adapters import grades as grades_module
from minidl.adapters.grades import Grade
from minidl.gradcheck.diagnosis.diagnose import UNKNOWN

X, Y, PARAMETERS = nets.data()
FORWARD = nets.forward_propagation_n


def raises(X, Y, cache):
    print("my cache:", len(cache))
    return cache["A1"]


def leaves(X, Y, cache):
    sys.exit(3)


def greedy(X, Y, cache):
    X[...] = np.nan
    for array in cache:
        array[...] = 0
    return {}


SUBMISSIONS = {
    "Zoe": nets.backward_propagation_n,
    "Ada": (nets.forward_propagation_n, nets.backward_propagation_n),
    "Bob <b>": nets.backward_with_mistakes,
    "Cleo": raises,
    "Dan": leaves,
    "Eve": greedy,
}


@pytest.fixture(scope="module")
def grades():
    return grade(SUBMISSIONS, X, Y, PARAMETERS, forward=nets.forward_propagation_n)


def test_each_student_has_a_row_in_order(grades):
    verdicts = {row.student: row.verdict for row in grades.rows}
    assert verdicts["Ada"] == verdicts["Zoe"] == "ok"
    assert verdicts["Bob <b>"] == "failed"
    assert set(verdicts) == set(SUBMISSIONS)
    assert {verdicts["Cleo"], verdicts["Dan"], verdicts["Eve"]} <= {"error", "failed"}
    order = [["error", "failed", "unresolved", "ok"].index(row.verdict) for row in grades.rows]
    assert order == sorted(order)
    assert [row.student for row in grades.rows][-2:] == ["Ada", "Zoe"]


def test_what_to_say(grades):
    bob = grades["Bob <b>"]
    assert bob.array in ("dW2", "db1")
    assert bob.words.startswith(f"{bob.array} is wrong: ")
    assert "Then look at d" in bob.words
    assert grades["Ada"].words == "All gradients are right."
    assert "TypeError" in grades["Cleo"].words
    assert "in raises" in grades["Cleo"].words
    with pytest.raises(KeyError):
        grades["Nobody"]


def test_the_table(grades, capsys):
    lines = str(grades).splitlines()
    assert lines[0].split() == ["student", "verdict", "array", "what", "to", "say"]
    assert lines[-1].startswith("6 graded: 2 ok, 0 unresolved, ")
    assert repr(grades) == f"Grades({lines[-1]})"
    html = grades._repr_html_()
    assert "Bob &lt;b&gt;" in html
    assert html.count("<tr>") == 7
    grade({"Cleo": raises}, X, Y, PARAMETERS, forward=nets.forward_propagation_n)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("diagnosis", "words"),
    [
        ("consistent with: a wrong sign", "it looks like a wrong sign"),
        ("consistent with a mean", "it looks like a mean"),
        ("analytic = 2 x numeric", "yours = 2 x the right one"),
        ("", "it looks like no known mistake"),
        (UNKNOWN, "it looks like no known mistake"),
    ],
)
def test_words_for_students(diagnosis, words):
    assert grades_module._plain(diagnosis) == words


def test_nothing_returned_is_told_in_a_sentence():
    row = grade({"Ada": lambda X, Y, cache: None}, X, Y, PARAMETERS, forward=FORWARD)["Ada"]
    assert row.verdict == "error"
    assert row.words.startswith("<lambda> must return the gradients, got None: end it")


def test_another_cost_is_told_though_the_gradients_agree_with_it():
    def forward(X, Y, parameters):
        cost, cache = nets.forward_propagation_n(X, Y, parameters)
        return 2 * cost, cache

    def backward(X, Y, cache):
        gradients = nets.backward_propagation_n(X, Y, cache)
        return {name: 2 * gradient for name, gradient in gradients.items()}

    pairs = {"Ada": (forward, backward), "Bob": (forward, nets.backward_propagation_n)}
    alone = grade(pairs, X, Y, PARAMETERS)
    assert alone["Ada"].verdict == "ok"
    grades = grade(pairs, X, Y, PARAMETERS, forward=FORWARD)
    assert grades["Ada"][1:3] == ("failed", "cost")
    assert grades["Ada"].words.startswith("Forward propagation gives the cost ")
    assert " is wrong: " in grades["Bob"].words


def test_options_of_the_checker_and_of_the_functions():
    backward = nets.backward_propagation_with_regularization
    options = {"compute_cost": nets.compute_cost_with_regularization, "lambd": 0.7, "budget": 1000}
    forward = nets.forward_propagation
    grades = grade({"Ada": backward}, X, Y, PARAMETERS, forward=forward, seed=3, **options)
    assert grades["Ada"].verdict == "ok", grades


def test_unresolved_is_no_ok():
    check = Check(None, "total", "W1", verdict="unresolved", diagnosis="too much noise")
    row = grades_module._of_report("Ada", Report([check], title="", difference=0.0, method=""))
    assert row[:4] == ("Ada", "unresolved", "dW1", "dW1 cannot be decided: too much noise.")
    second = Check(None, "total", "b1", verdict="unresolved", diagnosis="no noise")
    both = Report([check, second], title="", difference=0.0, method="")
    assert grades_module._of_report("Ada", both)[:4] == row[:4]  # the first says what to do
    rule = Check(None, "protocol", "called twice", verdict="fail", diagnosis="it piles up")
    failed = grades_module._of_report("Ada", Report([rule], title="", difference=0.0, method=""))
    assert failed[1:4] == ("failed", "", "A rule is broken, called twice: it piles up.")
    rows = [Grade("B", "ok", "", "", None), row]
    assert [each.student for each in Grades(rows).rows] == ["Ada", "B"]


def test_what_is_no_class_is_refused():
    with pytest.raises(ArgumentError, match="dictionary of functions by student"):
        grade({}, X, Y, PARAMETERS)
    with pytest.raises(ArgumentError, match="Ada has no forward propagation"):
        grade({"Ada": nets.backward_propagation_n}, X, Y, PARAMETERS)


def test_a_cost_that_differs_by_rounding_is_the_same():
    def written_in_another_order(X, Y, parameters):
        cost, cache = FORWARD(X, Y, parameters)
        return cost * (1 + 1e-12), cache

    submissions = {"Ada": (written_in_another_order, nets.backward_propagation_n)}
    (row,) = grade(submissions, X, Y, PARAMETERS, forward=FORWARD).rows
    assert row.verdict == "ok"


def one_layer(X, Y, parameters):
    A = np.tanh(parameters["W1"] @ X)
    return np.sum((A - Y) ** 2), A


def one_layer_backward(X, Y, cache):
    return {"dW1": 2 * (cache - Y) * (1 - cache**2) @ X.T}


SMALL = (
    np.array([[0.5, -1.0], [2.0, 0.3]]),
    np.array([[1.0, 0.0]]),
    {"W1": np.array([[0.1, 0.4]])},
)


def test_what_a_student_sets_and_prints_touches_nobody(capsys):
    def careless(X, Y, cache):
        np.seterr(all="raise")
        print("here", file=sys.stderr)
        return one_layer_backward(X, Y, cache)

    before = np.geterr()
    submissions = {"Ada": careless, "Bob": one_layer_backward}
    grades = grade(submissions, *SMALL, forward=one_layer)
    assert [row.verdict for row in grades.rows] == ["ok", "ok"], grades
    assert np.geterr() == before
    assert capsys.readouterr() == ("", "")


class Unspeakable(BaseException):
    def __str__(self):
        raise RuntimeError("no words")


def test_an_exception_without_words_does_not_touch_the_others():
    def backward(X, Y, cache):
        raise Unspeakable

    grades = grade({"Ada": backward, "Bob": one_layer_backward}, *SMALL, forward=one_layer)
    assert grades["Bob"].verdict == "ok"
    assert grades["Ada"].verdict == "error"
    words = grades["Ada"].words
    assert words.startswith("Unspeakable, whose message cannot be shown (line ")
    assert words.endswith(", in backward).")


def test_an_error_is_told_with_the_line_of_the_student():
    def backward(X, Y, cache):
        return {"dW1": np.linalg.inv(np.zeros((2, 2)))}

    words = grade({"Ada": backward}, *SMALL, forward=one_layer)["Ada"].words
    assert words.startswith("LinAlgError: Singular matrix (line ")
    assert words.endswith(", in backward).")

    def uses_an_optimizer(X, Y, cache):
        return {"dW1": Adam().step(None, None)}

    words = grade({"Ada": uses_an_optimizer}, *SMALL, forward=one_layer)["Ada"].words
    assert words.endswith(", in uses_an_optimizer).")
    words = grade({"Ada": one_layer_backward}, *SMALL, forward=lambda X, Y, parameters: {})
    assert words["Ada"].words == "<lambda> must return a number as the cost, got dict."


@pytest.mark.parametrize("factor", [1, 2])
def test_a_propagate_that_returns_gradients_and_cost(factor):
    def propagate(X, Y, parameters):
        cost, cache = one_layer(X, Y, parameters)
        return {"dW1": factor * one_layer_backward(X, Y, cache)["dW1"]}, cost

    def of_the_teacher(X, Y, parameters):
        cost, cache = one_layer(X, Y, parameters)
        return one_layer_backward(X, Y, cache), cost

    row = grade({"Ada": propagate}, *SMALL, forward=of_the_teacher)["Ada"]
    assert row.verdict == ("ok" if factor == 1 else "failed")
    row = grade({"Ada": propagate}, *SMALL, forward=propagate)["Ada"]
    assert row.verdict == ("ok" if factor == 1 else "failed")


def test_classes_and_students_may_write_it_in_either_way():
    def propagate(X, Y, parameters):
        cost, cache = one_layer(X, Y, parameters)
        return one_layer_backward(X, Y, cache), cost

    submissions = {"Ada": (propagate, None), "Bob": (one_layer, one_layer_backward)}
    for forward in (propagate, one_layer):
        grades = grade(submissions, *SMALL, forward=forward)
        assert [row.verdict for row in grades.rows] == ["ok", "ok"], grades
