"""The attributes that scikit-learn's networks have."""

import copy
import pickle

import numpy as np
import pytest
from estimator_data import CLASSES, NAMES, ROWS, SMALL, THREE, VALUES, X, both
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.neural_network import MLPClassifier, MLPRegressor

from minidl import Chain, GradientDescent, Linear, ReLU
from minidl.sklearn import MinidlClassifier, MinidlRegressor


@pytest.mark.parametrize(
    ("ours", "theirs", "rows", "y"),
    [
        (MinidlClassifier, MLPClassifier, X, NAMES),
        (MinidlClassifier, MLPClassifier, THREE, CLASSES),
        (MinidlClassifier, MLPClassifier, THREE, np.eye(3)[CLASSES]),
        (MinidlRegressor, MLPRegressor, ROWS, VALUES),
        (MinidlRegressor, MLPRegressor, ROWS, np.c_[VALUES, VALUES]),
    ],
)
@pytest.mark.filterwarnings("ignore:Stochastic Optimizer")
def test_they_are_those_of_scikit_learn(ours, theirs, rows, y):
    mine, other = (
        kind(hidden_layer_sizes=(7, 3), max_iter=2).fit(rows, y) for kind in (ours, theirs)
    )
    for name in ("coefs_", "intercepts_"):
        assert [array.shape for array in getattr(mine, name)] == [
            array.shape for array in getattr(other, name)
        ]
    for name in ("n_layers_", "n_outputs_", "out_activation_", "t_", "n_iter_"):
        assert getattr(mine, name) == getattr(other, name), name
    assert mine.validation_scores_ is mine.best_validation_score_ is None
    assert mine.loss_ == mine.loss_curve_[-1]
    fitted = [name for name in dir(other) if name.endswith("_") and not name.startswith("_")]
    assert [name for name in fitted if not hasattr(mine, name)] == []


def test_outputs_follow_from_weights_and_biases():
    regressor = MinidlRegressor((7, 3), max_iter=2, random_state=0).fit(ROWS, VALUES)
    y = ROWS
    for weight, bias in zip(regressor.coefs_, regressor.intercepts_, strict=True):
        y = (np.maximum(y, 0) if y is not ROWS else y) @ weight + bias
    np.testing.assert_allclose(regressor.predict(ROWS), y[:, 0], rtol=1e-12)


@both
def test_they_are_views_of_what_training_changes(kind, rows, y):
    estimator = kind(**SMALL, warm_start=True).fit(rows, y)
    for other in (copy.deepcopy(estimator), pickle.loads(pickle.dumps(estimator))):
        assert other.coefs_[0].tolist() == estimator.coefs_[0].tolist()
        other.coefs_[0][...] = 0
        other.intercepts_[0][...] = -1
        np.testing.assert_allclose(other.transform(rows), 0)
        assert np.abs(estimator.coefs_[0]).max() > 0
    weight = estimator.coefs_[0]
    before = weight.copy()
    estimator.fit(rows, y)
    assert (weight != before).any()


def test_a_step_worked_out_by_hand():
    """x = (0.6, 0.8, 0.7), label 0, two logistic units, rate 0.1: no penalty."""
    x, label = np.array([[0.6, 0.8, 0.7]]), [0]
    classifier = MinidlClassifier(2, "logistic", optimizer=GradientDescent(0.1), alpha=0.0)
    classifier.partial_fit(x, label, classes=[0, 1])
    w = np.array([[0.1, 0.2], [0.3, 0.1], [0.5, 0.0]])
    v, b, c = np.array([[0.1], [0.2]]), np.array([0.1, 0.1]), np.array([1.0])
    for mine, value in zip(classifier.coefs_ + classifier.intercepts_, [w, v, b, c], strict=True):
        mine[...] = value
    classifier.partial_fit(x, label)
    hidden = 1 / (1 + np.exp(-(x @ w + b)))  # 0.679179, 0.574443
    error = 1 / (1 + np.exp(-(hidden @ v + c)))  # p - 0 = 0.765433
    hidden_error = hidden * (1 - hidden) * (error @ v.T)  # 0.016678, 0.037426
    np.testing.assert_allclose(hidden, [[0.679179, 0.574443]], atol=1e-6)
    np.testing.assert_allclose(error, 0.765433, atol=2e-3)
    np.testing.assert_allclose(classifier.coefs_[0], w - 0.1 * x.T @ hidden_error, rtol=1e-12)
    np.testing.assert_allclose(classifier.coefs_[1], v - 0.1 * hidden.T @ error, rtol=1e-12)
    np.testing.assert_allclose(classifier.intercepts_[0], b - 0.1 * hidden_error[0], rtol=1e-12)
    np.testing.assert_allclose(classifier.intercepts_[1], c - 0.1 * error[0], rtol=1e-12)


def test_larger_penalties_give_smaller_weights():
    sizes = [
        np.abs(MinidlClassifier(**SMALL, alpha=alpha).fit(X, NAMES).coefs_[0]).sum()
        for alpha in (0.0, 10.0)
    ]
    assert sizes[0] > sizes[1]


def test_of_other_layers_the_linear_ones_count():
    def network(features, outputs):
        return [Chain(Linear(features, 3, bias=False), ReLU()), Linear(3, 4), Linear(4, outputs)]

    classifier = MinidlClassifier(layers=network, max_iter=1).fit(X, NAMES)
    assert [weight.shape for weight in classifier.coefs_] == [(2, 3), (3, 4), (4, 1)]
    assert classifier.intercepts_[0].tolist() == [0, 0, 0]
    assert (classifier.n_layers_, classifier.out_activation_) == (4, "logistic")


@pytest.mark.parametrize("kind", [MinidlClassifier, MinidlRegressor])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_weights_have_the_dtype_of_the_network(kind, dtype):
    estimator = kind((4,), max_iter=1).fit(ROWS.astype(dtype), np.arange(150) % 2)
    assert {array.dtype.type for array in estimator.coefs_ + estimator.intercepts_} == {dtype}


@pytest.mark.parametrize(
    "name", ["coefs_", "intercepts_", "n_layers_", "out_activation_", "best_validation_score_"]
)
def test_there_are_none_before_the_first_fit(name):
    assert not hasattr(MinidlClassifier(), name)
    with pytest.raises(NotFittedError):
        getattr(MinidlRegressor(), name)


def test_a_training_that_goes_on_counts_its_examples():
    regressor = MinidlRegressor(max_iter=3, warm_start=True).fit(ROWS, VALUES)
    assert regressor.fit(ROWS, VALUES).partial_fit(ROWS[:10], VALUES[:10]).t_ == 6 * 150 + 10
    assert clone(regressor).fit(ROWS, VALUES).t_ == 3 * 150


def test_the_html_of_an_estimator_shows_what_was_set_and_fitted():
    html = MinidlClassifier(optimizer=GradientDescent(0.25)).fit(X, NAMES)._repr_html_()
    assert "GradientDescent" in html
    assert "out_activation_" in html or "classes_" not in html  # older ones show no attributes
