"""An array of a gradient, and the probes that can be made of it."""

import dataclasses

import numpy as np
import pytest

from minidl.gradcheck.rounding.probes import ProbeValues
from tests.gradcheck.probed_arrays import probed, right_gradient

N = right_gradient((4, 5))


def test_errors_are_in_units_of_the_bar():
    direction = np.zeros((4, 5))
    direction[1, 2] = 1.0
    assert probed(N, N).error_in_bars(direction) == 0
    wrong = N.copy()
    wrong[1, 2] += 1e-6
    assert probed(wrong, N).error_in_bars(direction) > 1e5
    assert probed(wrong, N).error_in_bars(np.ones((4, 5)) - direction) <= 1


@pytest.mark.parametrize("values", [(1.0, 2.0, 0.0), (np.nan, 2.0, 1.0), (1.0, np.inf, 1.0)])
def test_a_gap_without_a_bar_is_infinite(values):
    array = dataclasses.replace(probed(N, N), values_along=lambda d: ProbeValues(*values, 1.0))
    assert array.error_in_bars(np.ones((4, 5))) == np.inf


def test_another_gradient_may_agree():
    direction = np.random.default_rng(1).standard_normal((4, 5))
    assert probed(2 * N, N).agrees(N, direction)
    assert not probed(2 * N, N).agrees(N + 1e-6, direction)


def test_elements_are_those_at_their_places():
    value, error = probed(2 * N, N).elements(np.array([3, 7]))
    assert value.tolist() == [N[0, 3], N[1, 2]]
    assert error.tolist() == [0, 0]
    assert probed(N, N).elements(np.array([], int))[0].shape == (0,)
