import numpy as np
import pytest

from minidl import GradientChecker, Linear, MeanAbsoluteError, Sequential, overfit_one_batch
from minidl.optimizers import Adam
from minidl.testing import check_loss

RNG = np.random.default_rng(0)
PREDICTION, TARGET = 3 * RNG.standard_normal((6, 4)), RNG.standard_normal((6, 4))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_value_and_gradient_are_those_of_the_definition(dtype):
    loss, p, t = MeanAbsoluteError(), PREDICTION.astype(dtype), TARGET.astype(dtype)
    total = sum(abs(float(p[i, j]) - float(t[i, j])) for i in range(6) for j in range(4))
    value = loss.forward(p, t)
    assert value.dtype == dtype
    assert value == pytest.approx(total / 24, rel=1e-6 if dtype == np.float32 else 1e-15)
    np.testing.assert_allclose(loss.per_example(), np.abs(p - t).mean(axis=1), rtol=1e-6)
    gradient = loss.backward()
    assert gradient.dtype == dtype
    np.testing.assert_array_equal(gradient, np.where(p > t, 1, -1) * dtype(1 / 24))


def test_at_the_kink_the_gradient_is_zero():
    loss = MeanAbsoluteError()
    assert loss.forward(np.array([[2.0, 5.0]]), np.array([[2.0, 3.0]])) == 1
    np.testing.assert_array_equal(loss.backward(), [[0, 0.5]])


def test_the_checker_finds_no_mistake():
    assert check_loss(MeanAbsoluteError(), PREDICTION, TARGET).ok
    model = Sequential([Linear(3, 4)], loss=MeanAbsoluteError())
    report = GradientChecker(model).check(RNG.standard_normal((6, 3)), TARGET)
    assert report.ok, str(report)
    assert report.difference < 1e-14


def test_the_checker_allows_kinks_of_targets_that_are_hit():
    model = Sequential([Linear(3, 2)], loss=MeanAbsoluteError(), dtype=np.float64)
    X = RNG.standard_normal((5, 3))
    Y = model.predict(X)
    Y[2] += 1
    report = GradientChecker(model).check(X, Y)
    assert report.ok, str(report)


def test_the_chance_level_is_that_of_the_median():
    X = RNG.standard_normal((8, 3))
    Y = np.arange(8.0)[:, np.newaxis] ** 2
    model = Sequential([Linear(3, 8), Linear(8, 1)], loss=MeanAbsoluteError())
    report = overfit_one_batch(model, X, Y, optimizer=Adam(0.01), steps=2)
    expected = np.abs(Y - np.median(Y)).mean()
    assert report.chance_level_loss == pytest.approx(expected, rel=1e-6)
    assert f"predicting the median: {expected:.4g}" in str(report)
