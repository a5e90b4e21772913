"""The rows of a report, whatever backward does."""

import numpy as np
import pytest

from minidl import check_function
from minidl.errors import ArgumentError

RNG = np.random.default_rng(0)
X, W, B = RNG.standard_normal((4, 3)), RNG.standard_normal((3, 5)), RNG.standard_normal(5)


def forward(x, w, b):
    return x @ w + b, (x, w)


def verdicts(report):
    return {c.parameter: c.verdict for c in report.checks if c.term != "protocol"}


@pytest.mark.parametrize(
    ("gradient", "words"),
    [
        (lambda dy: dy.sum(axis=0, keepdims=True), "its gradient has shape (1, 5)"),
        (lambda dy: "b", "no numbers"),
    ],
)
def test_a_bad_array_is_a_failed_row_and_the_rest_goes_on(gradient, words):
    def backward(dy, cache):
        x, w = cache
        return dy @ w.T, x.T @ dy, gradient(dy)

    report = check_function(forward, backward, X, W, B, cache=True)
    assert verdicts(report) == {"x": "pass", "w": "pass", "b": "fail"}
    assert words in report.guilty.diagnosis
    assert not report.ok


def test_rows_are_in_the_order_of_the_inputs():
    def backward(dy, cache):
        return {"dx": 1, "dw": cache[0].T @ dy}

    report = check_function(forward, backward, X, W, B, cache=True)
    assert verdicts(report) == {"x": "fail", "w": "pass", "b": "fail"}


def test_an_exception_in_backward_is_a_failed_row():
    def backward(dy, cache):
        raise ValueError("operands could not be broadcast")

    report = check_function(forward, backward, X, W, B, cache=True)
    assert "raises ValueError: operands" in report.guilty.diagnosis
    assert "operands" in str(report)


def test_an_exception_in_a_later_call_of_backward_is_a_failed_row():
    calls = []

    def backward(dy):
        calls.append(1)
        if len(calls) > 12:
            raise ValueError("too often")
        return 2 * dy

    report = check_function(lambda x: 2 * x, backward, X)
    assert [(c.parameter, c.verdict) for c in report.checks if c.verdict == "fail"] == [
        ("backward", "fail")
    ]


def test_none_where_the_output_depends_on_the_input_is_unresolved():
    def backward(dy, cache):
        x, w = cache
        return dy @ w.T, x.T @ dy, None

    report = check_function(forward, backward, X, W, B, cache=True)
    assert verdicts(report) == {"x": "pass", "w": "pass", "b": "unresolved"}
    assert "None" in report.checks[-1].diagnosis
    report = check_function(forward, lambda dy, cache: None, X, W, B, cache=True)
    assert verdicts(report) == dict.fromkeys("xwb", "unresolved")
    assert check_function(forward, backward, X, W, B, cache=True, wrt=("x", "w")).ok


def test_none_is_right_for_an_input_without_gradient():
    report = check_function(lambda x, like: x * 2, lambda dy: (2 * dy, None), X, W)
    assert "fail" not in verdicts(report).values()


def test_nothing_to_differentiate_is_refused():
    with pytest.raises(ArgumentError, match="x contains integers"):
        check_function(lambda x: x * 1.0, lambda dy: dy, np.arange(3))
    with pytest.raises(ArgumentError, match="wrt"):
        check_function(lambda x: x * 1.0, lambda dy: dy, X, wrt="y")


def test_a_function_that_refuses_float64_gets_its_own_dtype():
    seen = []

    def float32_only(x):
        if x.dtype != np.float32:
            raise TypeError("float32 only")
        seen.append(x.dtype)
        return x * np.float32(2)

    report = check_function(float32_only, lambda dy: 2 * dy, X.astype(np.float32))
    assert seen
    assert any("refuses float64" in note for note in report.notes)
    with pytest.raises(TypeError, match="float32 only"):
        check_function(float32_only, lambda dy: 2 * dy, X)


def test_all_problems_give_a_report_of_failures():
    report = check_function(lambda x: x * 2.0, lambda dy: {}, X)
    assert verdicts(report) == {"x": "fail"}
    assert "1 array, 12 elements" in report.title
