"""The classifier."""

import matplotlib
import numpy as np
import pytest
from estimator_data import CLASSES, LARGER, NAMES, ROWS, SMALL, THREE, VALUES, X
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import make_classification
from sklearn.inspection import DecisionBoundaryDisplay
from sklearn.metrics import log_loss

from minidl import ArgumentError
from minidl.sklearn import MinidlClassifier, MinidlRegressor


def test_the_decision_boundary_is_drawn():
    matplotlib.use("Agg")
    display = DecisionBoundaryDisplay.from_estimator(
        MinidlClassifier(**SMALL).fit(X, NAMES), X, response_method="predict_proba"
    )
    assert np.ptp(display.response) > 0.5
    matplotlib.pyplot.close("all")


def test_probabilities_can_be_calibrated_and_scored():
    estimator = MinidlClassifier(**LARGER).fit(THREE.astype(np.float32), CLASSES)
    assert log_loss(CLASSES, estimator.predict_proba(THREE)) < 0.7
    assert (
        CalibratedClassifierCV(MinidlClassifier(**LARGER), cv=2)
        .fit(THREE, CLASSES)
        .score(THREE, CLASSES)
        > 0.7
    )


def test_curves_and_labels():
    estimator = MinidlClassifier(**SMALL, early_stopping=True, n_iter_no_change=30).fit(X, NAMES)
    assert estimator.classes_.tolist() == ["lower", "upper"]
    assert (
        len(estimator.loss_curve_)
        == len(estimator.validation_loss_curve_)
        == estimator.n_iter_
        == 30
    )
    assert estimator.loss_curve_ == estimator.history_.loss
    assert estimator.validation_loss_curve_ == estimator.history_["val_loss"]
    assert set(estimator.predict(X)) == {"lower", "upper"}
    probabilities = estimator.predict_proba(X)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-6)
    np.testing.assert_array_equal(probabilities[:, 1], estimator.model_.predict(X)[:, 0])


def test_three_classes_have_three_outputs():
    estimator = MinidlClassifier(**LARGER).fit(THREE, CLASSES)
    np.testing.assert_array_equal(estimator.predict_proba(THREE), estimator.model_.predict(THREE))
    assert estimator.score(THREE, CLASSES) > 0.8


def test_class_weights_are_by_label_and_multiply():
    sample = np.random.default_rng(0).uniform(0.5, 2, 200)
    by_label = MinidlClassifier(**SMALL, class_weight={"upper": 3.0}).fit(
        X, NAMES, sample_weight=sample
    )
    by_row = MinidlClassifier(**SMALL).fit(
        X, NAMES, sample_weight=sample * np.where(NAMES == "upper", 3.0, 1.0)
    )
    np.testing.assert_array_equal(by_label.model_.parameters.theta, by_row.model_.parameters.theta)


def test_balanced_classes_find_the_rare_one():
    rows, y = make_classification(400, 4, weights=[0.95], class_sep=0.5, flip_y=0, random_state=1)
    plain, balanced = (
        MinidlClassifier(**SMALL, class_weight=w).fit(rows, y) for w in (None, "balanced")
    )
    assert (balanced.predict(rows)[y == 1] == 1).mean() > (
        plain.predict(rows)[y == 1] == 1
    ).mean() + 0.3


def test_partial_data_may_lack_classes_but_not_have_new_ones():
    estimator = MinidlClassifier((4,)).partial_fit(THREE[:5], np.zeros(5), classes=[0, 1, 2])
    assert estimator.partial_fit(THREE, CLASSES).classes_.tolist() == [0, 1, 2]
    for call, message in (
        (
            lambda: estimator.partial_fit(THREE[:1], [3]),
            "y must hold labels of the first call, .* got the label 3",
        ),
        (
            lambda: estimator.partial_fit(THREE, CLASSES, classes=[0, 1]),
            "classes must be those of the first call",
        ),
        (
            lambda: MinidlClassifier().partial_fit(THREE, CLASSES),
            "the first call of partial_fit needs all classes",
        ),
        (
            lambda: MinidlClassifier(class_weight="balanced").partial_fit(X, NAMES, classes=NAMES),
            "does not know how often",
        ),
        (
            lambda: MinidlRegressor(early_stopping=True).partial_fit(ROWS, VALUES),
            "partial_fit does not support early_stopping=True",
        ),
    ):
        with pytest.raises(ArgumentError, match=message):
            call()


def test_a_dict_of_class_weights_may_name_classes_that_a_portion_lacks():
    weights = {2: 5.0}
    options = {"random_state": 0, "hidden_layer_sizes": (4,)}
    part, first = THREE[CLASSES < 2], CLASSES[CLASSES < 2]
    weighted = MinidlClassifier(class_weight=weights, **options)
    plain = MinidlClassifier(**options)
    for estimator in (weighted, plain):
        estimator.partial_fit(part, first, classes=[0, 1, 2])
    np.testing.assert_array_equal(weighted.predict_proba(part), plain.predict_proba(part))
    for estimator in (weighted, plain):
        estimator.partial_fit(THREE, CLASSES)
    assert (weighted.predict_proba(THREE) != plain.predict_proba(THREE)).any()
    with pytest.raises(ArgumentError, match=r"class_weight must name labels of \[0 1 2\], got 3"):
        MinidlClassifier(class_weight={3: 1.0}).fit(THREE, CLASSES)


def test_a_fit_that_goes_on_has_the_same_classes():
    estimator = MinidlClassifier((4,), warm_start=True, max_iter=1).fit(THREE, CLASSES)
    estimator.fit(THREE[5:], CLASSES[5:]).fit(THREE, [*CLASSES[::-1]])
    for labels in (np.minimum(CLASSES, 1), CLASSES + 1, np.arange(150) % 4):
        message = r"warm_start goes on with the same classes, \[0 1 2\], got \[.*: fit with warm_"
        with pytest.raises(ArgumentError, match=message):
            estimator.fit(THREE, labels)
    estimator.partial_fit(THREE, np.minimum(CLASSES, 1))  # portions may lack some
    estimator.set_params(warm_start=False).fit(THREE, np.minimum(CLASSES, 1))
    assert estimator.classes_.tolist() == [0, 1]


@pytest.mark.parametrize("repeats", [2, 3])
def test_a_row_of_weight_2_counts_as_two_also_beside_the_penalty(repeats):
    options = {**SMALL, "alpha": 0.5, "batch_size": None}
    weighted = MinidlClassifier(**options).fit(X, NAMES, sample_weight=np.full(200, repeats))
    repeated = MinidlClassifier(**options).fit(np.tile(X, (repeats, 1)), np.tile(NAMES, repeats))
    np.testing.assert_allclose(
        weighted.model_.parameters.theta, repeated.model_.parameters.theta, rtol=1e-8, atol=1e-9
    )
