"""Labels and the targets that stand for them: one per example, or several."""

import pickle

import numpy as np
import pytest
import scipy.sparse
from estimator_data import CLASSES, NAMES, SMALL, THREE, X
from sklearn.base import clone
from sklearn.datasets import make_multilabel_classification
from sklearn.metrics import accuracy_score, average_precision_score
from sklearn.multioutput import MultiOutputClassifier
from sklearn.neural_network import MLPClassifier

from minidl import LBFGS, ArgumentError, GradientDescent, Sigmoid
from minidl.sklearn import MinidlClassifier
from minidl.sklearn.labels import Labels, has_several_labels

ROWS, LABELS = make_multilabel_classification(60, n_classes=4, random_state=0)
ROWS = ROWS / ROWS.std(axis=0)


def fitted(y=LABELS, **options):
    return MinidlClassifier(**{**SMALL, "max_iter": 100, **options}).fit(ROWS, y)


def test_several_labels_are_independent_decisions():
    classifier = fitted(optimizer="lbfgs", hidden_layer_sizes=(20,), max_iter=300)
    assert str(classifier.model_.layers[-1]) == str(Sigmoid())
    assert (classifier.n_outputs_, classifier.out_activation_) == (4, "logistic")
    assert classifier.classes_.tolist() == [0, 1, 2, 3]
    probabilities = classifier.predict_proba(ROWS)
    np.testing.assert_array_equal(probabilities, classifier.model_.predict(ROWS))
    predicted = classifier.predict(ROWS)
    np.testing.assert_array_equal(predicted, probabilities > 0.5)
    assert predicted.dtype == np.int64
    assert np.ptp(probabilities.sum(axis=1)) > 0.5  # they need not sum to 1
    assert classifier.score(ROWS, LABELS) == accuracy_score(LABELS, predicted) > 0.9
    assert average_precision_score(LABELS, probabilities) > 0.9


def test_each_label_is_learned_as_alone():
    """A network without hidden layers is one logistic regression per label."""
    exact = LBFGS(gradient_tolerance=1e-9, loss_tolerance=0.0)
    options = {"optimizer": exact, "alpha": 1.0, "max_iter": 200, "random_state": 0}
    alone = MultiOutputClassifier(MinidlClassifier((), **options)).fit(ROWS, LABELS)
    together = MinidlClassifier((), **options).fit(ROWS, LABELS)
    expected = np.stack([p[:, 1] for p in alone.predict_proba(ROWS)], axis=1)
    np.testing.assert_allclose(together.predict_proba(ROWS), expected, atol=2e-4)


@pytest.mark.parametrize("y", [LABELS, LABELS[:, 0], LABELS[:, 0] + LABELS[:, 1]])
def test_steps_are_those_of_scikit_learn(y):
    theirs = MLPClassifier(
        (5,), "tanh", solver="sgd", momentum=0, alpha=0, learning_rate_init=0.1, random_state=0
    )
    theirs.partial_fit(ROWS, y, classes=range(4) if y.ndim == 2 else np.unique(y))
    ours = MinidlClassifier((5,), "tanh", optimizer=GradientDescent(0.1), alpha=0.0)
    ours.set_params(batch_size=None).partial_fit(ROWS, y, classes=theirs.classes_)
    for mine, other in zip(
        [*ours.coefs_, *ours.intercepts_], [*theirs.coefs_, *theirs.intercepts_], strict=True
    ):
        mine[...] = other
    for _ in range(20):
        for network in (ours, theirs):
            network.partial_fit(ROWS, y)
    for mine, other in zip(ours.coefs_, theirs.coefs_, strict=True):
        np.testing.assert_allclose(mine, other, atol=1e-12)
    np.testing.assert_allclose(ours.predict_log_proba(ROWS), theirs.predict_log_proba(ROWS))
    np.testing.assert_array_equal(ours.predict(ROWS), theirs.predict(ROWS))


@pytest.mark.parametrize(
    "kind",
    [
        scipy.sparse.csr_matrix,
        scipy.sparse.csc_array,
        scipy.sparse.coo_array,
        scipy.sparse.lil_matrix,
        np.ndarray.tolist,
        lambda y: y.astype(bool),
        lambda y: y.astype(float),
    ],
)
def test_sparse_labels_are_those_of_the_dense(kind):
    y, dense = kind(LABELS), fitted(max_iter=3)
    other = fitted(y, max_iter=3)
    predicted = other.predict(ROWS)
    assert scipy.sparse.issparse(predicted) == scipy.sparse.issparse(y)
    if scipy.sparse.issparse(predicted):
        predicted = predicted.toarray()
    np.testing.assert_array_equal(predicted, dense.predict(ROWS))
    assert other.score(ROWS, y) == dense.score(ROWS, LABELS)


def test_labels_are_learned_as_well_as_by_scikit_learn():
    """The set, the sizes and the bars of its own tests."""
    rows, y = make_multilabel_classification(50, random_state=0)
    wide = {"hidden_layer_sizes": 50, "activation": "logistic", "alpha": 1e-5, "random_state": 0}
    converged = MinidlClassifier(**wide, optimizer="lbfgs", max_iter=150).fit(rows, y)
    assert converged.score(rows, y) > 0.97
    np.testing.assert_array_equal(converged.predict_proba(rows) > 0.5, y)
    logarithms = np.log(converged.predict_proba(rows))
    np.testing.assert_allclose(converged.predict_log_proba(rows), logarithms, atol=1e-15)
    parts = MinidlClassifier(**wide, optimizer=GradientDescent(0.2), batch_size="auto")
    for _ in range(100):
        parts.partial_fit(rows, y, classes=[0, 1, 2, 3, 4])
    stopped = MinidlClassifier(early_stopping=True, max_iter=5, random_state=0).fit(rows, y)
    assert parts.predict(rows).shape == stopped.predict(rows).shape == (50, 5)
    assert np.mean(parts.predict(rows) == y) > 0.9


def test_parts_and_early_stopping_take_several_labels():
    whole = fitted(max_iter=3)
    parts = MinidlClassifier(**SMALL)
    for _ in range(3):
        parts.partial_fit(ROWS, scipy.sparse.csr_matrix(LABELS), classes=range(4))
    np.testing.assert_array_equal(parts.coefs_[0], whole.coefs_[0])
    parts.partial_fit(ROWS[:1], LABELS[:1])
    parts.partial_fit(ROWS[:2], np.zeros((2, 4)))
    stopped = fitted(early_stopping=True, validation_fraction=0.25)
    assert len(stopped.validation_scores_) == stopped.n_iter_
    for copy in (pickle.loads(pickle.dumps(stopped)), clone(stopped).fit(ROWS, LABELS)):
        np.testing.assert_array_equal(copy.predict(ROWS), stopped.predict(ROWS))


def test_columns_may_have_names():
    classifier = MinidlClassifier(**SMALL)
    classifier.partial_fit(ROWS, LABELS, classes=["d", "a", "c", "b"])
    assert classifier.classes_.tolist() == ["a", "b", "c", "d"]
    with pytest.raises(ArgumentError, match="classes must name the 4 columns of y, got 3 names"):
        MinidlClassifier(**SMALL).partial_fit(ROWS, LABELS, classes=[0, 1, 2])


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (3 * LABELS, r"0 and 1 for each of k labels, \(m, k\), got shape \(60, 4\) with the val"),
        (scipy.sparse.csr_matrix(2 * LABELS), "with the value 2: of rows of scores"),
        (LABELS * 0.5, r"with the value 0\.5: .*, pass y\.argmax\(axis=1\)"),
        (np.where(LABELS, "a", "b"), "with the value '[ab]'"),
        (LABELS * np.nan, "with the value nan"),
    ],
)
def test_columns_of_other_values_are_refused(y, message):
    classifier = MinidlClassifier(**SMALL)
    with pytest.raises(ArgumentError, match=message):
        classifier.fit(ROWS, y)
    assert not hasattr(classifier, "n_features_in_")


@pytest.mark.parametrize(
    ("first", "then", "message"),
    [
        (LABELS, LABELS[:, 0], r"for each of 4 labels, \(m, 4\), as in the first call, got shape"),
        (LABELS, LABELS[:, :3], r"as in the first call, got shape \(60, 3\)"),
        (LABELS[:, 0], LABELS, r"one label per example, \(m,\), as in .* got shape \(60, 4\)"),
        (LABELS[:, 0], LABELS[:, 0] + 1, "y must hold labels of the first call, .* label 2"),
    ],
)
def test_a_training_goes_on_with_the_same_labels(first, then, message):
    classifier = fitted(first, max_iter=1)
    before = classifier.coefs_[0].copy()
    with pytest.raises(ArgumentError, match=message):
        classifier.partial_fit(ROWS, then)
    np.testing.assert_array_equal(classifier.coefs_[0], before)


def test_a_pickle_of_an_earlier_version_has_its_classes():
    classifier = MinidlClassifier(**SMALL, warm_start=True).fit(X, NAMES)
    expected = classifier.predict(X)
    for name in ("_labels", "_progress", "validation_scores_"):
        vars(classifier).pop(name)
    np.testing.assert_array_equal(classifier.predict(X), expected)
    assert classifier.fit(X, NAMES).t_ >= 30 * 200


def test_labels_are_encoded_and_decoded():
    labels = Labels.of(CLASSES, None)
    assert labels.name == "3 classes"
    rows = labels.encode(np.array([2, 0]), 3)
    assert rows.tolist() == [[0, 0, 1], [1, 0, 0]]
    assert labels.decode(rows.argmax(axis=1)).tolist() == [2, 0]
    names = Labels.of(NAMES, None)
    assert names.encode(np.array(["upper", "lower"]), 1).tolist() == [[1], [0]]
    assert names.decode(np.array([1, 0])).tolist() == ["upper", "lower"]
    assert Labels.of(LABELS, None).name == "4 labels per example"


def test_what_has_several_labels():
    assert has_several_labels([[0, 1], [1, 1]])
    assert has_several_labels(np.zeros((3, 2)))
    assert not has_several_labels([[0], [1]])
    assert not has_several_labels(["a", "b"])
    with pytest.raises(ArgumentError, match="y must have at least two classes, got one class, 0"):
        MinidlClassifier(**SMALL).fit(THREE, np.zeros(len(THREE)))
