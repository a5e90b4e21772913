"""Weights of classes, also of those that a part of the data lacks."""

import numpy as np
import pytest
from estimator_data import CLASSES, MOONS, NAMES, THREE, X
from sklearn.utils.class_weight import compute_sample_weight

from minidl import ArgumentError
from minidl.sklearn import MinidlClassifier
from minidl.sklearn.class_weights import weigh_by_class
from minidl.sklearn.labels import Labels


def weights(class_weight, y=CLASSES, sample_weight=None):
    classifier = MinidlClassifier(class_weight=class_weight)
    return weigh_by_class(classifier, Labels(np.unique(CLASSES)), y, sample_weight)


@pytest.mark.parametrize("class_weight", ["balanced", {0: 2.0, 1: 3.0, 2: 0.5}, {2: 4.0}])
def test_weights_are_those_of_scikit_learn(class_weight):
    expected = compute_sample_weight(class_weight, CLASSES)
    np.testing.assert_allclose(weights(class_weight), expected, rtol=1e-15)
    rows = np.linspace(1, 2, len(CLASSES))
    np.testing.assert_allclose(weights(class_weight, CLASSES, rows), rows * expected, rtol=1e-15)


def test_without_class_weights_the_sample_weights_are_returned():
    assert weights(None) is None
    assert weights(None, CLASSES, CLASSES) is CLASSES


def test_a_part_may_lack_the_class_of_a_weight():
    """MLPClassifier has no class weights; compute_sample_weight refuses this."""
    part = CLASSES != 2
    assert weights({2: 5.0, 1: 3.0}, np.array([0, 1, 0])).tolist() == [1, 3, 1]
    chosen, plain = (
        MinidlClassifier((4,), class_weight=weight, random_state=0) for weight in ({2: 5.0}, None)
    )
    for estimator in (chosen, plain):
        estimator.partial_fit(THREE[part], CLASSES[part], classes=[0, 1, 2])
    np.testing.assert_array_equal(chosen.coefs_[0], plain.coefs_[0])  # no weight had an effect
    for estimator in (chosen, plain):
        estimator.partial_fit(THREE, CLASSES)
    assert (chosen.coefs_[0] != plain.coefs_[0]).any()


def test_labels_that_no_example_has_are_harmless_if_each_class_has_its_weight():
    assert weights({0: 1, 1: 2, 2: 3, 3: 4}, np.array([1, 2])).tolist() == [2, 3]


@pytest.mark.parametrize(
    ("class_weight", "message"),
    [
        ({"2": 5.0}, r"class_weight must name labels of \[0 1 2\], got '2'"),
        ({2: -1.0}, r"class_weight\[2\] must be finite and >= 0, got -1\.0 in MinidlClassifier"),
        ({2: "x"}, r"class_weight\[2\] must be finite and >= 0, got 'x'"),
        ({2: np.inf}, r"class_weight\[2\] must be finite"),
        ("balance", "class_weight must be a dict of label to weight, 'balanced' or None, got 'b"),
        ([1, 2, 3], "class_weight must be a dict of label to weight"),
    ],
)
def test_wrong_weights_are_refused_before_anything_changes(class_weight, message):
    classifier = MinidlClassifier(class_weight=class_weight)
    with pytest.raises(ArgumentError, match=message):
        classifier.fit(THREE, CLASSES)
    assert not hasattr(classifier, "classes_")


def test_several_labels_per_example_have_no_class_weights():
    message = "class_weight is for one label per example, got 2 labels .* sample_weight="
    with pytest.raises(ArgumentError, match=message):
        MinidlClassifier(class_weight="balanced").fit(X, np.hstack((MOONS, 1 - MOONS)))
    with pytest.raises(ArgumentError, match="class_weight must name labels of"):
        MinidlClassifier(class_weight={"up": 2.0}).fit(X, NAMES)
