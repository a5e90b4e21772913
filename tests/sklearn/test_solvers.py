"""The solvers make scikit-learn's steps: the same parameters after each epoch, to 1e-12."""

import numpy as np
import pytest
from estimator_data import CLASSES, NAMES, ROWS, THREE, VALUES, X
from mlp_trajectories import parameters_of, trajectories
from sklearn.neural_network import _multilayer_perceptron as theirs_module

from minidl import ArgumentError, Momentum
from minidl.sklearn import MinidlClassifier, MinidlRegressor, base
from minidl.sklearn.solvers import SGD, AdamEpsilonHat
from minidl.testing import check_optimizer

SETS = {
    "two classes": (MinidlClassifier, X, NAMES),
    "three classes": (MinidlClassifier, THREE, CLASSES),
    "values": (MinidlRegressor, ROWS, VALUES),
}
each_set = pytest.mark.parametrize("name", SETS)
STEEP = {"learning_rate_init": 0.03, "tol": 0.02, "n_iter_no_change": 2, "power_t": 0.3}
MOMENTA = [
    {"momentum": 0},
    {"momentum": 0.9, "nesterovs_momentum": False},
    {"momentum": 0.9, "nesterovs_momentum": True},
]


def assert_same(ours, theirs, thetas, their_thetas):
    assert ours.n_iter_ == theirs.n_iter_ > 1
    np.testing.assert_allclose(thetas, their_thetas, rtol=0, atol=1e-12)
    np.testing.assert_allclose(ours.loss_curve_, theirs.loss_curve_, rtol=1e-12)
    np.testing.assert_allclose(
        ours.model_.parameters.theta, parameters_of(theirs), rtol=0, atol=1e-12
    )


@each_set
@pytest.mark.parametrize("learning_rate", ["constant", "invscaling", "adaptive"])
@pytest.mark.parametrize("momentum", MOMENTA)
def test_sgd(name, learning_rate, momentum):
    options = {"solver": "sgd", "learning_rate": learning_rate, "batch_size": 64, **momentum}
    pair = trajectories(*SETS[name], max_iter=40, **options, **STEEP)
    assert_same(*pair)
    ours, theirs = pair[:2]
    assert ours.best_loss_ == pytest.approx(theirs.best_loss_, rel=1e-12)
    assert ours.optimizer_.learning_rate == pytest.approx(theirs._optimizer.learning_rate)
    if learning_rate == "adaptive":
        assert ours.optimizer_.learning_rate < 0.03 / 4  # it was divided at least once


@each_set
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"beta_1": 0.5, "beta_2": 0.9, "epsilon": 1e-3, "learning_rate_init": 0.01},
        {"alpha": 3.0, "activation": "logistic", "tol": 1e-3},
        {"activation": "tanh", "hidden_layer_sizes": 4, "batch_size": 7},
    ],
    ids=str,
)
def test_adam(name, options):
    assert_same(*trajectories(*SETS[name], **{"max_iter": 30, "batch_size": 50, **options}))


@each_set
def test_lbfgs_ends_at_the_same_point(name):
    kind, rows, y = SETS[name]
    options = {"solver": "lbfgs", "alpha": 1.0, "tol": 1e-6, "max_iter": 400, "activation": "tanh"}
    ours, theirs, *_ = trajectories(kind, rows, y, hidden_layer_sizes=(), **options)
    np.testing.assert_allclose(ours.model_.parameters.theta, parameters_of(theirs), atol=1e-4)
    assert ours.loss_curve_[-1] == pytest.approx(theirs.loss_, rel=1e-8)


@each_set
def test_early_stopping_on_the_same_examples(name, monkeypatch):
    kind, rows, y = SETS[name]
    cut = len(rows) - 30

    def our_part(examples, *arguments, **options):
        return examples.take(np.arange(cut)), examples.take(np.arange(cut, len(rows)))

    def their_part(features, targets, **options):
        return features[:cut], features[cut:], targets[:cut], targets[cut:]

    monkeypatch.setattr(base, "hold_out", our_part)
    monkeypatch.setattr(theirs_module, "train_test_split", their_part)
    options = {"early_stopping": True, "learning_rate_init": 0.02, "n_iter_no_change": 4}
    pair = trajectories(kind, rows, y, **options)
    assert_same(*pair)
    ours, theirs = pair[:2]
    np.testing.assert_allclose(ours.validation_scores_, theirs.validation_scores_, atol=1e-12)
    assert ours.best_validation_score_ == pytest.approx(theirs.best_validation_score_)
    assert ours.best_loss_ is theirs.best_loss_ is None
    assert np.argmax(ours.validation_scores_) + 1 < ours.n_iter_  # the best is not the last


def test_the_loss_of_several_outputs_is_that_of_which_scikit_learn_descends_the_gradient():
    several = np.c_[VALUES, -(VALUES**2), VALUES]
    options = {"solver": "sgd", "learning_rate_init": 0.01, "max_iter": 20, "n_iter_no_change": 99}
    ours, theirs, thetas, their_thetas = trajectories(
        MinidlRegressor, ROWS, several, alpha=0, **options
    )
    np.testing.assert_allclose(thetas, their_thetas, rtol=0, atol=1e-12)
    np.testing.assert_allclose(ours.loss_curve_, np.multiply(3, theirs.loss_curve_), rtol=1e-12)


@pytest.mark.parametrize("nesterov", [False, True])
def test_sgd_is_its_formula(nesterov):
    def reference(theta, gradient, step, state):
        state["v"] = 0.5 * state.get("v", 0) - 0.05 * gradient
        return theta + (0.5 * state["v"] - 0.05 * gradient if nesterov else state["v"])

    report = check_optimizer(lambda: SGD(0.05, 0.5, nesterov=nesterov), reference=reference)
    assert report.ok, str(report)


def test_adam_adds_its_epsilon_before_the_correction():
    def reference(theta, gradient, step, state):
        state["v"] = 0.9 * state.get("v", 0) + 0.1 * gradient
        state["s"] = 0.75 * state.get("s", 0) + 0.25 * gradient**2
        rate = 0.01 * np.sqrt(1 - 0.75**step) / (1 - 0.9**step)
        return theta - rate * state["v"] / (np.sqrt(state["s"]) + 0.5)

    report = check_optimizer(
        lambda: AdamEpsilonHat(0.01, 0.9, 0.75, epsilon_hat=0.5), reference=reference
    )
    assert report.ok, str(report)


def test_a_gradient_keeps_the_learning_rate_of_its_step():
    theta, optimizer = np.zeros(1), SGD(0.1, 0.5, nesterov=False)
    optimizer.step(theta, np.ones(1))
    optimizer.learning_rate = 1e-9
    optimizer.step(theta, np.ones(1))
    np.testing.assert_allclose(theta, -0.1 - 0.05, rtol=1e-7)


def test_the_scale_of_a_velocity_is_that_of_the_course_divided_by_1_minus_beta():
    ours, course = np.ones(3), np.ones(3)
    sgd, momentum = SGD(0.01, 0.9, nesterov=False), Momentum(0.1, beta=0.9)
    for grad in np.random.default_rng(0).standard_normal((5, 3)):
        sgd.step(ours, grad)
        momentum.step(course, grad)
    np.testing.assert_allclose(ours, course, rtol=1e-14)


def test_momentum_may_be_1_and_is_checked():
    assert SGD(0.1, 1).momentum == 1
    with pytest.raises(ArgumentError, match=r"momentum must be in \[0, 1\], got 1.5 in SGD"):
        SGD(0.1, 1.5)
