"""Each pattern matches evidence that fits, and does not match similar evidence."""

import re

import numpy as np
import pytest

from minidl.gradcheck.diagnosis.diagnose import UNKNOWN, diagnose
from minidl.gradcheck.diagnosis.error_summary import error_summary
from minidl.gradcheck.diagnosis.evidence import Evidence, constant_ratio
from minidl.gradcheck.diagnosis.patterns import ALL_PATTERNS, PATTERNS, SMALL_ERROR_PATTERNS

N = np.random.default_rng(0).standard_normal((5, 6))
SQUARE = np.random.default_rng(1).standard_normal((4, 4))
X = np.random.default_rng(2).standard_normal((5, 6))


def changed(index, factor=0.0, n=N):
    a = n.copy()
    a[index] *= factor
    return a


def masked(*, of):
    """Return N with zeros where the mask of a seed has them."""
    return N * (np.random.default_rng(of).random(N.shape) < 0.5)


def evidence(a, n=N, **known):
    return Evidence(np.asarray(a, float), np.asarray(n, float), **known)


def said(a, n=N, **known):
    return diagnose(evidence(a, n, **known))


CASES = {
    "not finite": (
        "not finite",
        lambda: evidence(np.where(X > 1, np.nan, N)),
        "elements are NaN or infinite",
    ),
    "zero": ("all zero", lambda: evidence(0 * N), "analytic = 0 in all 30 elements"),
    "a candidate": (
        "known mistake",
        lambda: evidence(X, candidates=[("the input", X)]),
        r"the input \(equal to within 1e-07",
    ),
    "a ratio": (
        "constant factor",
        lambda: evidence(1.7 * N),
        "analytic = 1.700 x numeric in all 30 elements: an extra factor of 1.7",
    ),
    "transposed": ("transposed", lambda: evidence(SQUARE.T, SQUARE), "numeric transposed"),
    "reshaped": ("transposed", lambda: evidence(N.T.reshape(5, 6)), "column-major order"),
    "another array": (
        "another array's gradient",
        lambda: evidence(X, other_gradients={"bias": X}),
        "the numeric gradient of bias: gradients of two arrays swapped",
    ),
    "clipped": (
        "clipped",
        lambda: evidence(np.clip(N, -0.5, 0.5)),
        r"clipped to \+-0.5 in \d+ elements",
    ),
    "float32": ("float32", lambda: evidence(N.astype(np.float32)), "float32's rounding"),
    "one element": (
        "one element",
        lambda: evidence(changed((1, 2), 3)),
        r"only element \(1, 2\) of 30 is wrong, 3.000 x numeric",
    ),
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
    "scaled rows": (
        "scaled rows or columns",
        lambda: evidence(N * np.arange(2, 7)[:, None]),
        r"each row is numeric's times its own factor \(2 to 6\)",
    ),
    "scaled columns": (
        "scaled rows or columns",
        lambda: evidence(N * np.arange(2, 8)),
        r"each column is numeric's times its own factor \(2 to 7\)",
    ),
    "weights": (
        "a penalty's gradient",
        lambda: evidence(N + 0.3 * X, parameter_value=X),
        r"analytic - numeric = 0.3 x the weights themselves: consistent with a penalty",
    ),
    "signs of weights": (
        "a penalty's gradient",
        lambda: evidence(N - 0.3 * np.sign(X), parameter_value=X),
        "-0.3 x the sign of the weights",
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
    "rows in reverse order": ("permuted", lambda: evidence(N[::-1]), "at other places"),
    "an epsilon": (
        "slight error",
        lambda: evidence(N * (1 + 1e-6 * X**2)),
        "errors of up to .* of the largest element, not of rounding",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_evidence_that_fits_gives_the_diagnosis(case):
    name, build, words = CASES[case]
    diagnosis = diagnose(build())
    assert diagnosis == ALL_PATTERNS[name].match(build())
    assert re.search(words, diagnosis)


def test_every_pattern_has_a_case():
    missing = set(ALL_PATTERNS) - {name for name, _, _ in CASES.values()}
    assert not missing, f"add a case for each of these patterns to CASES in this file: {missing}"


def test_names_are_unique_and_belong_to_one_pattern():
    for pattern in (*PATTERNS, *SMALL_ERROR_PATTERNS):
        assert ALL_PATTERNS[pattern.name] is pattern


LIKE = {
    "one zero is not all": (lambda: said(changed((0, 0), 0)), "analytic = 0 in all"),
    "zero where numeric is zero": (lambda: said(0 * N, 0 * N), "analytic = 0"),
    "a candidate that is the numeric side": (
        lambda: said(N + X, candidates=[("right", N)]),
        "right",
    ),
    "a candidate that is a little off": (
        lambda: said(X, candidates=[("off", X * (1 + 1e-6))]),
        "off",
    ),
    "a candidate of another shape": (lambda: said(X, candidates=[("other", X[:1])]), "other"),
    "a ratio but for one element": (lambda: said(1.7 * changed((0, 0), 2)), "in all"),
    "nearly transposed": (lambda: said(changed((0, 1), 1.01, SQUARE.T), SQUARE), "transposed"),
    "clipped too much": (lambda: said(np.where(np.abs(N) > 0.5, 0.4 * np.sign(N), N)), "clipped"),
    "an error over float32's": (lambda: said(N * (1 + 1e-4 * X)), "float32"),
    "an error under float32's": (lambda: said(N * (1 + 1e-12 * X)), "float32"),
    "two elements": (lambda: said(changed(([0, 3], [1, 4]), 3)), "only element"),
    "wrong here and there": (
        lambda: said(np.where(np.random.default_rng(5).random(N.shape) < 0.5, N, 0.5 * N), input=X),
        "exactly where",
    ),
    "nothing wrong where x is known": (lambda: said(N, input=X), "exactly where"),
    "an input of another shape": (
        lambda: said(np.where(X < 0, 0.5 * N, N), input=X[:1]),
        "exactly where",
    ),
    "nearly all equal": (lambda: said(np.full((5, 6), 0.3) + 1e-3 * X), "elements are equal"),
    "most rows": (lambda: said(changed(slice(1, None), 2)), "only row"),
    "another penalty": (lambda: said(N + 0.3 * X**2, parameter_value=X), "weights"),
    "a vector has no rows": (
        lambda: said(N[0] * np.arange(2, 8), N[0]),
        "each row|each column|only row",
    ),
}


@pytest.mark.parametrize("name", LIKE)
def test_evidence_that_is_only_similar_does_not(name):
    diagnosis, words = LIKE[name]
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
    assert said(ratio * N, factors=factors).endswith(words) or words in said(
        ratio * N, factors=factors
    )


def test_a_ratio_that_has_two_meanings_names_both():
    assert said(2 * N, factors={"m": 2.0}).endswith(
        "consistent with an extra factor of 2, or the mean's 1/m missing"
    )


def test_the_order_is_kept():
    """Zero also is 0 x numeric, transposed and clipped: the first pattern that fits decides."""
    names = [pattern.name for pattern in PATTERNS]
    order = ["all zero", "known mistake", "constant factor", "clipped"]
    assert sorted(order, key=names.index) == order
    assert said(0 * N, candidates=[("zeros", 0 * N)]).startswith("analytic = 0")
    assert said(2 * N, candidates=[("twice", 2 * N)]).count("twice (equal")
    assert said(np.where(X > 0, np.nan, 0), candidates=[]).endswith("divided by zero")


def test_what_nothing_explains_is_unknown():
    assert said(N + X) == UNKNOWN
    assert said([1.5, 2.0, -1.0], [0.5, 3.0, 2.0]) == UNKNOWN


@pytest.mark.parametrize(
    ("a", "n", "r"),
    [
        ([2.0, 4.0], [1.0, 2.0], 2),
        ([2.0, 4.1], [1.0, 2.0], None),
        ([1.0], [0.0], None),
        ([0.0], [1.0], None),
    ],
)
def test_the_constant_ratio(a, n, r):
    assert constant_ratio(np.array(a), np.array(n)) == r


def test_the_error_summary_counts_rows_columns_and_ratios():
    a = N.copy()
    a[1, 2:5] *= [2, -1, 0.5]
    a[3, 2] *= 10
    assert (
        error_summary(Evidence(a, N))
        == "4 of 30 elements wrong; rows 1, 3 of 5; columns 2, 3, 4 of 6; "
        "ratios -1: 1, 1/2: 1, 2: 1, > 2: 1"
    )


def test_the_error_summary_shortens_long_lists():
    n = np.ones((9, 9))
    a = n.copy()
    a[:7, :] = 1.5
    assert error_summary(Evidence(a, n)).startswith(
        "63 of 81 elements wrong; rows 0, 1, 2, 3, 4, 5 ... of 9; columns all of 9; ratios 1..2: 63"
    )


def test_the_error_summary_leaves_out_ratios_to_zero_and_of_nan():
    assert (
        error_summary(Evidence(np.array([1.0, np.nan]), np.array([0.0, 1.0])))
        == "2 of 2 elements wrong"
    )


def test_the_bar_says_what_is_wrong():
    e = Evidence(np.array([1.0, 2.0]), np.array([1.1, 2.1]), bar=np.array([0.2, 0.05]))
    np.testing.assert_array_equal(e.wrong, [False, True])
