"""The search for an edit."""

from contextlib import suppress

import numpy as np
import pytest

from minidl import check_function, check_gradients
from minidl.gradcheck.repair.expressions import NotUnderstoodError
from minidl.gradcheck.repair.interpreter import Interpreter
from minidl.gradcheck.repair.search import EditableFunction, explain_by_edits
from minidl.gradcheck.result import Check
from minidl.layers import Layer
from minidl.testing import check_layer

X, W = np.random.default_rng(0).standard_normal((2, 4, 4))


def forward(x, w):
    h = np.tanh(x @ w)
    return h @ w


def backward(dy, x, w):
    h = np.tanh(x @ w)
    dh = dy @ w.T * (1 - h**2)
    return dh @ w.T, x.T @ dh + h.T @ dy


def failures(wrong):
    report = check_function(forward, wrong, X, W, backward_inputs=True)
    return {check.parameter: check.diagnosis for check in report.failures}


def test_one_mistake_explains_all_arrays():
    def wrong(dy, x, w):
        h = np.tanh(x @ w)
        dh = dy @ w * (1 - h**2)
        return dh @ w.T, x.T @ dh + h.T @ dy

    found = failures(wrong)
    assert set(found) == {"x", "w"}
    for said in found.values():
        assert "right with `dy @ w.T` for `dy @ w`" in said


def test_two_mistakes_are_found_one_after_the_other():
    def wrong(dy, x, w):
        h = np.tanh(x @ w)
        dh = dy @ w.T * (1 - h**2)
        return (dh - dy) @ w.T, x.T @ dh - h.T @ dy

    found = failures(wrong)
    assert "right with" in found["x"]
    assert "+ h.T @ dy`" in found["w"]


def test_the_mistake_may_be_in_a_function_that_is_called():
    def slope(h):
        return 1 - h

    def wrong(dy, x, w):
        h = np.tanh(x @ w)
        dh = dy @ w.T * slope(h)
        return dh @ w.T, x.T @ dh + h.T @ dy

    line = slope.__code__.co_firstlineno + 1
    assert all(said.endswith(f"in line {line} of slope") for said in failures(wrong).values())


def power(x):
    return x**2


class TwicePower(Layer):
    def forward(self, x, *, training=False):
        self._x = x
        return 2 * power(x)

    def backward(self, dy):
        return dy * 4 * power(self._x)


def wrong_of_pair():
    wrong = lambda dy, x: dy * 4 * power(x)  # noqa: E731
    return check_function(lambda x: 2 * power(x), wrong, X, backward_inputs=True)


def wrong_of_cost():
    def gradients(p):
        x = p["x"]
        return {"x": 4 * power(x)}

    return check_gradients(lambda p: (2 * power(p["x"])).sum(), gradients, {"x": X})


def wrong_of_layer():
    return check_layer(TwicePower(), X)


@pytest.mark.parametrize("check", [wrong_of_pair, wrong_of_cost, wrong_of_layer])
def test_an_edit_leaves_alone_what_forward_computes(check):
    """The mistake is not mended in a function that forward calls as well."""
    assert "for `x ** 2`" not in check().guilty.diagnosis


def test_gradients_of_costs_are_searched_too():
    def gradients(p):
        return {"w": np.cos(p["w"]) * p["b"], "b": np.sin(p["b"]) + 0}

    report = check_gradients(lambda p: (np.sin(p["w"]) * p["b"]).sum(), gradients, {"w": X, "b": W})
    assert "right with `p['w']` for `p['b']`" in report.guilty.diagnosis


def test_a_right_function_is_not_searched():
    assert not failures(backward)


def test_nothing_is_said_where_no_edit_helps():
    def wrong(dy, x, w):
        return np.sinh(dy * x) * w.sum(), x**2 * 7.123 + np.roll(dy, 1)

    assert all("right with" not in said for said in failures(wrong).values())


def test_random_functions_are_left_alone():
    rng = np.random.default_rng(0)

    def run(edited):
        return {"x": edited(np.ones(3))}

    check = Check(None, "total", "x", verdict="fail", elements=3, is_cause_unknown=True)
    check.analytic, check.numeric, check.bar = np.ones(3), 2 * np.ones(3), np.zeros(3)
    explain_by_edits([check], EditableFunction(lambda x: rng.standard_normal(3), run))
    assert check.diagnosis == ""


@pytest.mark.parametrize("bar", [1e-9, 0.1])
def test_only_narrow_error_bars_are_a_proof(bar):
    def doubled(x):
        return 2 * x

    check = Check(None, "total", "x", verdict="fail", elements=3, is_cause_unknown=True)
    check.analytic, check.numeric, check.bar = 2 * np.ones(3), np.ones(3), np.full(3, bar)
    explain_by_edits([check], EditableFunction(doubled, lambda edited: {"x": edited(np.ones(3))}))
    assert ("right with" in check.diagnosis) == (bar < 1e-3)


def test_objects_behind_a_function_are_left_as_they_were():
    class Net:
        def __init__(self):
            self.w, self.dw = W.copy(), np.zeros_like(W)

        def backward(self, x):
            self.dw[...] = 0.5
            self.dw += np.cos(x) * self.w * 3
            return self.dw.copy()

    net = Net()
    report = check_gradients(lambda p: (np.sin(p) * W).sum(), lambda p: net.backward(p), X)
    assert not report.ok
    assert np.array_equal(net.w, W)
    assert np.array_equal(net.dw, 0.5 + np.cos(X) * W * 3)


def test_a_formula_is_changed_rather_than_what_calls_it():
    def formula(dy, x, w):
        h = np.tanh(x @ w)
        dh = dy @ w.T * (1 - h**2)
        return dh @ w.T, x.T @ dh - h.T @ dy

    def wrong(*arguments):
        inputs = tuple(map(lambda x: np.array(x), arguments))  # noqa: C417
        return formula(inputs[0], *inputs[1:])

    assert "right with `x.T @ dh + h.T @ dy`" in failures(wrong)["w"]


def test_only_functions_that_are_called_as_they_are_stay_known():
    def slope(h):
        return 1 - h

    def odd(h):
        assert h is not None  # a statement that is not run from its source
        return slope(h)

    interpreter = Interpreter(1_000)
    for _ in range(2):
        with suppress(NotUnderstoodError):
            interpreter.edited(lambda h: (slope(h), odd(h)), {})(0.5)
        interpreter.forget_functions()
    assert [code.co_name for code in interpreter.definitions] == ["odd"]


def test_a_function_that_converts_its_arguments_has_more_steps():
    """Most of its nodes are those of the conversion."""

    def unrecorded(x, w):
        return np.array(x.tolist()) * w**2 / 2 + np.sin(w)

    def convert(arrays):
        return [convert(each) if isinstance(each, list) else each + 0 for each in arrays]

    def wrong(dy, x, w):
        dy, x, w, _ = convert([dy, x, w, [[[[[[[x, [w, [x, [w]]]]]]]]]]])
        return dy * w**2 / 2, dy * np.cos(w)

    report = check_function(unrecorded, wrong, X, W, backward_inputs=True)
    assert "a missing term + w * x" in report.guilty.diagnosis
