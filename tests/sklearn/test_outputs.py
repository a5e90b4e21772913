"""Predictions in the precision of the examples."""

import copy

import numpy as np
import pytest
from sklearn.neural_network import MLPClassifier, MLPRegressor

from minidl import MeanSquaredError, Sequential
from minidl.sklearn import MinidlClassifier, MinidlRegressor
from minidl.sklearn.outputs import outputs_of
from minidl.words.layers import layers_of_words

RNG = np.random.default_rng(0)
DTYPES = [np.float32, np.float64, np.int64]


@pytest.mark.filterwarnings("ignore:Stochastic Optimizer")
def test_what_is_predicted_has_the_dtype_of_scikit_learn():
    rows, numbers = RNG.integers(0, 9, (30, 4)), np.arange(30) % 3
    options = {"hidden_layer_sizes": (3,), "max_iter": 1}
    for fitted in DTYPES:
        x = rows.astype(fitted)
        ours = MinidlClassifier(**options).fit(x, numbers), MinidlRegressor(**options)
        theirs = MLPClassifier(**options).fit(x, numbers), MLPRegressor(**options)
        ours[1].fit(x, numbers)
        theirs[1].fit(x, numbers)
        for predicted in DTYPES:
            x = rows[:5].astype(predicted)
            expected = theirs[1].predict(x).dtype
            assert ours[1].predict(x).dtype == ours[0].transform(x).dtype == expected
            for method in ("predict_proba", "predict_log_proba"):
                assert getattr(ours[0], method)(x).dtype == getattr(theirs[0], method)(x).dtype


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_dtype_of_the_weights_may_be_another_one(dtype):
    rows = RNG.random((30, 4))
    estimator = MinidlRegressor((3,), max_iter=1, dtype=dtype).fit(rows, rows[:, 0])
    assert estimator.coefs_[0].dtype == dtype
    assert estimator.predict(rows).dtype == np.float64
    assert estimator.predict(rows.astype(np.float32)).dtype == dtype
    assert estimator.predict((9 * rows).astype(np.uint8)).dtype == dtype
    assert estimator.__sklearn_tags__().transformer_tags.preserves_dtype == (
        ["float64", "float32"] if dtype == "float32" else []
    )


@pytest.mark.parametrize(
    ("shape", "words"),
    [
        ((6,), "linear 4, batch-norm, elu, linear 4, layer-norm, gelu, linear 2"),
        ((8, 8, 3), "conv 4 3, relu, pool 2, conv 4 1, flatten, linear 2"),
        ((7, 4), "lstm 5, flatten, linear 2"),
        ((7, 4), "gru 5, flatten, linear 2"),
    ],
)
def test_a_network_of_float32_computes_in_float64_where_the_rows_have_it(shape, words):
    layers = layers_of_words(words, shape, 2, source="layers", targets="y")
    single = Sequential(layers, loss=MeanSquaredError(), seed=0, dtype="float32")
    double = Sequential(
        copy.deepcopy(list(layers)), loss=MeanSquaredError(), seed=0, dtype="float64"
    )
    double.parameters.theta = single.parameters.theta.astype(np.float64)
    x = RNG.standard_normal((5, *shape))
    outputs = outputs_of(single.objective_function, x)
    np.testing.assert_allclose(outputs, double.predict(x), rtol=0, atol=1e-8)
    np.testing.assert_array_equal(
        outputs_of(single.objective_function, x.astype(np.float32)), single.predict(x)
    )
