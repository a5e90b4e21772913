"""assert_gradients: a right model passes, a wrong one raises its report."""

import pytest
from helpers import classifier, rows

from minidl import GradientChecker, GradientError, gradcheck, testing
from minidl.testing import assert_gradients


def test_a_right_model_passes_and_the_report_comes_back():
    report = assert_gradients(classifier(), *rows())
    assert report.ok
    assert report.difference < 1e-13


def test_a_wrong_model_raises_the_report():
    model = classifier()
    backward = model.layers[2].backward

    def doubled(dy):
        dx = backward(dy)
        model.layers[2].weight.grad[...] *= 2
        return dx

    model.layers[2].backward = doubled
    with pytest.raises(GradientError, match="weight") as raised:
        assert_gradients(model, *rows())
    assert isinstance(raised.value, AssertionError)


def test_the_functions_are_explained():
    for function in (
        testing.assert_gradients,
        testing.check_layer,
        testing.check_loss,
        testing.check_penalty,
        testing.check_optimizer,
        gradcheck.check_gradients,
    ):
        assert "Examples" in function.__doc__


def test_what_is_unresolved_is_accepted_where_wanted(monkeypatch):
    check = GradientChecker.check

    def doubtful(self, X, Y):
        report = check(self, X, Y)
        report.checks[-1].verdict = "unresolved"
        return report

    monkeypatch.setattr(GradientChecker, "check", doubtful)
    with pytest.raises(GradientError, match="UNRESOLVED"):
        assert_gradients(classifier(), *rows())
    assert assert_gradients(classifier(), *rows(), allow_unresolved=True).status == "unresolved"
