"""Masks, slopes and thresholds."""

import re

import numpy as np
import pytest
from pattern_evidence import N, X, assert_diagnosed, diagnosis_of, evidence, masked, patterns_in

from minidl.gradcheck.diagnosis.patterns import mask

# The first of two equal inputs of each row has the gradient.
TIED, TIED_N = np.array([[2.0, 1.0, 2.0], [3.0, 0.0, 3.0]]), np.array([[5.0, 0, 0], [-7.0, 0, 0]])
IS_SECOND = np.array([[False, False, True]] * 2)

CASES = {
    "where x < 0": (
        "range of the input",
        lambda: evidence(np.where(X < 0, 0.5 * N, N), input=X),
        r"0.5000 x numeric exactly where x < 0",
    ),
    "where x > 0": (
        "range of the input",
        lambda: evidence(np.where(X > 0, 0, N), input=X),
        r"analytic = 0.000 x numeric exactly where x > 0",
    ),
    "where x is in between": (
        "range of the input",
        lambda: evidence(np.where(np.abs(X) < 0.5, N + X, N), input=X),
        r"analytic is wrong exactly where x in \[-0\.\d+, 0\.\d+\]",
    ),
    "all of several equal inputs": (
        "equal inputs",
        lambda: evidence(
            TIED_N + np.where(IS_SECOND, TIED_N[:, ::-1], 0), TIED_N, layer_input=TIED
        ),
        "2 elements are wrong where inputs are equal: all of them get the gradient, not",
    ),
    "another one of several equal inputs": (
        "equal inputs",
        lambda: evidence(TIED_N[:, ::-1], TIED_N, layer_input=TIED),
        "4 elements are wrong where inputs are equal: another one gets the gradient, not",
    ),
    "an inverted mask": (
        "mask",
        lambda: evidence(N * (masked(of=1) == 0), masked(of=1)),
        "the mask is inverted",
    ),
    "another mask": (
        "mask",
        lambda: evidence(masked(of=1), masked(of=2)),
        r"another mask than forward's: \d+ elements zero and \d+ not zero",
    ),
    "zeros": (
        "mask",
        lambda: evidence(masked(of=1)),
        r"analytic = 0 in \d+ elements where numeric is not: zero where it should not be",
    ),
    "no zeros": (
        "mask",
        lambda: evidence(N, masked(of=1)),
        r"analytic is not 0 in \d+ elements where numeric is",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_evidence_that_fits(case):
    assert_diagnosed(CASES[case])


def test_every_pattern_has_a_case():
    untested = patterns_in(mask) - {name for name, _, _ in CASES.values()}
    assert not untested, f"add a case for each of these patterns to CASES: {untested}"


SIMILAR = {
    "a gradient at an input that is equal to none": (
        lambda: diagnosis_of(TIED_N[:, [1, 0, 2]], TIED_N, layer_input=TIED),
        "equal",
    ),
    "another number at an equal input": (
        lambda: diagnosis_of(TIED_N + IS_SECOND, TIED_N, layer_input=TIED),
        "equal",
    ),
    "wrong here and there": (
        lambda: diagnosis_of(
            np.where(np.random.default_rng(5).random(N.shape) < 0.5, N, 0.5 * N), input=X
        ),
        "exactly where",
    ),
    "nothing wrong where x is known": (lambda: diagnosis_of(N, input=X), "exactly where"),
    "an input of another shape": (
        lambda: diagnosis_of(np.where(X < 0, 0.5 * N, N), input=X[:1]),
        "exactly where",
    ),
}


@pytest.mark.parametrize("case", SIMILAR)
def test_similar_evidence_does_not_fit(case):
    diagnosis, words = SIMILAR[case]
    assert not re.search(words, diagnosis())
