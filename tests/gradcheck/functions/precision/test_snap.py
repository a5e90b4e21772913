import numpy as np
import pytest

from minidl.gradcheck.functions.precision.snap import snapped

TRUE = np.random.default_rng(0).standard_normal((4, 3)) + 3
BAR = np.full(TRUE.shape, 1e-3)
NUMERIC = TRUE + np.random.default_rng(1).uniform(-4e-4, 4e-4, TRUE.shape)


def zero_row(g):
    return g * np.array([[1.0], [0.0], [1.0], [1.0]])


@pytest.mark.parametrize(
    "analytic",
    [
        TRUE,
        2 * TRUE,
        -TRUE,
        TRUE / 7,
        1.01 * TRUE,
        TRUE[::-1],
        TRUE.T.reshape(4, 3),
        np.where(np.arange(3) == 1, 2 * TRUE, TRUE),
    ],
)
def test_what_a_simple_relation_explains_becomes_exact(analytic):
    np.testing.assert_allclose(snapped(analytic, NUMERIC, BAR), TRUE, rtol=1e-4)
    error = np.abs(snapped(analytic, NUMERIC, BAR) - TRUE).max()
    assert error < 1e-12 or analytic[0, 0] == pytest.approx(1.01 * TRUE[0, 0])


def test_it_stays_within_the_bars():
    for analytic in (zero_row(TRUE), TRUE + NUMERIC**2, np.full(TRUE.shape, np.nan)):
        assert (np.abs(snapped(analytic, NUMERIC, BAR) - NUMERIC) <= BAR).all()
