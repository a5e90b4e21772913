"""The network and the optimizer that the parameters of an estimator describe."""

import numpy as np
import pytest
from estimator_data import CLASSES, NAMES, ROWS, THREE, VALUES, X
from sklearn.base import clone

from minidl import L2, ArgumentError, Dropout, GradientDescent, Linear, Sigmoid, Tanh
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
