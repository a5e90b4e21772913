"""Gradients of something else."""

import re

import numpy as np
import pytest
from pattern_evidence import N, X, assert_diagnosed, diagnosis_of, evidence, patterns_in

from minidl.gradcheck.diagnosis.patterns import origin

CASES = {
    "a candidate": (
        "known mistake",
        lambda: evidence(X, candidates=[("the input", X)]),
        r"the input \(equal to within 1e-07",
    ),
    "another array": (
        "another array's gradient",
        lambda: evidence(X, other_gradients={"bias": X}),
        "the numeric gradient of bias: gradients of two arrays swapped",
    ),
    "weights": (
        "a penalty's gradient",
        lambda: evidence(N + 0.3 * X, parameter_value=X),
        r"analytic - numeric = 0.3 x the weights themselves: consistent with the gradient of a "
        r"penalty \(weight decay\)",
    ),
    "signs of weights": (
        "a penalty's gradient",
        lambda: evidence(N - 0.3 * np.sign(X), parameter_value=X),
        "-0.3 x the sign of the weights",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_evidence_that_fits(case):
    assert_diagnosed(CASES[case])


def test_every_pattern_has_a_case():
    untested = patterns_in(origin) - {name for name, _, _ in CASES.values()}
    assert not untested, f"add a case for each of these patterns to CASES: {untested}"


SIMILAR = {
    "a candidate that is the numeric side": (
        lambda: diagnosis_of(N + X, candidates=[("right", N)]),
        "right",
    ),
    "a candidate that is a little off": (
        lambda: diagnosis_of(X, candidates=[("off", X * (1 + 1e-6))]),
        "off",
    ),
    "a candidate of another shape": (
        lambda: diagnosis_of(X, candidates=[("other", X[:1])]),
        "other",
    ),
    "two errors that sum to zero, of weights of both signs": (
        lambda: diagnosis_of([1.3, 1.7], [1.0, 2.0], parameter_value=np.array([0.2, -0.7])),
        "weights",
    ),
    "another penalty": (lambda: diagnosis_of(N + 0.3 * X**2, parameter_value=X), "weights"),
}


@pytest.mark.parametrize("case", SIMILAR)
def test_similar_evidence_does_not_fit(case):
    diagnosis, words = SIMILAR[case]
    assert not re.search(words, diagnosis())
