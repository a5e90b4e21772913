"""Means, norms and sums that are held fixed."""

import re

import numpy as np
import pytest
from pattern_evidence import assert_diagnosed, evidence, patterns_in

from minidl import check_gradients
from minidl.gradcheck.diagnosis.patterns import invariance

R = np.random.default_rng(3).standard_normal((4, 5))
X = np.random.default_rng(4).standard_normal((4, 5))


def along(array, axis=-1):
    return array.sum(axis=axis, keepdims=True)


def softmax(x):
    y = np.exp(x)
    return y / along(y)


def normalize(x):
    centred = x - along(x) / x.shape[-1]
    return centred / np.sqrt(along(centred**2) / x.shape[-1] + 1e-5)


def normalize_backward(x, dy, *, mean=1, variance=1):
    centred = x - along(x) / x.shape[-1]
    deviation = np.sqrt(along(centred**2) / x.shape[-1] + 1e-5)
    y, n = centred / deviation, x.shape[-1]
    return (dy - mean * along(dy) / n - variance * y * along(dy * y) / n) / deviation


def unit(x):
    return x / np.sqrt(along(x**2))


def evidence_of(function, backward, x=X):
    """Return the evidence of a wrong backward, with the numeric gradient by the complex step."""
    direction = R[0] if x.ndim == 1 else R
    n = np.zeros(x.shape)
    for index in np.ndindex(x.shape):
        moved = x.astype(complex)
        moved[index] += 1e-60j
        n[index] = (direction * function(moved)).sum().imag / 1e-60
    return evidence(backward(x, direction), n, parameter_value=x)


CASES = {
    "a softmax with its sum held fixed": (
        "held fixed",
        lambda: evidence_of(softmax, lambda x, dy: dy * softmax(x)),
        r"along axis 1 .* a sum of exponentials \(as of a softmax\): it is held fixed",
    ),
    "only the diagonal of a softmax": (
        "held fixed",
        lambda: evidence_of(softmax, lambda x, dy: dy * softmax(x) * (1 - softmax(x))),
        "only the diagonal of a softmax's derivative along axis 1, its sum is held fixed",
    ),
    "a softmax of a vector": (
        "held fixed",
        lambda: evidence_of(softmax, lambda x, dy: dy * softmax(x), X[0]),
        "along all elements .* a sum of exponentials",
    ),
    "a mean": (
        "held fixed",
        lambda: evidence_of(normalize, lambda x, dy: normalize_backward(x, dy, mean=0)),
        "the gradient of a mean or a sum: it is held fixed",
    ),
    "a mean of all elements": (
        "held fixed",
        lambda: evidence_of(lambda x: x - x.mean(), lambda x, dy: dy),
        "along all elements .* the gradient of a mean or a sum",
    ),
    "a variance": (
        "held fixed",
        lambda: evidence_of(normalize, lambda x, dy: normalize_backward(x, dy, variance=0)),
        "the gradient of a variance or a standard deviation: it is held fixed",
    ),
    "a mean and a variance": (
        "held fixed",
        lambda: evidence_of(
            normalize, lambda x, dy: normalize_backward(x, dy, mean=0, variance=-1)
        ),
        "the gradient of a mean and a variance: it is held fixed",
    ),
    "a norm": (
        "held fixed",
        lambda: evidence_of(unit, lambda x, dy: dy / np.sqrt(along(x**2))),
        r"axis 1 .* a norm: it is held fixed, or its own gradient is wrong \(such as its sign\)$",
    ),
    "a norm of a vector": (
        "held fixed",
        lambda: evidence_of(unit, lambda x, dy: dy / np.sqrt(along(x**2)), X[0]),
        "a norm: it is held fixed, .* or a penalty .weight decay. is not in the cost",
    ),
    "a sum of sizes": (
        "held fixed",
        lambda: evidence_of(
            lambda x: x / along(x * np.sign(x.real)), lambda x, dy: dy / along(np.abs(x))
        ),
        "a sum of absolute values: it is held fixed",
    ),
    "a sum of a vector": (
        "held fixed",
        lambda: evidence_of(lambda x: x / along(x), lambda x, dy: dy / along(x), X[0]),
        "the gradient of a mean or a sum: it is held fixed",
    ),
    "a target that is missing": (
        "invariance",
        lambda: evidence_of(
            lambda x: -along(softmax(R) * np.log(softmax(x))),
            lambda x, dy: along(dy) * softmax(x) ** 2,
        ),
        "numeric sums to zero along axis 1, as nothing changes where x is shifted",
    ),
    "a norm with another mistake": (
        "invariance",
        lambda: evidence_of(unit, lambda x, dy: dy * x**2),
        r"numeric \* x sums to zero along axis 1, as nothing changes where x is scaled",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_evidence_that_fits(case):
    assert_diagnosed(CASES[case])


def test_every_pattern_has_a_case():
    untested = patterns_in(invariance) - {name for name, _, _ in CASES.values()}
    assert not untested, f"add a case for each of these patterns to CASES: {untested}"


@pytest.mark.parametrize(
    ("function", "backward"),
    [
        (lambda x: x**3, lambda x, dy: dy * x**2 + x),
        (lambda x: x**3, lambda x, dy: 3 * dy * x**2 + 1),
        (np.tanh, lambda x, dy: dy * (1 - np.tanh(x))),
    ],
)
def test_a_function_without_sums_holds_nothing_fixed(function, backward):
    report = check_gradients(lambda x: (R * function(x)).sum(), lambda x: backward(x, R), X)
    assert not re.search("held fixed", report.guilty.diagnosis)


def test_an_array_whose_error_may_follow_from_a_later_one_is_not_said_to_break_an_invariance():
    build = CASES["a norm with another mistake"][1]
    e = build()
    e.later_error = "W2"
    assert invariance.broken_invariance.match(e) is None
