"""Short trainings of a copy of the model."""

import numpy as np
import pytest
from helpers import classifier, rows

from minidl import LBFGS, Adam, ArgumentError, Callback
from minidl.tuning.trial import check_arguments, fit_copy


class Stop(Callback):
    def on_gradient(self, run):
        self.model, self.optimizer = run.model, run.optimizer
        run.stop("done", now=True)


def test_copies_are_trained():
    (X, Y), model, optimizer, stop = rows(), classifier(), Adam(), Stop()
    theta = model.parameters.theta.copy()
    fit_copy(model, X, Y, optimizer=optimizer, callback=stop, epochs=1, batch_size=None)
    assert stop.model is not model
    assert stop.optimizer is not optimizer
    np.testing.assert_array_equal(model.parameters.theta, theta)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((None, Adam(), 5, 1), "model must be a Sequential, got None in here"),
        ((classifier(), 0.1, 5, 1), r"optimizer must be an Optimizer such as Adam\(\), got 0.1"),
        ((classifier(), LBFGS(), 5, 1), r"must make a step of each gradient, .* got LBFGS\("),
        ((classifier(), Adam(), 5, 20), "steps must be an integer >= 20, got 5 in here"),
        ((classifier(), Adam(), True, 1), "steps must be an integer >= 1, got True in here"),
    ],
)
def test_arguments_are_checked(arguments, message):
    with pytest.raises(ArgumentError, match=message):
        check_arguments(*arguments, "here")
