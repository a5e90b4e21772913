"""The examples that early stopping holds out."""

import numpy as np
import pytest
from estimator_data import NAMES, SMALL, X

import minidl
from minidl import ArgumentError, one_hot
from minidl.sklearn import MinidlClassifier, MinidlRegressor
from minidl.sklearn.hold_out import Examples, hold_out


def test_examples_held_out_have_their_weights(monkeypatch):
    fit_arguments = {}
    original_fit = minidl.Sequential.fit
    monkeypatch.setattr(
        minidl.Sequential,
        "fit",
        lambda model, X, Y, **arguments: (
            fit_arguments.update(arguments, Y=Y) or original_fit(model, X, Y, **arguments)
        ),
    )
    MinidlClassifier(**SMALL, early_stopping=True, class_weight={"upper": 5.0}).fit(X, NAMES)
    validation = fit_arguments["validation"]
    assert len(validation[0]) == 20
    for y, weight in (validation[1:], (fit_arguments["Y"], fit_arguments["sample_weight"])):
        np.testing.assert_array_equal(weight, np.where(y[:, 0] == 1, 5.0, 1.0))


def test_examples_of_weight_0_are_not_held_out():
    weight = np.r_[np.ones(100), np.zeros(100)]
    estimator = MinidlClassifier(**SMALL, early_stopping=True).fit(X, NAMES, sample_weight=weight)
    same = MinidlClassifier(**SMALL, early_stopping=True).fit(X[:100], NAMES[:100])
    assert estimator.validation_loss_curve_ == pytest.approx(same.validation_loss_curve_, rel=1e-5)


@pytest.mark.parametrize("fraction", [0.1, 0.5, 0.9])
@pytest.mark.parametrize("seed", range(8))
def test_each_class_is_trained(fraction, seed):
    labels = np.array([0] * 14 + [1] * 3 + [2] * 2 + [3])
    examples = Examples(np.arange(20.0)[:, np.newaxis], one_hot(labels, 4), None)
    rng = np.random.default_rng(seed)
    training, validation = hold_out(examples, fraction, rng, stratify=True)
    assert {*training.y.argmax(axis=1)} == {0, 1, 2, 3}
    rows = np.concatenate((training.X[:, 0], validation.X[:, 0]))
    np.testing.assert_array_equal(np.sort(rows), np.arange(20))
    assert len(validation.X) >= round(20 * fraction) - 3
    np.testing.assert_array_equal(validation.y, one_hot(labels, 4)[validation.X[:, 0].astype(int)])


def test_a_class_of_one_row_is_learned():
    labels = np.where(np.arange(200) == 7, "rare", NAMES)
    for seed in range(3):
        estimator = MinidlClassifier((2,), early_stopping=True, max_iter=1, random_state=seed)
        assert "rare" in estimator.fit(X, labels).classes_


@pytest.mark.parametrize("kind", [MinidlClassifier, MinidlRegressor])
def test_a_validation_set_of_one_row_is_refused(kind):
    y = np.arange(12) % 2
    with pytest.raises(ArgumentError, match="the validation set is too small, got 1 of 12 example"):
        kind(early_stopping=True).fit(X[:12], y)
    with pytest.raises(ArgumentError, match=r"needs a validation_fraction of n_samples = 200"):
        kind(early_stopping=True, validation_fraction=1e-9).fit(X, np.arange(200) % 2)
