"""The network and the optimizer that the parameters of an estimator describe."""

import pickle

import numpy as np
import pytest
from estimator_data import CLASSES, MOONS, NAMES, QUICK, ROWS, THREE, VALUES, X, both
from mlp_trajectories import parameters_of
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.neural_network import MLPClassifier, MLPRegressor

from minidl import L2, LBFGS, ArgumentError, Dropout, GradientDescent, Linear, Sigmoid, Tanh
from minidl.schedules.cosine import Cosine
from minidl.sklearn import MinidlClassifier, MinidlRegressor


def test_the_parameters_make_the_network():
    estimator = MinidlClassifier(
        (8, 4), "tanh", dropout=0.25, alpha=0.5, random_state=0, max_iter=1
    ).fit(THREE, CLASSES)
    assert [str(layer) for layer in estimator.model_.layers] == [
        "Linear(5, 8)",
        "Tanh()",
        "Dropout(0.75)",
        "Linear(8, 4)",
        "Tanh()",
        "Dropout(0.75)",
        "Linear(4, 3)",
        "Softmax()",
    ]
    assert str(estimator.model_.penalties) == f"({L2(0.5)},)"
    assert (
        MinidlClassifier((), max_iter=1).fit(X, NAMES).model_.parameters.size == 3
    )  # logistic regression
    assert (
        MinidlRegressor(7, "identity", max_iter=1).fit(ROWS, VALUES).model_.parameters.size
        == 4 * 7 + 7 + 7 + 1
    )


def net(features, outputs):
    return [Linear(features, 6), Tanh(), Dropout(0.9), Linear(6, outputs)]


def test_custom_layers_come_from_a_function():
    estimator = MinidlClassifier(layers=net, max_iter=2, random_state=0).fit(X, NAMES)
    assert [str(layer) for layer in estimator.model_.layers] == [
        "Linear(2, 6)",
        "Tanh()",
        "Dropout(0.9)",
        "Linear(6, 1)",
        "Sigmoid()",
    ]
    whole = MinidlClassifier(
        layers=lambda d, k: [*net(d, k), Sigmoid()], max_iter=2, random_state=0
    ).fit(X, NAMES)
    np.testing.assert_array_equal(whole.model_.parameters.theta, estimator.model_.parameters.theta)
    assert clone(estimator).layers is net
    with pytest.raises(
        ArgumentError, match=r"layers\(2, 1\) must return layers with 1 outputs, got \(3,\)"
    ):
        MinidlClassifier(layers=lambda d, k: [Linear(d, 3)]).fit(X, NAMES)


@pytest.mark.parametrize(
    ("kind", "rows", "y", "words", "expected"),
    [
        (MinidlClassifier, X, NAMES, "linear 6, tanh, linear 1", ["Linear(6, 1)", "Sigmoid()"]),
        (MinidlClassifier, X, NAMES, "linear 1, sigmoid", ["Linear(2, 1)", "Sigmoid()"]),
        (MinidlClassifier, THREE, CLASSES, "linear 3", ["Linear(5, 3)", "Softmax()"]),
        (MinidlRegressor, ROWS, VALUES, "linear 6, linear 1", ["Linear(4, 6)", "Linear(6, 1)"]),
        (
            MinidlClassifier,
            np.arange(60).reshape(20, 3),  # tokens
            np.arange(20) % 2,
            "embedding 60 4, lstm 1 return_sequences=false",
            ["LSTM(4, 1, return_sequences=False)", "Sigmoid()"],
        ),
    ],
)
def test_layers_may_be_words(kind, rows, y, words, expected):
    estimator = kind(layers=words, max_iter=2, random_state=0).fit(rows, y)
    assert [str(layer) for layer in estimator.model_.layers][-2:] == expected
    twin = clone(pickle.loads(pickle.dumps(estimator)))
    assert twin.get_params()["layers"] == words
    np.testing.assert_array_equal(twin.fit(rows, y).predict(rows), estimator.predict(rows))


def test_words_are_chosen_by_a_grid_search():
    grid = {"layers": ["linear 1", "linear 8, relu, linear 1"]}
    search = GridSearchCV(MinidlClassifier(**QUICK, random_state=0), grid, cv=2).fit(X, NAMES)
    assert search.best_params_ == {"layers": grid["layers"][1]}


@pytest.mark.parametrize(
    ("kind", "layers", "message"),
    [
        (
            MinidlClassifier,
            "linear 2",
            "^layers: must end in 1 output for 2 classes, but .*'linear",
        ),
        (
            MinidlRegressor,
            "linear 2",
            r"must end in 1 output for y of shape \(m, 1\), but the last",
        ),
        (MinidlClassifier, "dense 2", "^layers, word 1, 'dense 2': must begin with one of"),
        (MinidlClassifier, [Linear(2, 1)], "layers must be words such as .*, or a function that"),
    ],
)
def test_wrong_layers_are_answered_in_a_sentence(kind, layers, message):
    with pytest.raises(ArgumentError, match=message):
        kind(layers=layers).fit(X, MOONS[:, 0])


def test_optimizers_and_schedules_are_accepted():
    optimizer = GradientDescent(0.1)
    estimator = MinidlClassifier(optimizer=optimizer, max_iter=2, batch_size=None).fit(X, NAMES)
    assert estimator.optimizer is optimizer
    assert optimizer.step_count == 0  # a parameter is not changed by fit
    scheduled = MinidlClassifier(
        learning_rate=Cosine(0.01, decay_steps=8), max_iter=2, batch_size="auto"
    ).fit(X, NAMES)
    assert scheduled.history_["learning_rate"] == [
        Cosine(0.01, decay_steps=8)(step) for step in (0, 1)
    ]


@pytest.mark.parametrize(("rows", "steps"), [(199, 1), (200, 1), (201, 2), (400, 2), (401, 3)])
def test_an_automatic_batch_has_200_examples_at_most(rows, steps):
    data = np.zeros((rows, 1))
    for estimator in (MinidlClassifier, MinidlRegressor):
        fitted = estimator((), max_iter=1, batch_size="auto").fit(data, np.arange(rows) % 2)
        assert fitted.optimizer_.step_count == steps


def test_the_network_has_the_dtype_of_the_data_or_the_requested_one():
    for dtype, data_dtype, expected in (
        (None, np.float32, "float32"),
        (None, np.uint8, "float64"),
        ("float32", np.float64, "float32"),
    ):
        assert (
            MinidlClassifier(max_iter=1, dtype=dtype)
            .fit(THREE.astype(data_dtype), CLASSES)
            .model_.dtype.name
            == expected
        )


@pytest.mark.parametrize("optimizer", ["lbfgs", "cg"])
def test_a_full_batch_optimizer_sees_all_examples_and_takes_no_learning_rate(optimizer):
    options = {"optimizer": optimizer, "max_iter": 400, "random_state": 0, "alpha": 0.01}
    estimator = MinidlClassifier((20,), **options)
    estimator.fit(X, NAMES)
    assert estimator.score(X, NAMES) > 0.9
    assert estimator.optimizer_.step_count == estimator.n_iter_
    # CG's line search ends at the precision of float64, before its tolerance.
    assert estimator.optimizer_.has_converged == (optimizer == "lbfgs")
    assert len(estimator.loss_curve_) == estimator.n_iter_ + 1  # the last epoch makes no step
    with pytest.raises(ArgumentError, match="takes no learning rate, got Cosine"):
        clone(estimator).set_params(learning_rate=Cosine(0.1, 9)).fit(X, NAMES)
    with pytest.raises(ArgumentError, match=r"Dropout\(0.5\), draws random numbers"):
        clone(estimator).set_params(dropout=0.5).fit(X, NAMES)
    with pytest.raises(AttributeError, match="partial_fit") as refused:
        clone(estimator).partial_fit(X, NAMES, classes=["lower", "upper"])
    assert "which needs the whole set: call fit, or choose another one" in str(
        refused.value.__cause__
    )


def test_a_warm_start_goes_on_from_the_weights_that_were_reached():
    estimator = MinidlRegressor(
        (8,), "tanh", optimizer=LBFGS(), max_iter=5, random_state=0, warm_start=True
    )
    estimator.fit(ROWS, VALUES)
    theta = estimator.model_.parameters.theta.copy()
    reached = estimator.model_.objective(ROWS, VALUES)["total"]
    estimator.set_params(learning_rate=0.5).fit(ROWS, VALUES)
    assert estimator.loss_curve_[5] == pytest.approx(reached, rel=1e-12)
    assert (estimator.n_iter_, estimator.optimizer_.step_count) == (5, 10)
    assert not np.array_equal(theta, estimator.model_.parameters.theta)
    estimator.set_params(optimizer="lbfgs").fit(ROWS, VALUES)
    estimator.set_params(learning_rate=0.1).fit(ROWS, VALUES)
    assert len(estimator.loss_curve_) == 20


@pytest.mark.filterwarnings("ignore:Stochastic Optimizer")
@pytest.mark.parametrize("activation", ["relu", "logistic"])
@pytest.mark.parametrize("seed", [3, np.random.RandomState])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_weights_and_biases_begin_as_those_of_scikit_learn(activation, seed, dtype):
    X, y = ROWS.astype(dtype), VALUES.astype(dtype)
    options = {"hidden_layer_sizes": (9, 4), "activation": activation, "max_iter": 1}
    options |= {"solver": "sgd", "learning_rate_init": 1e-30}
    ours, theirs = (
        kind(random_state=seed if seed == 3 else seed(5), **options).fit(X, y)
        for kind in (MinidlRegressor, MLPRegressor)
    )
    np.testing.assert_array_equal(ours.model_.parameters.theta, parameters_of(theirs))
    for generator in (np.random.default_rng(0), 2**40, None):
        other = MinidlRegressor(random_state=generator, **options).fit(X, y)
        assert (other.model_.parameters.theta != ours.model_.parameters.theta).all()


@pytest.mark.filterwarnings("ignore:Stochastic Optimizer")
@both
def test_the_same_random_state_gives_the_same_estimator(kind, rows, y):
    """Of up to 200 examples, which are one batch: their order does not matter."""
    theirs_kind = MLPClassifier if kind is MinidlClassifier else MLPRegressor
    ours, theirs = (make(random_state=7, max_iter=50).fit(rows, y) for make in (kind, theirs_kind))
    np.testing.assert_allclose(
        ours.model_.parameters.theta, parameters_of(theirs), rtol=1e-9, atol=1e-9
    )
