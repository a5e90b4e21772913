import numpy as np
import pytest
from scipy import special

from minidl import ArgumentError, GradientChecker, Huber, Linear, MeanSquaredError, Sequential

RNG = np.random.default_rng(0)
PREDICTION, TARGET = 3 * RNG.standard_normal((6, 4)), RNG.standard_normal((6, 4))


@pytest.mark.parametrize("delta", [0.3, 1.0, 2.5])
def test_value_and_gradient_are_those_of_the_definition(delta):
    loss, difference = Huber(delta), PREDICTION - TARGET
    assert loss.forward(PREDICTION, TARGET) == pytest.approx(
        special.huber(delta, difference).mean(), rel=1e-14
    )
    np.testing.assert_allclose(
        loss.per_example(), special.huber(delta, difference).mean(axis=1), rtol=1e-14
    )
    expected = np.clip(difference, -delta, delta) / difference.size
    np.testing.assert_allclose(loss.backward(), expected, rtol=1e-14)


def test_for_small_errors_it_is_half_the_squared_error():
    half = MeanSquaredError().forward(PREDICTION, TARGET) / 2
    assert Huber(1e6).forward(PREDICTION, TARGET) == pytest.approx(half, rel=1e-14)


@pytest.mark.parametrize("delta", [0.3, 1.0])
def test_the_checker_finds_no_mistake(delta):
    model = Sequential([Linear(3, 4)], loss=Huber(delta))
    report = GradientChecker(model).check(RNG.standard_normal((6, 3)), TARGET)
    assert report.ok, str(report)
    assert report.difference < 1e-14


@pytest.mark.parametrize("delta", [0, -1, np.nan, np.inf, "1"])
def test_delta_must_be_positive(delta):
    with pytest.raises(ArgumentError, match=r"delta must be .*> 0, got .* in Huber"):
        Huber(delta)


def test_an_argument_of_other_libraries_is_answered_with_the_cure():
    with pytest.raises(TypeError, match="Huber has no argument 'reduction': a loss is the mean"):
        Huber(reduction="sum")
