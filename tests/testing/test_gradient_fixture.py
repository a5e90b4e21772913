"""The callable of the fixture: checks, counts, raises with the whole report."""

from pathlib import Path

import numpy as np
import pytest

from minidl import DtypeError, GradientError, ReLU, SignatureError
from minidl.testing import check_layer
from minidl.testing.gradient_fixture import GradientFixture

X = np.array([0.5, -2.0, 3.0])


def cost(x):
    return (x**3).sum()


@pytest.fixture
def recorded():
    return []


def test_a_cost_and_its_gradient(recorded):
    check = GradientFixture(0, recorded.append)
    assert check(cost, lambda x: 3 * x**2, X).ok
    with pytest.raises(GradientError) as caught:
        check(cost, lambda x: 2 * x**2, X)
    assert recorded == ["ok", "failed"]
    text = str(caught.value)
    assert "Gradient check of a function of 1 array" in text
    assert "worst at" in text
    shown = caught.traceback.filter(caught)
    assert Path(shown[-1].path) == Path(__file__)  # the frames of minidl are left out


def test_a_report_of_another_check(recorded):
    check = GradientFixture(0, recorded.append)
    report = check_layer(ReLU(), np.linspace(-3, 3, 6).reshape(3, 2))
    assert check(report) is report
    assert recorded == ["ok"]


def test_the_seed_is_passed_unless_a_call_has_its_own(recorded):
    seen = []

    def gradients(x):
        seen.append(x.tobytes())
        return 3 * x**2

    def points(fixture, **options):
        seen.clear()
        fixture(cost, gradients, X, **options)
        return list(seen)

    first, second = GradientFixture(0, recorded.append), GradientFixture(1, recorded.append)
    assert points(first) == points(first) != points(second)
    assert points(second, seed=0) == points(first)


def times(x, w):
    return x * w


@pytest.mark.parametrize(
    ("args", "options"),
    [
        ((np.tanh, lambda dy, x: dy * (1 - np.tanh(x) ** 2), X), {"backward_inputs": True}),
        ((times, lambda dy, x, w: (dy * w, dy * x), X, X + 1), {"backward_inputs": True}),
        ((lambda x: 2 * x, lambda dy: 2 * dy, X), {}),
        ((lambda x: (x**2, x), lambda dy, x: 2 * x * dy, X), {"cache": True}),
    ],
)
def test_a_forward_and_a_backward_function(recorded, args, options):
    check = GradientFixture(0, recorded.append)
    assert check(*args, **options).ok
    forward, backward, *inputs = args
    with pytest.raises(GradientError):
        check(forward, lambda *a: np.multiply(1.5, backward(*a)), *inputs, **options)
    assert recorded == ["ok", "failed"]


def test_integers_belong_to_a_function(recorded):
    table = np.arange(6.0).reshape(3, 2)

    def backward(dy):
        gradient = np.zeros((3, 2))
        np.add.at(gradient, [0, 2, 2], dy)
        return gradient

    check = GradientFixture(0, recorded.append)
    check(lambda table: table[[0, 2, 2]], backward, table)
    with pytest.raises(DtypeError, match="forward must return an array of floats"):
        check(np.array, backward, np.array([0, 2]))


def test_unresolved_fails_unless_it_is_allowed(recorded):
    report = GradientFixture(0, recorded.append)(cost, lambda x: 3 * x**2, X)
    report.checks[0].verdict = "unresolved"
    with pytest.raises(GradientError):
        GradientFixture(0, recorded.append)(report)
    assert GradientFixture(0, recorded.append, allow_unresolved=True)(report) is report
    assert recorded == ["ok", "unresolved", "unresolved"]


@pytest.mark.parametrize("args", [(), (cost,), (cost, cost)])
def test_too_little_to_check_is_told_in_the_words_of_the_fixture(recorded, args):
    check = GradientFixture(0, recorded.append)
    with pytest.raises(
        SignatureError, match=r"check_gradient takes cost, gradients and param.*got"
    ):
        check(*args)
    assert check(cost, gradients=lambda x: 3 * x**2, parameters=X).ok
