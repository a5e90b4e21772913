"""A failed check gets an error summary and a diagnosis."""

import numpy as np

from minidl.gradcheck import Check
from minidl.gradcheck.diagnosis.explain_array import explain_array
from minidl.gradcheck.numeric.numeric_gradient import NumericGradient
from minidl.gradcheck.rounding.compare import compare


def test_arrays_of_different_shapes_are_left_alone():
    check = compare(
        Check(0, "layer", "weight"),
        np.ones(2),
        NumericGradient(np.ones(3), np.zeros(3), ""),
        np.zeros(()),
    )
    explain_array(check)
    assert check.diagnosis == "its gradient has shape (2,), but the array has shape (3,)"
    assert check.error_summary == ""


def test_what_is_said_already_stays():
    check = Check(0, "layer", "weight", diagnosis="kept")
    check.analytic, check.numeric = 2 * np.ones(2), np.ones(2)
    explain_array(check)
    assert check.diagnosis == "kept"
    assert check.error_summary.startswith("2 of 2")


def test_a_failed_check_is_explained():
    check = Check(0, "layer", "weight", verdict="fail")
    check.analytic, check.numeric = 2 * np.ones((2, 2)), np.ones((2, 2))
    explain_array(check)
    assert check.diagnosis.endswith("an extra factor of 2")
    assert check.error_summary.startswith("4 of 4 elements wrong")
