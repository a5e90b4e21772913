"""Errors that are small but too large for rounding."""

import re

import numpy as np
import pytest
from pattern_evidence import N, X, assert_diagnosed, diagnosis_of, evidence, patterns_in

from minidl.gradcheck.diagnosis.patterns import precision

CASES = {
    "float32": ("float32", lambda: evidence(N.astype(np.float32)), "float32's rounding"),
    "an epsilon": (
        "slight error",
        lambda: evidence(N * (1 + 1e-6 * X**2)),
        "errors of up to .* of the largest element, not of rounding",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_evidence_that_fits(case):
    assert_diagnosed(CASES[case])


def test_every_pattern_has_a_case():
    untested = patterns_in(precision) - {name for name, _, _ in CASES.values()}
    assert not untested, f"add a case for each of these patterns to CASES: {untested}"


SIMILAR = {
    "an error over float32's": (lambda: diagnosis_of(N * (1 + 1e-4 * X)), "float32"),
    "an error under float32's": (lambda: diagnosis_of(N * (1 + 1e-12 * X)), "float32"),
}


@pytest.mark.parametrize("case", SIMILAR)
def test_similar_evidence_does_not_fit(case):
    diagnosis, words = SIMILAR[case]
    assert not re.search(words, diagnosis())
