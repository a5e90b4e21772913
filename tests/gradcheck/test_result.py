"""A row of the report: where it is, and how wrong each element is."""

import numpy as np
import pytest

from minidl.errors import ArgumentError
from minidl.gradcheck import Check
from minidl.gradcheck.result import error_in_bars


def test_the_location_in_words():
    assert (
        Check(2, "layer", "weight", component="Linear(3, 1)").location
        == "layer 2 Linear(3, 1) weight"
    )
    assert (
        Check(2, "layer", "input", component="Dropout(0.5)", training=True).location
        == "layer 2 Dropout(0.5) input (training)"
    )
    assert Check(None, "data", "prediction").location == "data prediction"


def test_a_new_check_passes_and_has_no_findings():
    check = Check(0, "layer", "weight")
    assert (check.verdict, check.difference, check.diagnosis) == ("pass", 0.0, "")
    assert check.worst == {}
    assert check.analytic is None


def test_errors_are_counted_in_error_bars():
    check = Check(0, "layer", "weight")
    check.analytic = np.array([1.0, 2.0, 3.0, np.nan])
    check.numeric = np.array([1.0, 2.5, 3.0, 4.0])
    check.bar = np.array([0.1, 0.1, 0.0, 0.1])
    np.testing.assert_allclose(error_in_bars(check), [0, 5, 0, np.nan])


def test_probes_have_no_elements():
    check = Check(0, "layer", "weight", component="Linear(2, 1)")
    with pytest.raises(ArgumentError, match=r"layer 0 Linear\(2, 1\) weight .*exhaustive=True"):
        error_in_bars(check)
