"""A warm start takes over what was set since the last fit, or refuses it: all parameters."""

import copy
import pickle

import numpy as np
import pytest
from estimator_data import CLASSES, NAMES, THREE, X, both

from minidl import Adam, ArgumentError, Callback, Dropout, Linear, Momentum, Sigmoid, Tanh
from minidl.schedules.cosine import Cosine
from minidl.sklearn import MinidlClassifier, MinidlRegressor
from minidl.sklearn.optimization import OPTIMIZER_OPTIONS
from minidl.sklearn.warm_start import KEPT_OPTIONS, MODEL_OPTIONS

# What is read anew by each fit, so that a warm start cannot ignore it.
READ_ANEW = [
    "batch_size",
    "max_iter",
    "shuffle",
    "power_t",
    "early_stopping",
    "validation_fraction",
    "n_iter_no_change",
    "augment",
    "callbacks",
    "warm_start",
    "verbose",
    "class_weight",
    "transform_layer",
]


def warm(**options):
    settings = {"max_iter": 2, "random_state": 0, "warm_start": True, "batch_size": 16, **options}
    return MinidlClassifier((8,), **settings).fit(X, NAMES)


def again(estimator, **options):
    return estimator.set_params(**options).fit(X, NAMES)


def theta(estimator):
    return estimator.model_.parameters.theta


def test_each_parameter_is_in_the_table():
    table = {*KEPT_OPTIONS, *MODEL_OPTIONS, *OPTIMIZER_OPTIONS, *READ_ANEW}
    assert table == {*MinidlClassifier().get_params(), *MinidlRegressor().get_params()}


@both
def test_the_learning_rate_is_taken_over(kind, rows, y):
    estimator = kind((8,), max_iter=2, random_state=0, warm_start=True).fit(rows, y)
    before, steps = theta(estimator).copy(), estimator.optimizer_.step_count
    estimator.set_params(learning_rate=1e-9).fit(rows, y)
    assert estimator.optimizer_.learning_rate == 1e-9
    assert estimator.optimizer_.step_count == 2 * steps  # the state is kept
    np.testing.assert_allclose(theta(estimator), before, atol=1e-6)
    assert (theta(estimator) != before).any() or theta(estimator).dtype == np.float32


def test_an_optimizer_that_goes_on_keeps_its_state():
    changed, expected = warm(), warm()
    expected.optimizer_.learning_rate = 0.02
    again(changed, learning_rate=0.02)
    again(expected)
    np.testing.assert_array_equal(theta(changed), theta(expected))
    again(changed, learning_rate=Cosine(0.02, decay_steps=1000))
    assert str(changed.optimizer_.schedule) == str(Cosine(0.02, decay_steps=1000))


def test_partial_fit_takes_it_over_too():
    estimator = MinidlClassifier((8,), random_state=0).partial_fit(X, NAMES, np.unique(NAMES))
    estimator.set_params(learning_rate=0.5, alpha=0.25).partial_fit(X, NAMES)
    assert estimator.optimizer_.learning_rate == 0.5
    assert [penalty.strength for penalty in estimator.model_.penalties] == [0.25]
    with pytest.raises(ArgumentError, match="activation was set from 'relu' to 'tanh'"):
        estimator.set_params(activation="tanh").partial_fit(X, NAMES)


def test_another_optimizer_begins_with_a_new_state():
    estimator = again(warm(), optimizer="momentum")
    assert type(estimator.optimizer_) is Momentum
    assert estimator.optimizer_.step_count == 26  # 200 rows in batches of 16, twice
    again(estimator, optimizer=Adam(0.25))
    assert str(estimator.optimizer_) == str(Adam(0.25))
    again(estimator, learning_rate=3.0)  # ignored beside an optimizer object
    assert estimator.optimizer_.learning_rate == 0.25
    assert estimator.optimizer_.step_count == 52


@pytest.mark.parametrize(("before", "after"), [(0.0, 0.5), (0.5, 0.0), (0.0, 0.0)])
def test_the_penalty_is_taken_over(before, after):
    estimator = warm(alpha=before)
    weights = theta(estimator).copy()
    again(estimator, alpha=after, learning_rate=1e-12)
    assert [penalty.strength for penalty in estimator.model_.penalties] == [after] * (after > 0)
    np.testing.assert_allclose(theta(estimator), weights, atol=1e-6)


@pytest.mark.parametrize(("before", "after"), [(0.0, 0.25), (0.5, 0.25), (0.5, 0.0)])
@pytest.mark.parametrize("activation", ["tanh", "identity"])
def test_dropout_is_taken_over(before, after, activation):
    options = {"hidden_layer_sizes": (8, 4), "activation": activation, "warm_start": True}
    estimator = MinidlClassifier(dropout=before, max_iter=1, **options).fit(X, NAMES)
    weights = theta(estimator).copy()
    again(estimator, dropout=after, learning_rate=1e-12)
    fresh = MinidlClassifier(dropout=after, max_iter=1, **options).fit(X, NAMES)
    assert list(map(str, estimator.model_.layers)) == list(map(str, fresh.model_.layers))
    np.testing.assert_allclose(theta(estimator), weights, atol=1e-6)


def test_streams_go_on_unless_the_random_state_is_set():
    def trained(**options):
        return theta(again(warm(dropout=0.5), **options))

    # A network that is copied to take over something has the same streams.
    np.testing.assert_allclose(trained(alpha=1.0000001e-4), trained(), rtol=1e-9)
    assert (trained(random_state=1) != trained()).any()
    np.testing.assert_array_equal(trained(random_state=1), trained(random_state=1))
    assert (trained(random_state=1) != trained(random_state=2)).any()


class Epochs(Callback):
    count = 0

    def on_epoch_end(self, run):
        self.count += 1


def test_the_others_are_read_by_each_fit():
    estimator, epochs = warm(), Epochs()
    steps = estimator.optimizer_.step_count
    again(estimator, max_iter=3, batch_size=200, callbacks=[epochs])
    assert (epochs.count, estimator.optimizer_.step_count) == (3, steps + 3)
    again(estimator, early_stopping=True, validation_fraction=0.5, n_iter_no_change=1, callbacks=())
    assert estimator.validation_loss_curve_
    plain, weighted = copy.deepcopy(estimator), copy.deepcopy(estimator)
    again(weighted, class_weight={name: 1.0 + 9 * (name == NAMES[0]) for name in set(NAMES)})
    assert (theta(weighted) != theta(again(plain))).any()
    assert again(estimator, warm_start=False).n_iter_ <= 3


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("hidden_layer_sizes", (9,), r"hidden_layer_sizes was set from \[8\] to \[9\]"),
        ("activation", "tanh", "activation was set from 'relu' to 'tanh'"),
        ("layers", lambda d, k: [Linear(d, k)], "layers was set from None to <function"),
        ("layers", "linear 1", "layers was set from None to 'linear 1'"),
        ("augment", "flop", "augment, word 1, 'flop': must begin with one of flip"),
        ("dtype", "float32", "dtype was set from None to 'float32'"),
        ("learning_rate", -1.0, "learning_rate must be"),
        ("optimizer", "adamm", "optimizer must be one of"),
        ("alpha", -1.0, r"alpha must be finite and >= 0, got -1\.0"),
        ("dropout", 1.0, r"dropout must be in \[0, 1\)"),
        ("batch_size", "x", "batch_size must be"),
    ],
)
def test_what_cannot_be_taken_over_is_refused_before_anything_changes(option, value, message):
    estimator = warm()
    before = pickle.dumps(estimator)
    objects = estimator.model_, estimator.optimizer_
    estimator.set_params(**{option: value})
    with pytest.raises(ArgumentError, match=message) as raised:
        estimator.fit(X, NAMES)
    if option in KEPT_OPTIONS:
        assert "fit with warm_start=False, or fit a sklearn.base.clone" in str(raised.value)
    assert (estimator.model_, estimator.optimizer_) == objects
    estimator.set_params(**{option: pickle.loads(before).get_params()[option]})
    np.testing.assert_array_equal(
        theta(again(estimator)), theta(pickle.loads(before).fit(X, NAMES))
    )


def test_the_same_in_other_words_is_no_change():
    estimator = warm()
    before = estimator.model_
    again(estimator, hidden_layer_sizes=8, dtype="float64", learning_rate=np.float64(1e-3))
    assert estimator.model_ is before


def custom(n_features, n_outputs):
    return [Linear(n_features, 4), Tanh(), Dropout(0.5), Linear(4, n_outputs), Sigmoid()]


def test_layers_of_a_function_are_kept():
    estimator = warm(layers=custom)
    again(estimator, hidden_layer_sizes=(3,), activation="tanh", dropout=0.1, alpha=0.5)
    assert list(map(str, estimator.model_.layers)) == list(map(str, custom(2, 1)))
    assert [penalty.strength for penalty in estimator.model_.penalties] == [0.5]


def test_three_classes_and_copies():
    estimator = MinidlClassifier((4,), max_iter=1, warm_start=True).fit(THREE, CLASSES)
    twin = pickle.loads(pickle.dumps(estimator)).set_params(learning_rate=0.125, alpha=0.5)
    assert twin.fit(THREE, CLASSES).optimizer_.learning_rate == 0.125
    assert estimator.optimizer_.learning_rate == 1e-3
    vars(estimator).pop("_options")  # a pickle of an earlier version
    assert len(estimator.fit(THREE, CLASSES).loss_curve_) == 2


@pytest.mark.parametrize(
    ("solver", "option", "value", "is_new"),
    [
        ("sgd", "momentum", 0.5, True),
        ("sgd", "nesterovs_momentum", False, True),
        ("sgd", "beta_1", 0.5, False),
        ("sgd", "learning_rate_init", 0.5, False),
        ("sgd", "learning_rate", "adaptive", False),
        ("sgd", "power_t", 0.9, False),
        ("adam", "beta_1", 0.5, True),
        ("adam", "beta_2", 0.5, True),
        ("adam", "epsilon", 0.5, True),
        ("adam", "momentum", 0.5, False),
        ("adam", "tol", 0.5, False),
        ("adam", "solver", "sgd", True),
        ("lbfgs", "tol", 0.5, True),
        ("lbfgs", "max_fun", 50, True),
        ("lbfgs", "learning_rate_init", 0.5, False),
    ],
)
def test_numbers_of_the_optimizer_are_taken_over_by_a_new_one(solver, option, value, is_new):
    """And all others leave it, and its state."""
    estimator = warm(solver=solver)
    steps = estimator.optimizer_.step_count
    again(estimator, **{option: value})
    fresh = MinidlClassifier(**estimator.get_params()).fit(X, NAMES).optimizer_
    assert estimator.optimizer_.hyperparameters() == fresh.hyperparameters()
    assert (estimator.optimizer_.step_count > 1.5 * steps) != is_new


def test_a_rate_that_was_divided_begins_again_where_it_is_set():
    options = {"solver": "sgd", "tol": 9.0, "n_iter_no_change": 1, "max_iter": 20}
    estimator = warm(learning_rate="adaptive", **options)
    assert estimator.optimizer_.learning_rate < 1e-3
    again(estimator, learning_rate="constant", tol=0.0)
    assert estimator.optimizer_.learning_rate == 1e-3
