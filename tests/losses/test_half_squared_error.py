import numpy as np
import pytest

from minidl import (
    Adam,
    GradientChecker,
    HalfSquaredError,
    Linear,
    MeanSquaredError,
    Sequential,
    overfit_one_batch,
)
from minidl.testing import check_loss

RNG = np.random.default_rng(0)
PREDICTION, TARGET = 3 * RNG.standard_normal((6, 4)), RNG.standard_normal((6, 4))


@pytest.mark.parametrize("shape", [(6, 4), (2, 3, 4), (24, 1)])
def test_value_and_gradient_are_those_of_the_definition(shape):
    loss, p, t = HalfSquaredError(), PREDICTION.reshape(shape), TARGET.reshape(shape)
    n_positions = p.size // shape[-1]
    assert loss.forward(p, t) == pytest.approx(((p - t) ** 2).sum() / 2 / n_positions, rel=1e-14)
    np.testing.assert_allclose(loss.backward(), (p - t) / n_positions, rtol=1e-14)
    per_example = ((p - t) ** 2).reshape(len(p), -1).sum(axis=1) / 2 / (n_positions / len(p))
    np.testing.assert_allclose(loss.per_example(), per_example, rtol=1e-14)


def test_it_is_the_mean_squared_error_times_half_the_outputs():
    mean = MeanSquaredError().forward(PREDICTION, TARGET)
    assert HalfSquaredError().forward(PREDICTION, TARGET) == pytest.approx(2 * mean, rel=1e-14)


def test_the_checker_finds_no_mistake():
    assert check_loss(HalfSquaredError(), PREDICTION, TARGET).ok
    model = Sequential([Linear(3, 4)], loss=HalfSquaredError())
    report = GradientChecker(model).check(RNG.standard_normal((6, 3)), TARGET)
    assert report.ok, str(report)
    assert report.difference < 1e-14


def test_the_chance_level_is_that_of_the_mean():
    model = Sequential([Linear(3, 8), Linear(8, 4)], loss=HalfSquaredError())
    X = RNG.standard_normal((6, 3))
    report = overfit_one_batch(model, X, TARGET, optimizer=Adam(0.01), steps=2)
    expected = TARGET.var(axis=0).sum() / 2
    assert report.chance_level_loss == pytest.approx(expected, rel=1e-6)
