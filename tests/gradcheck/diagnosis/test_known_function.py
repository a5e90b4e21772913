"""What is known of a function."""

import numpy as np

from minidl.gradcheck.diagnosis.known_function import KnownFunction


def test_an_array_may_be_an_input_unless_it_is_said():
    x = np.ones((2, 3))
    known = KnownFunction(x, x, x, x, lambda cotangents, at, limit: None)
    assert known.is_input
    assert not known.inputs
    assert not known.weights
