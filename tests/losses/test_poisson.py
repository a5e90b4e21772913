import numpy as np
import pytest
from scipy import special, stats

from minidl import (
    ArgumentError,
    GradientChecker,
    Linear,
    Poisson,
    Sequential,
    Softplus,
    overfit_one_batch,
)
from minidl.optimizers import Adam
from minidl.testing import check_loss

RNG = np.random.default_rng(0)
LOGS = RNG.standard_normal((6, 4))
COUNTS = RNG.poisson(2.0, (6, 4)).astype(float)
COUNTS[0] = [0, 1, 2, 9]
BOTH = [Poisson(), Poisson(log_input=False)]


def inputs(loss):
    return LOGS if loss.log_input else np.exp(LOGS)


@pytest.mark.parametrize("loss", BOTH, ids=str)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_it_is_the_negative_log_likelihood_but_for_a_constant(loss, dtype):
    p, t = inputs(loss).astype(dtype), COUNTS.astype(dtype)
    likelihood = stats.poisson.logpmf(COUNTS, np.exp(LOGS)) + special.gammaln(COUNTS + 1)
    value = loss.forward(p, t)
    assert value.dtype == dtype
    tolerance = 1e-5 if dtype == np.float32 else 1e-13
    assert value == pytest.approx(-likelihood.mean(), rel=tolerance)
    np.testing.assert_allclose(loss.per_example(), -likelihood.mean(axis=1), rtol=tolerance)
    expected = (np.exp(LOGS) - COUNTS if loss.log_input else 1 - COUNTS / np.exp(LOGS)) / 24
    gradient = loss.backward()
    assert gradient.dtype == dtype
    np.testing.assert_allclose(gradient, expected, rtol=10 * tolerance, atol=1e-8)


def test_a_count_of_zero_may_be_expected_to_be_zero():
    loss = Poisson(log_input=False)
    p, t = np.array([[0.0, 2.0]]), np.array([[0.0, 2.0]])
    with np.errstate(all="raise"):
        assert loss.forward(p, t) == pytest.approx(1 - np.log(2))
        np.testing.assert_array_equal(loss.backward(), [[0.5, 0.0]])
        assert loss.forward(p, np.array([[1.0, 2.0]])) == np.inf
        assert loss.backward()[0, 0] == -np.inf


@pytest.mark.parametrize("loss", BOTH, ids=str)
def test_the_checker_finds_no_mistake(loss):
    assert check_loss(loss, inputs(loss), COUNTS).ok
    last = [] if loss.log_input else [Softplus()]
    model = Sequential([Linear(3, 4), *last], loss=loss)
    report = GradientChecker(model).check(RNG.standard_normal((6, 3)), COUNTS)
    assert report.ok, str(report)
    assert report.difference < 1e-13


def test_a_trained_model_gives_the_mean_of_the_counts():
    X = np.ones((50, 1))
    Y = np.random.default_rng(1).poisson(3.0, 50)
    for loss, last in ((Poisson(), []), (Poisson(log_input=False), [Softplus()])):
        model = Sequential([Linear(1, 1), *last], loss=loss, dtype=np.float64)
        model.fit(X, Y, optimizer=Adam(0.1), epochs=300, batch_size=None, progress=False)
        predicted = model.predict(X)[0, 0]
        expected = np.exp(predicted) if loss.log_input else predicted
        assert expected == pytest.approx(Y.mean(), rel=1e-4)
        assert "accuracy" not in model.evaluate(X, Y)


def test_the_minimum_is_that_of_perfect_predictions():
    model = Sequential([Linear(4, 8), Linear(8, 1)], loss=Poisson(), dtype=np.float64)
    X, Y = RNG.standard_normal((6, 4)), COUNTS[:, :1]
    report = overfit_one_batch(model, X, Y, optimizer=Adam(0.01), steps=2)
    assert report.minimum_loss == pytest.approx((Y - special.xlogy(Y, Y)).mean())
    mean = Y.mean()
    assert report.chance_level_loss == pytest.approx(mean - mean * np.log(mean))


def test_wrong_numbers_are_refused():
    with pytest.raises(ArgumentError, match=r"Y must be counts >= 0 for Poisson\(\), got -1"):
        Poisson().prepare_targets([2, -1], 1, np.dtype(float))
    with pytest.raises(
        ArgumentError,
        match=r"Poisson\(log_input=False\) takes expected counts >= 0, got -0.5: end the model "
        r"with Softplus\(\)",
    ):
        Poisson(log_input=False).forward(np.array([[-0.5]]), np.array([[1.0]]))
    with pytest.raises(ArgumentError, match="log_input must be True or False, got 1 in Poisson"):
        Poisson(log_input=1)


@pytest.mark.parametrize("loss", BOTH, ids=str)
def test_the_argument_is_saved(loss, tmp_path):
    model = Sequential([Linear(2, 1), Softplus()], loss=loss)
    loaded = Sequential.load(model.save(tmp_path / "model.h5"))
    assert str(loaded) == str(model)
    assert loaded.loss.symbol == ("z" if loss.log_input else "p")
