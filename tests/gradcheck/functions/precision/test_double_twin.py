"""Mistakes of functions in float32, named in float64."""

import numpy as np
import pytest

from minidl import check_function, check_gradients
from minidl.gradcheck.functions.precision.double_twin import DoubleCopies

RNG = np.random.default_rng(0)
X, W = RNG.standard_normal((5, 4)), RNG.standard_normal((4, 3))


def narrow(*arrays):
    return [np.asarray(array, dtype="float32") for array in arrays]


def forward(x, w):
    x, w = narrow(x, w)
    return x * np.tanh(x) @ w / (1 + (w * w).sum(axis=0))


def backward(dy, x, w):
    dy, x, w = narrow(dy, x, w)
    t, n = np.tanh(x), 1 + (w * w).sum(axis=0)
    dn = dy / n
    dw = (x * t).T @ dn - 2 * w * (dn * (x * t @ w) / n).sum(axis=0)
    return dn @ w.T * (t + x * (1 - t**2)), dw


def diagnoses(wrong, forward=forward):
    report = check_function(forward, wrong, X, W, backward_inputs=True)
    assert report.method == "line integrals"
    return {check.parameter: check.diagnosis for check in report.failures}


def test_the_right_one_passes():
    assert not diagnoses(backward)


def test_a_line_of_backward_is_named():
    def wrong(dy, x, w):
        dy, x, w = narrow(dy, x, w)
        t, n = np.tanh(x), 1 + (w * w).sum(axis=0)
        dn = dy / n
        dw = (x * t).T @ dn - 2 * w * (dn * (x * t @ w) / n).sum(axis=0)
        return dn @ w.T * (t + x * (1 - t)), dw

    found = diagnoses(wrong)
    assert list(found) == ["x"]
    assert "right with `t ** 2` for `t`" in found["x"]


def test_an_operation_of_forward_is_named():
    def wrong(dy, x, w):
        dw = backward(dy, x, w)[1]
        t, n = np.tanh(x), 1 + (w * w).sum(axis=0)
        return (dy / n) @ w.T * t, dw

    assert "(equal to within 1e-07 of the error)" in diagnoses(wrong)["x"]


def test_gradients_of_costs_are_named_too():
    def cost(p):
        return np.sinh(p["w"].astype(np.float32)).sum()

    def gradients(p):
        w = p["w"].astype(np.float32)
        return {"w": np.cosh(w) / np.sqrt(1 + w**2)}

    report = check_gradients(cost, gradients, {"w": W})
    assert "right with" in report.guilty.diagnosis


@pytest.mark.parametrize("rounds", [np.float32, "float32", np.dtype("f4")])
def test_every_way_to_ask_for_float32_is_known(rounds):
    def function(x, dtype=rounds):
        return np.asarray(x, dtype=dtype) / 3

    copies = DoubleCopies()
    copied = copies.of(function)
    if isinstance(rounds, str):
        copied = copies.of(lambda x: np.asarray(x, dtype="float32") / 3)
    assert copied(1.0) == 1 / 3


def test_a_function_in_another_language_has_no_twin():
    class Compiled:  # what it does cannot be copied
        def __call__(self, x, w):
            return forward(x, w)

    def wrong(dy, x, w):
        dx, dw = backward(dy, x, w)
        return 2 * dx, dw

    assert "2.000 x numeric" in diagnoses(wrong, Compiled())["x"]


def test_a_twin_that_is_another_function_names_nothing():
    """One that depends on its precision by more than rounding."""

    def forward(x, w):
        x, w = narrow(x, w)
        return x @ w * (1 if x.dtype == w.dtype == narrow(0.0)[0].dtype and x.itemsize == 4 else 3)

    def wrong(dy, x, w):
        dy, x, w = narrow(dy, x, w)
        scale = 1 if x.itemsize == 4 else 3
        return 2 * scale * dy @ w.T, scale * x.T @ dy

    assert "2.000 x numeric" in diagnoses(wrong, forward)["x"]


def test_functions_are_copied_only_if_there_is_something_to_explain(monkeypatch):
    def refuse(self, function):
        raise RuntimeError("copied")

    monkeypatch.setattr(DoubleCopies, "of", refuse)
    assert not diagnoses(backward)
    doubled = lambda dy, x, w: (2 * backward(dy, x, w)[0], backward(dy, x, w)[1])  # noqa: E731
    assert "2.000 x numeric" in diagnoses(doubled)["x"]  # and a refusal is harmless
