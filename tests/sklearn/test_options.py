"""The default values of the estimators, and the names that they accept."""

import numpy as np
import pytest
from estimator_data import X

from minidl import ArgumentError
from minidl.sklearn import MinidlClassifier, MinidlRegressor
from minidl.sklearn.options import OPTIMIZERS, SOLVERS, choose

DEFAULTS = {
    "hidden_layer_sizes": (100,),
    "activation": "relu",
    "dropout": 0.0,
    "alpha": 1e-4,
    "solver": "adam",
    "optimizer": None,
    "learning_rate": "constant",
    "learning_rate_init": 0.001,
    "batch_size": 200,
    "early_stopping": False,
    "dtype": None,
}


@pytest.mark.parametrize("kind", [MinidlClassifier, MinidlRegressor])
def test_the_defaults_train_as_documented(kind):
    y = np.arange(len(X)) % 2
    default = kind(random_state=0, max_iter=2).fit(X, y)
    given = kind(random_state=0, max_iter=2, **DEFAULTS).fit(X, y)
    np.testing.assert_array_equal(default.model_.parameters.theta, given.model_.parameters.theta)
    assert default.optimizer_.step_count == 2 * 1  # of 200 examples
    assert [layer.weight.shape for layer in default.model_.layers[:3:2]] == [(100, 2), (1, 100)]


def test_training_ends_after_200_epochs_or_10_without_improvement():
    assert MinidlRegressor(random_state=0).fit(X, 100 * X[:, 0]).n_iter_ == 200
    for options in ({}, {"early_stopping": True}):
        stopped = MinidlClassifier((), learning_rate=1e-300, random_state=0, **options)
        assert stopped.fit(np.zeros((40, 1)), np.arange(40) % 2).n_iter_ == 1 + 10 + 1


def test_a_name_that_is_not_known_is_answered_by_those_that_are():
    assert choose({"a": 1, "b": 2}, "letter", "b") == 2
    with pytest.raises(ArgumentError, match="letter must be one of 'a', 'b' or None, got 'c'"):
        choose({"a": 1, "b": 2}, "letter", "c", " or None")
    assert SOLVERS.keys() <= OPTIMIZERS.keys()
    assert all(OPTIMIZERS[name] is kind for name, kind in SOLVERS.items())
