"""The examples that early stopping holds out."""

import numpy as np
import pytest
from estimator_data import NAMES, SMALL, X

import minidl
from minidl.sklearn import MinidlClassifier


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
