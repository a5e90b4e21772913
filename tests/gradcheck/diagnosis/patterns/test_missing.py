"""Gradients that were never computed."""

import re

import numpy as np
import pytest
from pattern_evidence import N, X, assert_diagnosed, changed, diagnosis_of, evidence, patterns_in

from minidl.gradcheck.diagnosis.patterns import missing

CASES = {
    "not finite": (
        "not finite",
        lambda: evidence(np.where(X > 1, np.nan, N)),
        "elements are NaN or infinite",
    ),
    "zero": ("all zero", lambda: evidence(0 * N), "analytic = 0 in all 30 elements"),
}


@pytest.mark.parametrize("case", CASES)
def test_evidence_that_fits(case):
    assert_diagnosed(CASES[case])


def test_every_pattern_has_a_case():
    untested = patterns_in(missing) - {name for name, _, _ in CASES.values()}
    assert not untested, f"add a case for each of these patterns to CASES: {untested}"


SIMILAR = {
    "one zero is not all": (lambda: diagnosis_of(changed((0, 0), 0)), "analytic = 0 in all"),
    "zero where numeric is zero": (lambda: diagnosis_of(0 * N, 0 * N), "analytic = 0"),
}


@pytest.mark.parametrize("case", SIMILAR)
def test_similar_evidence_does_not_fit(case):
    diagnosis, words = SIMILAR[case]
    assert not re.search(words, diagnosis())
