"""Rules of backward functions: linear in dy, dy untouched."""

from types import SimpleNamespace

import numpy as np
import pytest

from minidl import check_function
from minidl.gradcheck.functions.pairs.rules import PAIR_RULES, PairRun

X = np.random.default_rng(5).standard_normal((3, 4))


def broken_rules(backward, x=X, forward=np.tanh):
    report = check_function(forward, backward, x, backward_inputs=True)
    return {c.parameter: c.diagnosis for c in report.failures if c.term == "protocol"}


def derivative(x):
    return 1 - np.tanh(x) ** 2


@pytest.mark.parametrize(
    ("backward", "words"),
    [
        (lambda dy, x: derivative(x), "is ignored"),
        (lambda dy, x: derivative(x) * np.abs(dy), "not linear"),
        (lambda dy, x: derivative(x) * np.sign(dy), "not linear"),
        (lambda dy, x: derivative(x) * dy * dy, "not linear"),
        (lambda dy, x: derivative(x) * np.clip(dy, -3, 3), "not linear"),
        (lambda dy, x: derivative(x) * dy + 0.1, "not linear"),
    ],
)
def test_not_linear_in_dy(backward, words):
    assert words in broken_rules(backward)["linear in the incoming gradient"]


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16])
def test_rounding_is_linear(dtype):
    def backward(dy, x):
        return (derivative(x).astype(dtype) * dy.astype(dtype)).astype(dtype)

    assert broken_rules(backward) == {}


def test_a_random_backward_is_not_called_nonlinear():
    def backward(dy, x):
        return derivative(x) * dy * (np.random.default_rng().random(x.shape) < 0.5)

    assert list(broken_rules(backward)) == ["the same twice"]


def test_writing_into_dy_is_noted():
    def backward(dy, x):
        dy *= derivative(x)
        return dy

    report = check_function(np.tanh, backward, X, backward_inputs=True)
    assert report.ok
    assert any("backward writes into the incoming gradient" in note for note in report.notes)


def test_an_exception_for_another_dy_is_a_failed_row():
    calls = []

    def backward(dy, x):
        calls.append(1)
        if len(calls) == 5:  # two calls before the rules, one for notes
            raise ValueError("no")
        return derivative(x) * dy

    assert "raises ValueError" in broken_rules(backward)["linear in the incoming gradient"]


def test_writing_into_the_inputs():
    def backward(dy, x):
        y = np.tanh(x)
        x *= 0
        return dy * (1 - y**2)

    assert list(broken_rules(backward)) == ["inputs untouched"]


def test_a_forward_that_writes_into_its_inputs_is_noted():
    def forward(x):
        x *= 2
        return x

    report = check_function(forward, lambda dy: 2 * dy, X)
    assert report.ok
    assert any("forward writes into its inputs: x" in note for note in report.notes)


def test_a_broken_rule_explains_what_nothing_else_does():
    report = check_function(np.tanh, lambda dy, x: np.cosh(x), X, backward_inputs=True)
    (check,) = [check for check in report.failures if check.parameter == "x"]
    assert check.diagnosis.startswith("consistent with a broken rule: the incoming gradient is")


@pytest.mark.parametrize("seed", range(6))
def test_the_rounding_of_terms_that_cancel_is_linear(seed):
    rng = np.random.default_rng(seed)

    def forward(x, b):
        z = x + b
        return z - z.mean(axis=0), None

    def backward(dy, cache):
        dz = dy - dy.mean(axis=0)
        return dz, dz.sum(axis=0)

    report = check_function(
        forward, backward, rng.standard_normal((5, 3)), rng.standard_normal(3), cache=True
    )
    assert report.failures == []


def to_bfloat16(x):
    """Round to 8 bits."""
    unit = 2.0 ** (np.frexp(x)[1] - 8)
    return np.round(x / unit) * unit


class Backward:
    """A backward function of one array for the rules, without all else that a check does."""

    takes_dy = True

    def __init__(self, backward, dy):
        self.backward, self.cotangents = backward, [dy]

    def vjp(self, values, cotangents):
        return SimpleNamespace(arrays={"x": np.asarray(self.backward(*cotangents))})


def broken_linearity(backward_of, seed):
    rng = np.random.default_rng(seed)
    weights, dy, other = rng.uniform(0.5, 1.5, X.shape), *rng.standard_normal((2, *X.shape))
    (linear,) = [rule for rule in PAIR_RULES if rule.id == "linear_in_dy"]
    return linear.find_violation(PairRun(Backward(backward_of(weights), dy), {}, [other]))


def test_differences_of_large_sums_in_half_precision_are_linear():
    def difference(weights):
        return lambda dy: to_bfloat16(to_bfloat16((weights * dy).sum()) - to_bfloat16(dy.sum()))

    assert not [seed for seed in range(400) if broken_linearity(difference, seed)]


def test_what_is_not_linear_in_half_precision():
    def absolute(weights):
        return lambda dy: to_bfloat16(weights * np.abs(dy))

    assert all("not linear" in broken_linearity(absolute, seed) for seed in range(400))
