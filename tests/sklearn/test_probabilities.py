"""Probabilities and their logarithms, exact in both tails."""

import math

import numpy as np
import pytest
from estimator_data import CLASSES, LARGER, NAMES, SMALL, THREE, Squares, X
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.metrics import log_loss

from minidl import Linear, SigmoidCrossEntropy, SoftmaxCrossEntropy
from minidl.sklearn import MinidlClassifier
from minidl.sklearn.probabilities import log_probabilities_of, probabilities_of

logits = arrays(np.float64, (3, 4), elements=st.floats(-800, 800))


def log_of_sum(terms):
    """Return log(1 + the sum of exp(terms)), whose terms are added from the smallest."""
    return math.log1p(math.fsum(map(math.exp, terms)))


@given(logits)
def test_logarithms_are_exact_for_all_logits(z):
    softmax = log_probabilities_of(SoftmaxCrossEntropy(), z)
    sigmoid = log_probabilities_of(SigmoidCrossEntropy(), z)
    for i, row in enumerate(z):
        largest = row.argmax()
        shifted = row - row[largest]
        expected = shifted - log_of_sum(np.delete(shifted, largest))
        np.testing.assert_allclose(softmax[i], expected, rtol=1e-14)
        for z_ij, value in zip(row, sigmoid[i], strict=True):
            expected = min(z_ij, 0) - math.log1p(math.exp(-abs(z_ij)))
            assert value == pytest.approx(expected, rel=1e-14, abs=0)


def test_one_output_has_two_classes():
    z = np.array([[40.0], [-700.0], [0.0]])
    p, logarithms = (f(SigmoidCrossEntropy(), z) for f in (probabilities_of, log_probabilities_of))
    np.testing.assert_allclose(p, [[math.exp(-40), 1], [1, math.exp(-700)], [0.5, 0.5]], rtol=1e-14)
    expected = [[-40, -math.exp(-40)], [-math.exp(-700), -700], [-math.log(2)] * 2]
    np.testing.assert_allclose(logarithms, expected, rtol=1e-14)


@pytest.mark.parametrize(
    ("loss", "k"),
    [(SigmoidCrossEntropy(), 1), (SigmoidCrossEntropy(), 3), (SoftmaxCrossEntropy(), 3)],
)
def test_in_float32_both_are_rounded_once(loss, k):
    z = np.random.default_rng(0).normal(0, 10, (500, k)).astype(np.float32)
    for function in (probabilities_of, log_probabilities_of):
        result, exact = function(loss, z), function(loss, z.astype(np.float64))
        assert result.dtype == np.float32
        np.testing.assert_allclose(result, exact, rtol=6e-8, atol=3e-8)
    p, logarithms = probabilities_of(loss, z), log_probabilities_of(loss, z)
    np.testing.assert_array_equal(logarithms == 0, p == 1)


@pytest.mark.parametrize(("rows", "y"), [(X, NAMES), (THREE, CLASSES)], ids=["two", "three"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_classifier_has_the_logarithms_of_its_probabilities(rows, y, dtype):
    rows = rows.astype(dtype)
    classifier = MinidlClassifier(**LARGER).fit(rows, y)
    p, logarithms = classifier.predict_proba(rows), classifier.predict_log_proba(rows)
    assert p.dtype == logarithms.dtype == dtype
    np.testing.assert_allclose(np.exp(logarithms), p, rtol=1e-5 if dtype == "float32" else 1e-14)
    np.testing.assert_array_equal(classifier.predict(rows), classifier.classes_[p.argmax(axis=1)])
    loss = log_loss(y, p.astype(np.float64) / p.sum(axis=1, dtype=np.float64)[:, np.newaxis])
    assert loss == pytest.approx(classifier.model_.evaluate(rows, _targets(y))["loss"], rel=1e-5)


def _targets(y):
    return np.unique(y, return_inverse=True)[1]


def test_no_logarithm_of_0_is_taken():
    classifier = MinidlClassifier(**{**SMALL, "hidden_layer_sizes": ()}).fit(X, NAMES)
    classifier.coefs_[0][...] *= 1e4
    p, logarithms = classifier.predict_proba(X), classifier.predict_log_proba(X)
    assert (p < 1e-300).any()
    assert np.isfinite(logarithms).all()
    margin = classifier.model_.layers[0].forward(X)[:, 0]
    np.testing.assert_allclose(logarithms[:, 1] - logarithms[:, 0], margin, rtol=1e-12)


class Shares(Squares):
    """A loss of one's own that predicts probabilities."""

    def probabilities(self, prediction):
        return np.clip(prediction, 0, 1)


def test_the_probabilities_of_a_loss_of_ones_own():
    classifier = MinidlClassifier(layers=lambda d, k: [Linear(d, k)], loss=Shares(), max_iter=50)
    classifier.set_params(random_state=0).fit(X, NAMES)
    p = classifier.predict_proba(X)
    np.testing.assert_array_equal(p[:, 1], np.clip(classifier.model_.predict(X)[:, 0], 0, 1))
    np.testing.assert_array_equal(p[:, 0], 1 - p[:, 1])
    with np.errstate(divide="ignore"):
        np.testing.assert_array_equal(classifier.predict_log_proba(X), np.log(p))
