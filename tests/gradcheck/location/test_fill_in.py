"""Show in a failed check where a large gradient is wrong."""

import numpy as np

from minidl.gradcheck.location.fill_in import fill_in_wrong_elements, location_calls
from minidl.gradcheck.result import Check
from tests.gradcheck.probed_arrays import probed, right_gradient

N = right_gradient((200, 150))


def filled_in(analytic, calls=100):
    check = Check(None, "total", "W", verdict="fail")
    fill_in_wrong_elements(check, probed(analytic, N), 0, calls=calls)
    return check


def test_the_worst_element_has_its_index_in_the_whole_array():
    analytic = N**3
    check = filled_in(analytic)
    assert check.block is not None
    index = tuple(check.worst["index"])
    assert check.worst["analytic"] == analytic[index]
    assert check.worst["numeric"] == N[index]
    assert check.analytic.shape == check.numeric.shape == check.bar.shape


def test_a_few_errors_leave_the_array_whole():
    analytic = N.copy()
    analytic[12, 34] = 9
    check = filled_in(analytic)
    assert check.block is None
    assert check.worst["index"] == [12, 34]
    assert np.array_equal(check.numeric, N)


def test_nan_is_shown_without_probes():
    analytic = N.copy()
    analytic[12, 34], analytic[50, 60] = np.nan, np.inf
    check = filled_in(analytic)
    assert check.worst["index"] == [12, 34]
    assert check.worst["numeric"] == N[12, 34]
    assert check.difference == 1


def test_nothing_is_shown_of_an_array_without_wrong_elements():
    assert filled_in(N).numeric is None


def test_large_arrays_get_fewer_calls():
    assert location_calls(20_000) == 1000
    assert location_calls(10**6) == 100
