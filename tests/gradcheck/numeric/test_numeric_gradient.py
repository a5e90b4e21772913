"""A numeric gradient: its kinks, and what lies between one-sided slopes."""

import numpy as np

from minidl.gradcheck.numeric.numeric_gradient import NumericGradient


def test_two_opposite_kinks_in_one_sum_still_count():
    even = NumericGradient(
        np.zeros(2), np.zeros(2), "", lower=np.ones(2), upper=np.ones(2), kinks_overlap=True
    )
    assert even.kinks == 1


def test_at_a_kink_the_closest_slope_is_taken():
    gradient = NumericGradient(np.array([1.0, 5.0]), np.zeros(2), "complex step")
    assert gradient.closest_to(np.array([0.5, 0.0])) is gradient.value
    gradient.allow_between(0, 1.0, 0.0)
    np.testing.assert_array_equal(gradient.closest_to(np.array([0.5, 0.0])), [0.5, 5.0])
    assert gradient.kinks == 1
