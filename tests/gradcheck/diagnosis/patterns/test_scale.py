"""Factors, constants and clips."""

import re

import numpy as np
import pytest
from pattern_evidence import N, assert_diagnosed, changed, diagnosis_of, evidence, patterns_in

from minidl.gradcheck.diagnosis.patterns import scale

CASES = {
    "a ratio": (
        "constant factor",
        lambda: evidence(1.7 * N),
        "analytic = 1.700 x numeric in all 30 elements: an extra factor of 1.7",
    ),
    "a ratio close to 1": (
        "constant factor",
        lambda: evidence(1.00005 * N),
        "analytic = 1.0000500 x numeric in all 30 elements: an extra factor of 1.00005",
    ),
    "clipped": (
        "clipped",
        lambda: evidence(np.clip(N, -0.5, 0.5)),
        r"clipped to \+-0.5 in \d+ elements",
    ),
    "scaled rows": (
        "scaled rows or columns",
        lambda: evidence(N * np.arange(2, 7)[:, None]),
        r"each row is numeric's times its own factor \(2 to 6\): a factor of each row, such",
    ),
    "scaled columns": (
        "scaled rows or columns",
        lambda: evidence(N * np.arange(2, 8)),
        r"each column is numeric's times its own factor \(2 to 7\)",
    ),
    "a slight factor": (
        "slight factor",
        lambda: evidence(N * (1 + 1e-8)),
        r"analytic = \(1 \+ 1e-08\) x numeric in all 30 elements",
    ),
    "a constant": (
        "constant added",
        lambda: evidence(N + 0.5),
        "analytic - numeric = 0.5 in all 30 elements",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_evidence_that_fits(case):
    assert_diagnosed(CASES[case])


def test_every_pattern_has_a_case():
    untested = patterns_in(scale) - {name for name, _, _ in CASES.values()}
    assert not untested, f"add a case for each of these patterns to CASES: {untested}"


SIMILAR = {
    "a ratio but for one element": (lambda: diagnosis_of(1.7 * changed((0, 0), 2)), "in all"),
    "one element that is its own bound": (
        lambda: diagnosis_of([2.0, 4.0, 5.4], [2.0, 4.0, 6.0]),
        "clipped",
    ),
    "a single number": (lambda: diagnosis_of([-4.908], [1.0]), "factor"),
    "a single number that is not zero": (
        lambda: diagnosis_of([0.0, 0, 0, 4.908, 0], [0.0, 0, 0, 1, 0]),
        "factor",
    ),
    "two numbers that sum to zero": (lambda: diagnosis_of([3.3, -3.3], [1.0, -1.0]), "factor"),
    "two elements of one size": (lambda: diagnosis_of([2.0, -2.0], [3.0, -5.0]), "clipped"),
    "clipped too much": (
        lambda: diagnosis_of(np.where(np.abs(N) > 0.5, 0.4 * np.sign(N), N)),
        "clipped",
    ),
}


@pytest.mark.parametrize("case", SIMILAR)
def test_similar_evidence_does_not_fit(case):
    diagnosis, words = SIMILAR[case]
    assert not re.search(words, diagnosis())


@pytest.mark.parametrize(
    ("ratio", "factors", "words"),
    [
        (-1, {}, "the sign is wrong"),
        (2, {}, "an extra factor of 2"),
        (0.5, {}, "an extra factor of 1/2, or a missing 2"),
        (7, {"m": 7}, "the mean's 1/m missing"),
        (1 / 7, {"m": 7}, "1/m applied twice"),
        (-7, {"m": 7}, "the mean's 1/m missing and the wrong sign"),
        (0.8, {"keep_prob": 0.8}, "the mask unscaled"),
        (1.25, {"keep_prob": 0.8}, "the mask scaled by 1/keep_prob twice"),
        (0.03, {"slope": 0.03}, "an extra factor of slope = 0.03"),
        (1 / 0.03, {"slope": 0.03}, "an extra division by slope = 0.03"),
        (-3.3, {}, "the sign is wrong and there is an extra factor of 3.3"),
        (3.3, {"m": 7}, "an extra factor of 3.3"),
        (5, {"m": 1, "k": 0.0}, "an extra factor of 5"),
    ],
)
def test_a_ratio_is_put_into_words(ratio, factors, words):
    assert diagnosis_of(ratio * N, factors=factors).endswith(words) or words in diagnosis_of(
        ratio * N, factors=factors
    )


def test_a_ratio_that_has_two_meanings_names_both():
    assert diagnosis_of(2 * N, factors={"m": 2.0}).endswith(
        "consistent with an extra factor of 2, or the mean's 1/m missing"
    )


@pytest.mark.parametrize(
    ("analytic", "numeric", "words"),
    [
        ([2.0], [1.0], "an extra factor of 2"),
        ([-1.0, 1.0], [1.0, -1.0], "the sign is wrong"),
        ([3.3, -6.6], [1.0, -2.0], "an extra factor of 3.3"),
    ],
)
def test_a_few_elements_need_a_known_ratio_or_the_same_one(analytic, numeric, words):
    assert words in diagnosis_of(analytic, numeric)
