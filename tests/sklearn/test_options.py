"""The values that the estimators accept."""

import numpy as np
import pytest
from estimator_data import NAMES, X

from minidl import ArgumentError
from minidl.sklearn import MinidlClassifier, MinidlRegressor


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"activation": "swish"}, r"activation must be one of 'identity', .*, got 'swish'"),
        (
            {"optimizer": "newton"},
            r"optimizer must be one of 'adam', .* or an Optimizer, got 'newton'",
        ),
        ({"dropout": 1.0}, r"dropout must be in \[0, 1\), got 1.0"),
        ({"batch_size": "large"}, r"batch_size must be an integer >= 1"),
        ({"hidden_layer_sizes": (4, 2.5)}, r"2\.5"),
        (
            {"early_stopping": True, "validation_fraction": 1e-9},
            r"early_stopping needs a validation_fraction of n_samples = 200",
        ),
        ({"random_state": -1}, r"must be an integer >= 0"),
    ],
)
def test_bad_parameters_are_refused(arguments, message):
    with pytest.raises(ArgumentError, match=message):
        MinidlClassifier(**arguments).fit(X, NAMES)


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
