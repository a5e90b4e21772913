"""Predictions from many threads, and what they leave in memory."""

import gc
import tracemalloc
import weakref
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np
import pytest

from minidl import (
    L2,
    ArgumentError,
    BinaryCrossEntropy,
    Dropout,
    Linear,
    MeanSquaredError,
    NonFiniteError,
    ReLU,
    Sequential,
    Sigmoid,
)
from minidl.model.isolated_access import KEPT_BYTES
from minidl.model.prediction import predict

rng = np.random.default_rng(0)


def network(width=64):
    layers = [Linear(20, width), ReLU(), Dropout(0.8), Linear(width, 3)]
    return Sequential(layers, loss=MeanSquaredError(), penalties=[L2(0.1)], seed=1)


def test_many_threads_get_what_one_gets():
    model = network()
    batches = [rng.standard_normal((rows, 20)) for rows in [1] * 200 + [30] * 40 + [2000] * 4]
    expected = [model.predict(batch) for batch in batches]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(model.predict, batches * 3))
    for answer, right in zip(answers, expected * 3, strict=True):
        np.testing.assert_array_equal(answer, right)


def test_threads_of_joblib_get_what_one_gets():
    joblib = pytest.importorskip("joblib")
    model = network()
    batches = [rng.standard_normal((rows, 20)) for rows in [1, 40, 500] * 20]
    answers = joblib.Parallel(n_jobs=4, backend="threading")(
        joblib.delayed(model.predict)(batch) for batch in batches
    )
    for batch, answer in zip(batches, answers, strict=True):
        np.testing.assert_array_equal(answer, model.predict(batch))


def test_large_work_arrays_are_released_and_small_ones_kept():
    model = network(width=1024)
    objective = model.objective_function
    model.predict(np.zeros((1, 20)))
    small = objective.scratch.size_in_bytes()
    assert 0 < small <= KEPT_BYTES
    y = objective.layers[0].workspace["y"]
    model.predict(np.zeros((1, 20)))
    assert objective.layers[0].workspace["y"] is y
    model.predict(np.zeros((1000, 20)))
    assert objective.scratch.size_in_bytes() == 0
    model.predict(np.zeros((1, 20)))
    assert objective.scratch.size_in_bytes() == small


@pytest.mark.parametrize("rows", [1, 30_000])
def test_a_prediction_does_not_keep_the_array_of_its_rows_alive(rows):
    model = network()
    X = np.zeros((30_000, 20), np.float32)
    reference = weakref.ref(X)
    model.predict(X[:rows])
    del X
    gc.collect()
    assert reference() is None


@pytest.mark.parametrize("method", ["predict", "predict_classes", "evaluate"])
def test_rows_are_checked_and_converted_within_the_memory_limit(method):
    """A copy of all of X in the dtype of the model would take 8 MiB here, a checked part 2."""
    model = Sequential([Linear(64, 1), Sigmoid()], loss=BinaryCrossEntropy())
    X, Y = np.zeros((2**15, 64)), np.zeros((2**15, 1), np.float32)
    arguments = (X, Y) if method == "evaluate" else (X,)
    call = partial(getattr(model, method), *arguments, memory_limit=2**20)
    call()  # imports and caches
    tracemalloc.start()
    try:
        call()
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 1.5 * 2**20
    X[-1, -1] = np.nan
    with pytest.raises(NonFiniteError, match=r"X must be finite.*\[32767"):
        call()


@pytest.mark.parametrize("method", ["predict", "predict_classes", "evaluate"])
@pytest.mark.parametrize("limit", ["1e9", 1e9, 0, True, None])
def test_a_memory_limit_is_a_number_of_bytes(method, limit):
    model = Sequential([Linear(2, 1), Sigmoid()], loss=BinaryCrossEntropy())
    arguments = (np.zeros((3, 2)), np.zeros((3, 1)))[: 1 + (method == "evaluate")]
    with pytest.raises(ArgumentError, match=f"memory_limit must be an integer.*, got {limit!r}$"):
        getattr(model, method)(*arguments, memory_limit=limit)


def test_rows_pass_through_the_first_layers():
    model, rows = network(), rng.standard_normal((7, 20))
    expected = rows
    for n_layers, layer in enumerate(model.layers, 1):
        expected = layer.forward(np.asarray(expected, np.float32)).copy()
        found = predict(model.objective_function, rows, 2**20, n_layers=n_layers)
        np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(found, model.predict(rows))
