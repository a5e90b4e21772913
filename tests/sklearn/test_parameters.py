"""The parameters of the estimators: names, documentation, and refusals of those that are unused."""

import inspect
import math
import pickle

import numpy as np
import pytest
from estimator_data import NAMES, X
from numpydoc.docscrape import NumpyDocString
from sklearn.base import clone
from sklearn.neural_network import MLPClassifier, MLPRegressor

from minidl import ArgumentError, DtypeError, PlateauDecay
from minidl.sklearn import MinidlClassifier, MinidlRegressor
from minidl.sklearn.parameters import FLAGS, NUMBERS, check_parameters, hidden_sizes

PAIRS = [(MinidlClassifier, MLPClassifier), (MinidlRegressor, MLPRegressor)]
pairs = pytest.mark.parametrize(("ours", "theirs"), PAIRS)
kinds = pytest.mark.parametrize("kind", [MinidlClassifier, MinidlRegressor])


@pairs
def test_scikit_learns_parameters_are_there_with_their_defaults(ours, theirs):
    missing = {"loss"} - {*ours().get_params()}
    for name, value in theirs().get_params().items():
        if name not in missing:
            assert ours().get_params()[name] == value, name
    copied = {name: value for name, value in theirs().get_params().items() if name not in missing}
    check_parameters(ours(**copied))


@kinds
def test_each_number_and_each_flag_is_checked(kind):
    defaults = kind().get_params()
    flags = {name for name, value in defaults.items() if isinstance(value, bool)}
    numbers = {name for name, value in defaults.items() if isinstance(value, int | float)}
    assert flags == {*FLAGS, "verbose"}
    assert numbers - flags == {*NUMBERS, "n_iter_no_change"}


@kinds
def test_each_parameter_is_documented(kind):
    documented = [
        name.strip()
        for parameter in NumpyDocString(inspect.getdoc(kind))["Parameters"]
        for name in parameter.name.split(",")
    ]
    assert sorted(documented) == sorted(kind().get_params())


@kinds
@pytest.mark.parametrize(
    ("name", "cure"),
    [
        ("patience", "write n_iter_no_change="),
        ("lr", "write learning_rate_init="),
        ("epochs", "write max_iter="),
        ("n_iter_no_changes", "write n_iter_no_change="),
    ],
)
def test_names_of_other_libraries_are_answered_by_those_of_scikit_learn(kind, name, cure):
    with pytest.raises(TypeError, match=f"{kind.__name__} has no argument '{name}': {cure}"):
        kind(**{name: 3})


BAD_VALUES = [
    ("activation", "swish", r"activation must be one of 'identity', .*, got 'swish'"),
    ("solver", "rmsprop", r"solver must be one of 'adam', 'lbfgs', 'sgd'; optimizer= takes others"),
    ("optimizer", "newton", r"optimizer must be one of 'adam', .* or an Optimizer, got 'newton'"),
    ("batch_size", "large", r"batch_size must be an integer >= 1"),
    ("batch_size", 0, r"batch_size must be an integer >= 1"),
    ("hidden_layer_sizes", (4, 2.5), r"each of hidden_layer_sizes must be .* >= 1, got 2\.5"),
    ("hidden_layer_sizes", 0, r"each of hidden_layer_sizes must be an integer >= 1, got 0"),
    ("hidden_layer_sizes", "8", r"each of hidden_layer_sizes must be an integer >= 1, got '8'"),
    ("random_state", -1, r"random_state must be an integer >= 0, .*: pass e.g. random_state=0"),
    ("learning_rate", "optimal", r"learning_rate must be one of 'constant', .* or a Schedule, got"),
    ("learning_rate", 0.0, r"learning_rate must be finite and > 0, got 0\.0"),
    ("learning_rate", None, r"learning_rate must be finite and > 0, got None"),
    ("n_iter_no_change", 0, r"n_iter_no_change must be an integer >= 1, got 0 .*: or math.inf"),
    ("n_iter_no_change", -math.inf, r"n_iter_no_change must be an integer >= 1, got -inf"),
    ("verbose", "yes", r"verbose must be True or False, got 'yes'"),
    ("verbose", -1, r"verbose must be True or False, got -1"),
    ("dtype", "int8", r"dtype must be one of float32, float64"),
    *((name, "x", rf"{name} must be .*, got 'x' in MinidlClassifier") for name in NUMBERS),
    *((name, math.nan, rf"{name} must be .*, got nan") for name in NUMBERS),
    *((name, -1, rf"{name} must be .*, got -1") for name in NUMBERS),
    *((name, "yes", rf"{name} must be True or False, got 'yes'") for name in FLAGS),
    *((name, 1, rf"{name} must be True or False, got 1 ") for name in FLAGS),
    ("validation_fraction", 1.5, r"validation_fraction must be in \(0, 1\), got 1\.5"),
    ("dropout", 1.0, r"dropout must be in \[0, 1\), got 1\.0"),
    ("beta_1", 1.0, r"beta_1 must be in \[0, 1\), got 1\.0"),
]


@pytest.mark.parametrize(("name", "value", "message"), BAD_VALUES)
def test_bad_values_are_refused_and_nothing_changes(name, value, message):
    """Also where they are not used: most belong to another solver."""
    fresh = MinidlClassifier(**{name: value})
    with pytest.raises((ArgumentError, DtypeError), match=message):
        fresh.fit(X, NAMES)
    assert not [attribute for attribute in vars(fresh) if attribute.endswith("_")]
    fitted = pickle.loads(FITTED)
    theta = fitted.model_.parameters.theta.copy()
    attributes = {**vars(fitted), name: value}
    with pytest.raises((ArgumentError, DtypeError), match=message):
        fitted.set_params(**{name: value}).fit(X, NAMES)
    assert vars(fitted) == attributes
    np.testing.assert_array_equal(fitted.model_.parameters.theta, theta)


FITTED = pickle.dumps(MinidlClassifier((4,), max_iter=2, random_state=0).fit(X, NAMES))


@pytest.mark.parametrize(
    "options",
    [
        {"n_iter_no_change": math.inf, "verbose": 0, "hidden_layer_sizes": [3, 2]},
        {"learning_rate": 0.5, "momentum": 1, "early_stopping": np.True_},
        {"learning_rate": PlateauDecay(0.1), "batch_size": None, "max_iter": np.int64(3)},
    ],
)
def test_good_values_are_accepted(options):
    check_parameters(clone(MinidlRegressor(**options)))


def test_a_number_is_the_size_of_one_layer():
    assert hidden_sizes(7) == [7]
    assert hidden_sizes((7, 3)) == hidden_sizes(np.array([7, 3])) == [7, 3]
    assert hidden_sizes(()) == []
