"""What models, estimators and functions say of points."""

import warnings

import numpy as np
import pytest
from plot_examples import X, Y, classifier

from minidl import (
    ArgumentError,
    Hinge,
    Linear,
    NonFiniteError,
    Sequential,
    ShapeError,
    SigmoidCrossEntropy,
)
from minidl.plots.class_scores import source_of


def scores(model, points=X):
    return source_of(model, "here").scores(points)


def test_a_network_gives_probabilities_or_the_scores_of_its_hinge():
    said = scores(classifier())
    np.testing.assert_allclose(said.values[:, 1], 1 / (1 + np.exp(-X[:, 0])), rtol=1e-6)
    np.testing.assert_allclose(said.values.sum(axis=1), 1, rtol=1e-6)
    assert said.are_probabilities
    assert said.predicted().tolist() == classifier().predict_classes(X).tolist()
    assert scores(classifier(np.eye(3, 2), outputs=3)).n_classes() == 3
    logits = Sequential([Linear(2, 1)], loss=SigmoidCrossEntropy(), seed=0)
    assert scores(logits).predicted().tolist() == logits.predict_classes(X).tolist()
    assert scores(logits).are_probabilities
    hinge = Sequential([Linear(2, 1)], loss=Hinge(), seed=0)
    np.testing.assert_array_equal(scores(hinge).values[:, 1], hinge.predict(X)[:, 0])
    assert scores(hinge).predicted().tolist() == hinge.predict_classes(X).tolist()
    assert not scores(hinge).are_probabilities


class Estimator:
    classes_ = np.array(["cat", "dog"])

    def predict(self, points):
        return self.classes_[(points[:, 0] > 0).astype(int)]


class Deciding(Estimator):
    def decision_function(self, points):
        return 3 * points[:, 0]


class Probable(Deciding):
    def predict_proba(self, points):
        p = 1 / (1 + np.exp(-points[:, 0]))
        return np.stack([1 - p, p], axis=1)


class BetweenPairs(Estimator):
    def decision_function(self, points):
        return np.zeros((len(points), 3))


@pytest.mark.parametrize("kind", [Estimator, Deciding, Probable, BetweenPairs])
def test_estimators_are_asked_for_the_best_that_they_have(kind):
    said = scores(kind())
    assert said.predicted().tolist() == [0, 0, 1, 1]
    assert said.are_probabilities is (kind is Probable)
    assert said.values.ndim == (1 if kind in (Estimator, BetweenPairs) else 2)


class Named(Deciding):
    def decision_function(self, points):
        warnings.warn("X does not have valid feature names, but Named was fitted", stacklevel=1)
        return super().decision_function(points)


def test_points_of_the_plane_need_no_names_of_features():
    assert scores(Named()).predicted().tolist() == [0, 0, 1, 1]


def test_the_classes_of_an_estimator_are_its_labels():
    source = source_of(Estimator(), "here")
    assert source.labels(["dog", "cat"], 2, "here").tolist() == [1, 0]
    assert source.name(1) == "dog"
    with pytest.raises(ArgumentError, match="Y must hold classes of the estimator, 'cat', 'dog'"):
        source.labels(["cow"], 2, "here")
    numbered = Estimator()
    numbered.classes_ = np.array([3, 5])
    assert source_of(numbered, "here").name(1) == "class 5"


def test_an_estimator_that_is_not_fitted_or_has_several_outputs_is_refused():
    unfitted = Probable()
    unfitted.classes_ = None
    several = Probable()
    several.classes_ = [np.array([0, 1])] * 2
    for model in (unfitted, several):
        with pytest.raises(ArgumentError, match=r"a fitted classifier of one class per example"):
            source_of(model, "here")


class Regressor:
    def predict(self, points):
        return points[:, 0] * 7.5


@pytest.mark.parametrize(
    ("call", "predicted", "are_probabilities"),
    [
        (lambda p: p[:, 0] > 0, [0, 0, 1, 1], False),
        (lambda p: (p[:, 0] > 0).astype(int)[None], [0, 0, 1, 1], False),  # as in the course
        (lambda p: 1 / (1 + np.exp(-p[:, :1])), [0, 0, 1, 1], True),
        (lambda p: np.stack([p[:, 0], -p[:, 0], -9 + 0 * p[:, 0]], axis=1), [1, 1, 0, 0], False),
        (lambda p: np.full((len(p), 4), [0.1, 0.2, 0.3, 0.4]), [3] * 4, True),
    ],
)
def test_functions_return_classes_probabilities_or_scores(call, predicted, are_probabilities):
    said = scores(call)
    assert said.predicted().tolist() == predicted
    assert said.are_probabilities is are_probabilities


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda p: p[:2, 0], ShapeError, r"model must return one row per point, \(4,\) or"),
        (lambda p: np.zeros((4, 2, 2)), ShapeError, r"got shape \(4, 2, 2\) in here"),
        (lambda p: np.full(4, np.nan), NonFiniteError, "model must return finite numbers"),
        (Regressor(), ArgumentError, r"class numbers, or probabilities.*got -15 to 15 in here"),
        (lambda p: np.full(4, -1), ArgumentError, r"classes must be in 0\.\.99"),
    ],
)
def test_other_answers_are_refused(call, error, message):
    with pytest.raises(error, match=message):
        scores(call)


def test_true_classes_are_numbers_or_one_hot_rows():
    source = source_of(lambda p: p[:, 0], "here")
    assert source.labels(Y[:, None], 2, "here").tolist() == Y.tolist()
    assert source.labels(np.eye(3)[[2, 0]], 3, "here").tolist() == [2, 0]
    with pytest.raises(ArgumentError, match=r"Y must be in 0\.\.1, got 0 to 2"):
        source.labels([0, 2], 2, "here")
