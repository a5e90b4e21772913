"""The arguments `method` and `epsilon`."""

import numpy as np
import pytest

from minidl import ArgumentError, check_gradients
from minidl.gradcheck.method import threshold_note


def square(p):
    return (p**2).sum()


@pytest.mark.parametrize(
    "settings", [{"method": "forward"}, {"epsilon": 0}, {"epsilon": -1e-7}, {"epsilon": np.nan}]
)
def test_settings_outside_of_their_range(settings):
    with pytest.raises(ArgumentError, match=next(iter(settings))):
        check_gradients(square, lambda p: 2 * p, np.ones(3), **settings)


def test_the_note_names_both_numbers():
    note = threshold_note(1.19e-7, 1e-7)
    assert "1.19e-07 is above the usual threshold of 1e-7" in note
    assert "epsilon=1e-07" in note
