import numpy as np
import pytest

from minidl import ELU, ArgumentError, GradientChecker, Linear, MeanSquaredError, Sequential

X = np.array([[-800.0, -2.0, -1e-9, 0.0], [1e-9, 0.5, 3.0, 800.0]])


@pytest.mark.parametrize("alpha", [1.0, 0.3, 2.5])
def test_values_and_gradients_are_those_of_the_formula(alpha):
    layer = ELU(alpha)
    negative = np.minimum(X, 0)
    np.testing.assert_allclose(
        layer.forward(X), np.where(X > 0, X, alpha * np.expm1(negative)), rtol=1e-15
    )
    expected = np.where(X > 0, 1, alpha * np.exp(negative))
    np.testing.assert_allclose(layer.backward(np.full(X.shape, 3.0)), 3 * expected, rtol=1e-14)


def test_small_numbers_keep_their_digits():
    assert ELU().forward(np.array([[-1e-12]]))[0, 0] == np.expm1(-1e-12)


@pytest.mark.parametrize("alpha", [1.0, 0.3])
def test_the_checker_finds_no_mistake(alpha):
    model = Sequential([Linear(3, 5), ELU(alpha), Linear(5, 2)], loss=MeanSquaredError())
    rng = np.random.default_rng(0)
    report = GradientChecker(model).check(rng.standard_normal((6, 3)), rng.standard_normal((6, 2)))
    assert report.ok, str(report)
    assert report.difference < 1e-14


@pytest.mark.parametrize("alpha", [0, -1, np.nan, np.inf, "1"])
def test_alpha_must_be_positive(alpha):
    with pytest.raises(ArgumentError, match=r"alpha must be .*> 0, got .* in ELU"):
        ELU(alpha)
