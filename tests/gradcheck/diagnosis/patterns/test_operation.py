"""A mistake in one operation of the function."""

import numpy as np
from pattern_evidence import N, X, assert_diagnosed, diagnosis_of, evidence, patterns_in

from minidl.gradcheck.diagnosis.patterns import operation

CASES = {
    "an operation": (
        "one operation",
        lambda: evidence(X, find_operation=lambda: "the derivative of tanh is left out"),
        r"consistent with: the derivative of tanh is left out \(equal to within 1e-07 of the error",
    )
}


def test_evidence_that_fits():
    for case in CASES.values():
        assert_diagnosed(case)


def test_every_pattern_has_a_case():
    assert patterns_in(operation) == {name for name, _, _ in CASES.values()}


def test_where_it_is_wrong_says_more():
    def find():
        raise AssertionError("it takes seconds")

    zero_row = N.copy()
    zero_row[2] = 0
    assert diagnosis_of(zero_row, find_operation=find).startswith("only row 2")
    one = N.copy()
    one[1, 1] += 1
    assert diagnosis_of(one, find_operation=find).startswith("only element")


def test_words_for_an_activation_are_plainer():
    options = {"find_operation": lambda: "in tanh", "candidates": [("dx = dy", X)], "input": N}
    assert "dx = dy" in diagnosis_of(X, is_elementwise=True, **options)
    assert "in tanh" in diagnosis_of(X, **options)


def test_a_gradient_of_zeros_is_explained():
    assert "in tanh" in diagnosis_of(0 * N, find_operation=lambda: "in tanh")


def test_a_factor_says_more():
    assert "factor of 2" in diagnosis_of(2 * N, find_operation=lambda: "in tanh")


def test_in_low_precision_it_is_equal_to_within_rounding():
    found = diagnosis_of(X, bar=np.full(N.shape, 1e-4), find_operation=lambda: "in tanh")
    assert found == "consistent with: in tanh (equal to within rounding)"


def test_without_a_function_there_is_none():
    assert "consistent" not in diagnosis_of(X)
    assert "consistent" not in diagnosis_of(X, find_operation=lambda: "")
    assert np.isfinite(X).all()
