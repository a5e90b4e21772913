"""Guesses of the whole numeric gradient."""

import numpy as np
import pytest

from minidl.gradcheck.location.guesses import guesses
from tests.gradcheck.probed_arrays import probed, right_gradient

N, SQUARE = right_gradient((4, 6)), right_gradient((5, 5), seed=1)


@pytest.mark.parametrize(
    ("analytic", "numeric"),
    [
        (2 * N, N),
        (-N, N),
        (N.T.reshape(N.shape), N),
        (N.reshape(N.shape, order="F"), N),
        (SQUARE.T, SQUARE),
        (N[::-1], N),
        (N[:, ::-1], N),
        (right_gradient((7,))[::-1], right_gradient((7,))),
    ],
)
def test_a_common_mistake_leaves_the_numeric_gradient_to_be_guessed(analytic, numeric):
    direction = np.random.default_rng(2).standard_normal(numeric.shape)
    found = guesses(probed(analytic, numeric), direction)
    assert any(np.allclose(guess, numeric, rtol=1e-12, atol=0) for guess in found)


def test_nothing_follows_from_zeros():
    assert list(guesses(probed(np.zeros((4, 1)), np.ones((4, 1))), np.ones((4, 1))))[1:] == []
