"""Right numbers at wrong places; single elements, rows and columns."""

import re

import numpy as np
import pytest
from pattern_evidence import (
    SQUARE,
    N,
    X,
    assert_diagnosed,
    changed,
    diagnosis_of,
    evidence,
    patterns_in,
)

from minidl.gradcheck.diagnosis.patterns import shape

BLOCK = np.random.default_rng(3).standard_normal((3, 4, 5))

CASES = {
    "an index of the last axis": (
        "rows or columns",
        lambda: evidence(BLOCK * [1, 1, 0.5, 1, 1], BLOCK),
        "only index 2 of 5 of axis 2 is 0.5000 x numeric; the others agree",
    ),
    "transposed": ("transposed", lambda: evidence(SQUARE.T, SQUARE), "numeric transposed"),
    "reshaped": ("transposed", lambda: evidence(N.T.reshape(5, 6)), "column-major order"),
    "one element": (
        "one element",
        lambda: evidence(changed((1, 2), 3)),
        r"only element \(1, 2\) of 30 is wrong, 3.000 x numeric",
    ),
    "one element that should be zero": (
        "one element",
        lambda: evidence(N, changed((1, 2), 0)),
        r"only element \(1, 2\) of 30 is wrong: not 0 where numeric is",
    ),
    "all equal": (
        "all equal",
        lambda: evidence(np.full((5, 6), N.sum())),
        r"all 30 elements are equal \(to the sum of numeric\)",
    ),
    "all equal to some number": (
        "all equal",
        lambda: evidence(np.full((5, 6), 0.3)),
        "all 30 elements are equal: summed over both axes",
    ),
    "one row": (
        "rows or columns",
        lambda: evidence(changed(2, 0)),
        "only row 2 of 5 is zero; the others agree",
    ),
    "two columns": (
        "rows or columns",
        lambda: evidence(changed((slice(None), [0, 5]), 2)),
        "only column 0, 5 of 6 is 2.000 x numeric",
    ),
    "the last column": (
        "rows or columns",
        lambda: evidence(np.hstack([N[:, :-1], X[:, :1]])),
        "only column 5 of 6 is wrong",
    ),
    "rows in reverse order": ("permuted", lambda: evidence(N[::-1]), "at other places"),
}


@pytest.mark.parametrize("case", CASES)
def test_evidence_that_fits(case):
    assert_diagnosed(CASES[case])


def test_every_pattern_has_a_case():
    untested = patterns_in(shape) - {name for name, _, _ in CASES.values()}
    assert not untested, f"add a case for each of these patterns to CASES: {untested}"


SIMILAR = {
    "nearly transposed": (
        lambda: diagnosis_of(changed((0, 1), 1.01, SQUARE.T), SQUARE),
        "transposed",
    ),
    "two elements": (lambda: diagnosis_of(changed(([0, 3], [1, 4]), 3)), "only element"),
    "nearly all equal": (
        lambda: diagnosis_of(np.full((5, 6), 0.3) + 1e-3 * X),
        "elements are equal",
    ),
    "most rows": (lambda: diagnosis_of(changed(slice(1, None), 2)), "only row"),
    "a vector has no rows": (
        lambda: diagnosis_of(N[0] * np.arange(2, 8), N[0]),
        "each row|each column|only row",
    ),
}


@pytest.mark.parametrize("case", SIMILAR)
def test_similar_evidence_does_not_fit(case):
    diagnosis, words = SIMILAR[case]
    assert not re.search(words, diagnosis())
