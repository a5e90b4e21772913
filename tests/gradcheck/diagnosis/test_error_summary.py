"""The error summary: how many elements are wrong, where, and by which factors."""

import numpy as np
from pattern_evidence import N

from minidl.gradcheck.diagnosis.error_summary import error_summary
from minidl.gradcheck.diagnosis.evidence import Evidence


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


def test_the_error_summary_goes_along_each_axis_of_arrays_with_more_or_fewer_than_two():
    n = np.ones((2, 4, 3))
    a = n.copy()
    a[:, :3, 1] = 5
    assert error_summary(Evidence(a, n)) == (
        "6 of 24 elements wrong; axis 0: wrong at all 2; axis 1: wrong at 0 to 2, right at 3; "
        "axis 2: wrong at 1, right at 0, 2; ratios > 2: 6"
    )
    assert error_summary(Evidence(a[0, :, 1], n[0, :, 1])) == (
        "3 of 4 elements wrong; wrong at 0 to 2, right at 3; ratios > 2: 3"
    )
    assert error_summary(Evidence(a[:, :1, 1:2], n[:, :1, 1:2])) == (
        "2 of 2 elements wrong; ratios > 2: 2"
    )
