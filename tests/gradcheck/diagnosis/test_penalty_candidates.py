"""The gradient of another penalty is called so."""

import numpy as np
import pytest

from minidl.gradcheck.diagnosis.diagnose import diagnose
from minidl.gradcheck.diagnosis.evidence import Evidence
from minidl.gradcheck.diagnosis.penalty_candidates import OTHER_PENALTIES, penalty_candidates

WEIGHT = np.random.default_rng(0).standard_normal((3, 4))
NUMERIC = WEIGHT**3

CASES = {
    "the weights": WEIGHT,
    "the sign of the weights": np.where(WEIGHT > 0, 1.0, -1.0),
    "the absolute value of the weights": np.sqrt(WEIGHT**2),
    "1: the sign of the weights is missing": np.full((3, 4), 1.0),
}


@pytest.mark.parametrize("name", CASES)
def test_the_gradient_of_another_penalty(name):
    analytic = 0.3 * CASES[name]
    candidates = list(penalty_candidates(analytic, NUMERIC, WEIGHT))
    diagnosis = diagnose(Evidence(analytic, NUMERIC, candidates=candidates))
    assert f"analytic = 0.3 x {name}, which numeric is not" in diagnosis
    assert "the gradient of another penalty" in diagnosis


def test_a_factor_on_the_right_gradient_is_no_other_penalty():
    assert list(penalty_candidates(2 * WEIGHT, WEIGHT, WEIGHT)) == []


def test_every_other_penalty_has_a_case():
    missing = set(OTHER_PENALTIES) - set(CASES)
    assert not missing, f"add the gradient of each of these penalties to CASES: {missing}"
