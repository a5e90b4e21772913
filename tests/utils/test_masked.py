"""Masked arrays are refused wherever an array enters, unless nothing is masked."""

import numpy as np
import pytest

from minidl import Adam, GradientChecker, Linear, MeanSquaredError, Sequential, check_gradients
from minidl.data import train_validation_split
from minidl.errors import ArgumentError
from minidl.utils.masked import check_not_masked

X = np.array([[1.0, 2.0], [3.0, -999.0]])
Y = np.array([[1.0], [2.0]])
MASKED_X = np.ma.masked_equal(X, -999.0)
MASKED_Y = np.ma.masked_equal(Y, 2.0)
MASKED_WEIGHT = np.ma.masked_equal([1.0, 2.0], 2.0)
FIT = {"optimizer": Adam(), "epochs": 1, "progress": False}


def model():
    return Sequential([Linear(2, 1)], loss=MeanSquaredError())


USES = {
    "predict": lambda: model().predict(MASKED_X),
    "rows in a list": lambda: model().predict(list(MASKED_X)),
    "fit X": lambda: model().fit(MASKED_X, Y, **FIT),
    "fit Y": lambda: model().fit(X, MASKED_Y, **FIT),
    "weights": lambda: model().fit(X, Y, sample_weight=MASKED_WEIGHT, **FIT),
    "validation": lambda: model().fit(X, Y, validation=(MASKED_X, Y), **FIT),
    "evaluate": lambda: model().evaluate(X, MASKED_Y),
    "objective": lambda: model().objective(MASKED_X, Y),
    "gradient": lambda: model().gradient(MASKED_X, Y),
    "checker": lambda: GradientChecker(model()).check(MASKED_X, Y),
    "parameters": lambda: check_gradients(lambda p: 0.0, lambda p: p, {"w": MASKED_X}),
    "value": lambda: setattr(Linear(2, 2).weight, "value", MASKED_X),
    "split": lambda: train_validation_split(MASKED_X, Y),
}


@pytest.mark.parametrize("use", USES.values(), ids=USES)
def test_masked_elements_are_refused_with_the_cure(use):
    with pytest.raises(ArgumentError, match=r"must not have masked elements, got 1 of .*filled"):
        use()


def test_a_masked_array_without_masked_elements_is_an_array():
    plain = model()
    assert np.array_equal(plain.predict(np.ma.array(X)), plain.predict(X))
    check_not_masked(np.ma.array(X, mask=False), "X")
    check_not_masked([[1.0], (2.0,)], "X")


def test_a_refused_fit_changes_nothing():
    refused, same = model(), model()
    with pytest.raises(ArgumentError, match="X must not have masked elements"):
        refused.fit(MASKED_X, Y, **FIT)
    assert np.array_equal(refused.parameters.theta, same.parameters.theta)
