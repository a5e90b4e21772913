"""The losses of the estimators: last layer, link and predictions of each."""

import copy
import pickle

import numpy as np
import pytest
from estimator_data import CLASSES, NAMES, ROWS, SMALL, THREE, VALUES, Squares, X
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.linear_model import HuberRegressor, PoissonRegressor
from sklearn.metrics import roc_auc_score
from sklearn.svm import LinearSVC

from minidl import (
    LBFGS,
    Adam,
    ArgumentError,
    BinaryCrossEntropy,
    CategoricalCrossEntropy,
    HalfSquaredError,
    Hinge,
    Huber,
    Loss,
    MeanAbsoluteError,
    Poisson,
    SigmoidCrossEntropy,
    SoftmaxCrossEntropy,
)
from minidl.sklearn import MinidlClassifier, MinidlRegressor

EXACT = {"hidden_layer_sizes": (), "alpha": 0.0, "max_iter": 500, "random_state": 0}
EXACT["optimizer"] = LBFGS(gradient_tolerance=1e-9, loss_tolerance=0.0)
COUNTS = np.random.default_rng(0).poisson(np.exp(ROWS @ [0.5, -0.3, 0.2, 0.0] + 1))


def ends(estimator):
    return type(estimator.model_.loss), estimator.out_activation_, estimator.n_outputs_


@pytest.mark.parametrize(
    ("loss", "expected"),
    [
        ("squared_error", (HalfSquaredError, "identity", 1)),
        ("huber", (Huber, "identity", 1)),
        ("absolute_error", (MeanAbsoluteError, "identity", 1)),
        ("poisson", (Poisson, "exp", 1)),
        (Poisson(log_input=False), (Poisson, "softplus", 1)),
        (Huber(2.5), (Huber, "identity", 1)),
    ],
)
def test_the_loss_of_a_regressor_decides_on_its_last_layer(loss, expected):
    regressor = MinidlRegressor(**SMALL, loss=loss).fit(ROWS, COUNTS)
    assert ends(regressor) == expected
    outputs = regressor.model_.predict(ROWS)[:, 0]
    predicted = regressor.predict(ROWS)
    np.testing.assert_array_equal(predicted, np.exp(outputs) if loss == "poisson" else outputs)
    assert regressor.predict(ROWS).min() > 0 or "oisson" not in str(loss)
    if isinstance(loss, Loss):
        assert regressor.model_.loss is not loss  # a parameter is not changed by fit
        assert str(regressor.model_.loss) == str(loss)


@pytest.mark.parametrize(
    ("loss", "kind", "labels", "expected"),
    [
        ("log_loss", "two", 2, (BinaryCrossEntropy, "logistic", 1)),
        ("log_loss", "three", 3, (CategoricalCrossEntropy, "softmax", 3)),
        ("hinge", "two", 2, (Hinge, "identity", 1)),
        ("hinge", "three", 3, (Hinge, "identity", 3)),
        (BinaryCrossEntropy(label_smoothing=0.1), "two", 2, (BinaryCrossEntropy, "logistic", 1)),
        (CategoricalCrossEntropy(), "two", 2, (CategoricalCrossEntropy, "softmax", 2)),
        (SigmoidCrossEntropy(), "two", 2, (SigmoidCrossEntropy, "identity", 1)),
        (SoftmaxCrossEntropy(), "three", 3, (SoftmaxCrossEntropy, "identity", 3)),
    ],
)
def test_the_loss_of_a_classifier_decides_on_its_last_layer(loss, kind, labels, expected):
    rows, y = (X, NAMES) if kind == "two" else (THREE, CLASSES)
    classifier = MinidlClassifier(**SMALL, loss=loss).fit(rows, y)
    assert ends(classifier) == expected
    assert set(classifier.predict(rows)) <= set(y)
    assert classifier.score(rows, y) > 0.5
    has_scores = expected[0] is Hinge
    assert hasattr(classifier, "predict_proba") == (not has_scores)
    assert hasattr(classifier, "decision_function") == has_scores
    if not has_scores:
        assert classifier.predict_proba(rows).shape == (len(rows), labels)
    twin = clone(pickle.loads(pickle.dumps(classifier))).fit(rows, y)
    np.testing.assert_array_equal(twin.predict(rows), classifier.predict(rows))


def test_poisson_without_hidden_layers_is_the_generalized_linear_model():
    glm = PoissonRegressor(alpha=0, tol=1e-8).fit(ROWS, COUNTS)
    network = MinidlRegressor(**EXACT, loss="poisson").fit(ROWS, COUNTS)
    np.testing.assert_allclose(network.predict(ROWS), glm.predict(ROWS), rtol=1e-4)
    np.testing.assert_allclose(network.coefs_[0][:, 0], glm.coef_, atol=1e-5)
    squared = MinidlRegressor(**EXACT).fit(ROWS, COUNTS)
    assert not np.allclose(squared.predict(ROWS), glm.predict(ROWS), rtol=1e-4)


def test_huber_ignores_outliers():
    spoiled = VALUES + 50 * (np.arange(len(VALUES)) % 15 == 0)
    robust = MinidlRegressor(**EXACT, loss=Huber(0.1)).fit(ROWS, spoiled)
    linear = HuberRegressor(alpha=0).fit(ROWS, spoiled)
    squared = MinidlRegressor(**EXACT).fit(ROWS, spoiled)
    assert robust.score(ROWS, VALUES) > 0.99
    assert squared.score(ROWS, VALUES) < 0.9
    np.testing.assert_allclose(robust.coefs_[0][:, 0], linear.coef_, atol=0.02)


def test_hinge_without_hidden_layers_is_a_support_vector_machine():
    svm = LinearSVC(loss="hinge", C=10, max_iter=50_000, random_state=0).fit(X, NAMES)
    options = {"optimizer": Adam(0.03), "batch_size": None, "max_iter": 1500}
    network = MinidlClassifier(**{**EXACT, **options}, loss="hinge").fit(X, NAMES)
    scores = network.decision_function(X)
    assert scores.shape == (200,)
    np.testing.assert_array_equal(network.predict(X) == "upper", scores > 0)
    assert np.mean(network.predict(X) == svm.predict(X)) > 0.97
    assert roc_auc_score(NAMES, scores) > 0.95
    calibrated = CalibratedClassifierCV(clone(network).set_params(max_iter=200), cv=2)
    assert calibrated.fit(X, NAMES).score(X, NAMES) > 0.8


def test_scores_and_probabilities_exclude_each_other():
    for classifier in (
        MinidlClassifier(loss="hinge"),
        MinidlClassifier(**SMALL, loss=Hinge()).fit(THREE, CLASSES),
    ):
        for name in ("predict_proba", "predict_log_proba"):
            with pytest.raises(AttributeError, match=name) as refused:
                getattr(classifier, name)
            assert "gives scores, no probabilities: use decision_f" in str(refused.value.__cause__)
    with pytest.raises(AttributeError, match="decision_function") as refused:
        MinidlClassifier().decision_function  # noqa: B018
    assert "gives probabilities: use predict_proba" in str(refused.value.__cause__)
    assert classifier.decision_function(THREE).shape == (150, 3)
    classifier.set_params(loss="log_loss")  # from the next fit on
    assert not hasattr(classifier, "predict_proba")


def test_a_loss_of_ones_own_decides_on_the_classes():
    classifier = MinidlClassifier(**SMALL, loss=Squares()).fit(X, NAMES)
    assert ends(classifier) == (Squares, "identity", 1)
    assert classifier.score(X, NAMES) > 0.8
    assert not hasattr(classifier, "predict_proba")


@pytest.mark.parametrize(
    ("estimator", "y", "message"),
    [
        (MinidlRegressor(loss="log_loss"), VALUES, "loss must be one of 'squared_error', 'huber',"),
        (MinidlRegressor(loss=Huber), VALUES, r"or a Loss such as Huber\(2.0\), got <class"),
        (MinidlRegressor(loss=Hinge()), VALUES, "which predicts classes: use MinidlClassifier"),
        (MinidlRegressor(loss="poisson"), VALUES, r"Y must be counts >= 0 for Poisson\(\), got -"),
        (MinidlClassifier(loss="huber"), VALUES > 0, "loss must be one of 'log_loss', 'hinge', or"),
        (
            MinidlClassifier(loss=Huber()),
            VALUES > 0,
            r"loss must be one of 2 classes, got Huber\(1.0\), which predicts no classes",
        ),
        (
            MinidlClassifier(loss=BinaryCrossEntropy()),
            np.arange(150) % 3,
            "loss must be one of 3 classes, .* between two: use 'log_loss', or Categorical",
        ),
        (
            MinidlClassifier(loss="hinge"),
            np.eye(150, 4),
            r"one of 4 labels per example, got Hinge\(\), which chooses one .*: use 'log_loss'",
        ),
    ],
)
def test_what_does_not_fit_is_refused_before_anything_changes(estimator, y, message):
    with pytest.raises(ArgumentError, match=message):
        estimator.fit(ROWS, y)
    assert not hasattr(estimator, "model_")


def test_a_training_goes_on_under_the_same_loss():
    regressor = MinidlRegressor(**SMALL, warm_start=True).fit(ROWS, VALUES)
    twin = copy.deepcopy(regressor)
    regressor.fit(ROWS, VALUES)
    with pytest.raises(ArgumentError, match="loss was set from 'squared_error' to 'huber'"):
        twin.set_params(loss="huber").fit(ROWS, VALUES)
    twin.set_params(loss="squared_error").fit(ROWS, VALUES)
    np.testing.assert_array_equal(twin.coefs_[0], regressor.coefs_[0])
