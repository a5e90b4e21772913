import pickle

import numpy as np
import pytest
from estimator_data import NAMES, ROWS, SMALL, VALUES, X, both
from sklearn.base import clone

from minidl import Callback, Linear, MeanSquaredError, Sequential
from minidl.sklearn import MinidlClassifier, MinidlRegressor
from minidl.sklearn.training_precision import trained_model, training_model

F32 = {**SMALL, "dtype": "float32"}


def linear(dtype):
    return Sequential([Linear(2, 1)], loss=MeanSquaredError(), dtype=dtype)


def test_a_small_set_is_trained_in_float64():
    model = linear(np.float32)
    precise = training_model(model, 2**18 // 3)
    assert (model.dtype, precise.dtype) == (np.float32, np.float64)
    np.testing.assert_array_equal(precise.parameters.theta, model.parameters.theta)


@pytest.mark.parametrize(("dtype", "m"), [(np.float32, 2**18 // 3 + 1), (np.float64, 1)])
def test_others_are_trained_as_they_are(dtype, m):
    model = linear(dtype)
    assert training_model(model, m) is model
    assert training_model(model, 1, is_chunk=True) is model


def test_a_trained_model_has_the_dtype_of_its_estimator():
    model = linear(np.float64)
    assert trained_model(model, np.dtype("float64")) is model
    assert trained_model(model, np.dtype("float32")).dtype == np.float32


@both
def test_an_estimator_of_float32_is_that_of_float64_rounded_once(kind, rows, y):
    single = kind(**F32).fit(rows, y)
    seen = []

    class Dtype(Callback):
        def on_train_begin(self, run):
            seen.append(run.model.dtype)

    clone(single).set_params(callbacks=[Dtype()]).fit(rows, y)
    assert seen == [np.float64]
    assert single.model_.dtype == np.float32
    double = kind(**SMALL).fit(rows, y)
    for ours, expected in zip(single.coefs_, double.coefs_, strict=True):
        assert ours.dtype == np.float32
        # Their first weights are rounded, too.
        np.testing.assert_allclose(ours, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("repeated", [1, 3])
def test_weighted_rows_count_like_repeated_ones(repeated):
    weight = np.resize([1, 0, 2, 1], len(ROWS)) * repeated
    whole = {**F32, "batch_size": 10_000}
    weighted = MinidlRegressor(**whole).fit(ROWS, VALUES, weight)
    of_repeated = MinidlRegressor(**whole).fit(ROWS.repeat(weight, 0), VALUES.repeat(weight))
    np.testing.assert_allclose(weighted.predict(ROWS), of_repeated.predict(ROWS), rtol=1e-7)


@both
def test_a_training_goes_on_where_it_ended(kind, rows, y):
    once = kind(**{**F32, "max_iter": 6}, shuffle=False).fit(rows, y)
    twice = kind(**{**F32, "max_iter": 3}, shuffle=False, warm_start=True).fit(rows, y)
    pickle.loads(pickle.dumps(twice)).fit(rows, y)
    twice.fit(rows, y)
    for ours, expected in zip(twice.coefs_, once.coefs_, strict=True):
        np.testing.assert_allclose(ours, expected, rtol=1e-5, atol=1e-6)
    assert twice.model_.dtype == np.float32
    assert twice.optimizer_.step_count == once.optimizer_.step_count


def test_chunks_are_trained_in_float32():
    dtypes = set()

    class Dtype(Callback):
        def on_train_begin(self, run):
            dtypes.add(run.model.dtype)

    estimator = MinidlClassifier(**F32, callbacks=[Dtype()])
    many = np.resize(np.arange(len(X)), 20_000)
    for rows in (slice(None), many, slice(5), many):
        estimator.partial_fit(X[rows], NAMES[rows], classes=np.unique(NAMES))
        assert estimator.model_.dtype == np.float32
    assert dtypes == {np.dtype(np.float32)}
    assert estimator.fit(X, NAMES).score(X, NAMES) > 0.85
