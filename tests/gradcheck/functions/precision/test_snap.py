import numpy as np
import pytest

from minidl.gradcheck.functions.precision.snap import snapped

TRUE = np.random.default_rng(0).standard_normal((4, 3)) + 3
BAR = np.full(TRUE.shape, 1e-3)
VALUE = np.random.default_rng(2).standard_normal(TRUE.shape)
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
    np.testing.assert_allclose(snapped(analytic, NUMERIC, BAR, VALUE), TRUE, rtol=1e-4)
    error = np.abs(snapped(analytic, NUMERIC, BAR, VALUE) - TRUE).max()
    assert error < 1e-12 or analytic[0, 0] == pytest.approx(1.01 * TRUE[0, 0])


def test_it_stays_within_the_bars():
    for analytic in (zero_row(TRUE), TRUE + NUMERIC**2, np.full(TRUE.shape, np.nan)):
        assert (np.abs(snapped(analytic, NUMERIC, BAR, VALUE) - NUMERIC) <= BAR).all()


@pytest.mark.parametrize("penalty", [VALUE, np.sign(VALUE)])
def test_a_penalty_that_is_missing_becomes_exact(penalty):
    without = snapped(TRUE - 0.3 * penalty, NUMERIC, BAR, VALUE)
    ratio = (TRUE - 0.3 * penalty - without) / penalty
    np.testing.assert_allclose(ratio, ratio.flat[0], rtol=1e-12)
    assert ratio.flat[0] == pytest.approx(-0.3, abs=1e-3)


def test_a_penalty_within_wide_bars_is_no_penalty():
    wide = np.full(TRUE.shape, 0.3)
    analytic = TRUE - 0.3 * VALUE
    assert np.abs(analytic - NUMERIC).max() > 0.3  # some elements are wrong
    right = np.abs(analytic - NUMERIC) <= wide
    expected = np.where(right, analytic, NUMERIC)
    np.testing.assert_array_equal(snapped(analytic, NUMERIC, wide, VALUE), expected)


def test_zeros_have_the_factor_of_the_elements_that_are_not_zero():
    """Rows that no example uses: the factor is that of all elements, not of the other rows."""
    true = zero_row(TRUE)
    numeric = true + (NUMERIC - TRUE)
    np.testing.assert_array_equal(snapped(4 * true, numeric, BAR, VALUE), true)
    numeric = np.where(np.arange(4)[:, np.newaxis] > 0, 0.0, true)
    np.testing.assert_array_equal(snapped(4 * numeric, numeric + 1e-4, BAR, VALUE), numeric)


def test_a_factor_within_wide_bars_is_no_factor():
    """Of all factors one fits, where the bars are nearly as wide as the elements."""
    wide = 0.9 * np.abs(TRUE)
    analytic = 3.6 * TRUE * np.random.default_rng(4).uniform(0.7, 1.3, TRUE.shape)
    assert (np.abs(analytic / 3.6 - TRUE) < wide).all()
    found = snapped(analytic, TRUE, wide, VALUE)
    np.testing.assert_array_equal(found, np.where(abs(analytic - TRUE) <= wide, analytic, TRUE))
