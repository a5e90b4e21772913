"""The wrong operation is searched for once."""

import numpy as np
from tape_graphs import DY, W, X, graph_of

from minidl.gradcheck import Check
from minidl.gradcheck.diagnosis.tape.wrong_operation import WrongOperation

Z = np.tanh(X @ W)
DZ = DY * (1 - Z * Z)


def checks():
    found = [Check(None, "total", name) for name in ("x", "w", "other")]
    for check, analytic, numeric in zip(
        found, (DY @ W.T, X.T @ DY, X), (DZ @ W.T, X.T @ DZ, W), strict=True
    ):
        check.analytic, check.numeric = analytic, numeric
    return found


def test_it_is_recorded_once_and_told_of_what_is_recorded():
    calls = []

    def recorder():
        calls.append(1)
        return graph_of(lambda x, w: np.tanh(x @ w))

    operation = WrongOperation(checks(), recorder)
    assert not calls
    assert "tanh" in operation.find("x") == operation.find("w")
    assert operation.find("other") == ""
    assert len(calls) == 1


def test_a_function_that_cannot_be_recorded_has_none():
    def recorder():
        raise ValueError

    assert WrongOperation(checks(), recorder).find("x") == ""
    assert WrongOperation(checks(), None).find("x") == ""


def test_of_an_array_that_passed_in_low_precision_the_gradient_is_enough():
    failed = Check(
        None, "total", "x", analytic=DY @ W.T, numeric=DZ @ W.T, bar=np.full((4, 4), 1e-4)
    )
    passed = Check(None, "total", "w")
    rounding = {"x": np.full((4, 4), 1e-6), "w": np.full(W.shape, 1e-6)}
    gradients = {"x": DY @ W.T, "w": X.T @ DZ}
    found = WrongOperation([failed, passed], recorder_of_layer, gradients, rounding)
    assert "first argument of @" in found.find("x")
    unknown = WrongOperation([failed, passed], recorder_of_layer)
    assert "the derivative with respect to the argument of tanh" in unknown.find("x")


def recorder_of_layer():
    return graph_of(lambda x, w: np.tanh(x @ w))
