"""A known array is a factor too many or too few."""

import numpy as np
import pytest
from pattern_evidence import N, X, assert_diagnosed, diagnosis_of, evidence, patterns_in

from minidl import check_function
from minidl.gradcheck.diagnosis.patterns import factor

ROW = np.array([1.0, 2.0, 3.0, -4.0, 5.0, 6.0])
CASES = {
    "an extra factor": (
        "known factor",
        lambda: evidence(X * N, inputs={"x": X}),
        r"analytic = numeric \* x in all 30 elements: an extra factor of x",
    ),
    "a missing factor": (
        "known factor",
        lambda: evidence(3 * N / ROW, inputs={"row": ROW}),
        r"analytic = 3 \* numeric / row in .*: a factor of row is missing",
    ),
    "a quotient grouped otherwise": (
        "known factor",
        lambda: evidence(N / ROW**2, output=ROW),
        "a factor of the square of the output is missing",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_evidence_that_fits(case):
    assert_diagnosed(CASES[case])


def test_every_pattern_has_a_case():
    assert patterns_in(factor) == {name for name, _, _ in CASES.values()}


def test_a_number_is_no_known_factor():
    assert "factor of v" not in diagnosis_of(2 * N, inputs={"v": np.full((5, 6), 2.0)})
    assert "factor" not in diagnosis_of(X * N + 1e-3, inputs={"x": X})
    assert "factor" not in diagnosis_of(X * N, inputs={"x": X[:, :5], "i": np.arange(6)})


def test_by_the_public_function():
    rng = np.random.default_rng(0)
    r, angle = rng.uniform(1, 2, 5), rng.uniform(0, 3, 5)

    def forward(r, angle):
        return np.stack([r * np.cos(angle), r * np.sin(angle)])

    def backward(dy, r, angle):
        along = dy[0] * np.cos(angle) + dy[1] * np.sin(angle)
        return along, dy[1] * np.cos(angle) - dy[0] * np.sin(angle)  # wrong: r * (...)

    report = check_function(forward, backward, r, angle, backward_inputs=True)
    assert report.guilty.diagnosis.endswith("a factor of r is missing")
