"""Failures at ties are told as such."""

import numpy as np
import pytest

from minidl import check_gradients
from minidl.gradcheck.functions.ties import NO_SUBGRADIENT, joined

TIE = np.array([3.0, 3.0, 1.0])


def report(gradient, **settings):
    def gradients(p):
        return np.array(gradient, float) if p[0] == p[1] else np.eye(3)[int(p.argmax())]

    return check_gradients(lambda p: p.max(), gradients, TIE, **settings)


@pytest.mark.parametrize("method", ["auto", "central"])
def test_no_subgradient_fails_and_says_kink(method):
    wrong = report([1, 1, 0], method=method)
    (check,) = wrong.failures
    assert check.diagnosis == NO_SUBGRADIENT
    assert check.difference == wrong.difference == pytest.approx(1 / 3, rel=0.01)
    assert check.worst["numeric"] == pytest.approx(0.5, abs=1e-3)
    assert check.error_summary.startswith("2 of 3")
    assert "rounding" not in str(wrong)


@pytest.mark.parametrize("gradient", [[1, 0, 0], [0, 1, 0], [0.5, 0.5, 0]])
def test_a_subgradient_is_ok(gradient):
    right = report(gradient)
    assert right.ok, str(right)
    assert any("exactly on a kink" in note for note in right.notes)


def test_other_arrays_stay_as_they_are():
    def gradients(p):
        return {"x": np.array([1.0, 1.0, 0.0]), "y": 2 * p["y"]}

    point = {"x": TIE, "y": np.ones(2)}
    wrong = check_gradients(lambda p: p["x"].max() + (p["y"] ** 2).sum(), gradients, point)
    assert [check.parameter for check in wrong.failures if check.term == "total"] == ["x"]


def test_arrays_that_are_there_are_joined():
    assert joined([np.ones((1, 2)), None, np.zeros(1)]).tolist() == [1, 1, 0]
