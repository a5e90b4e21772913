"""The values that the estimators accept."""

import pytest
from estimator_data import NAMES, X

from minidl import ArgumentError
from minidl.sklearn import MinidlClassifier


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"activation": "swish"}, r"activation must be one of 'identity', .*, got 'swish'"),
        (
            {"optimizer": "lbfgs"},
            r"optimizer must be one of 'adam', .* or an Optimizer, got 'lbfgs'",
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
