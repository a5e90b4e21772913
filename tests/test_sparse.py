"""Sparse examples in a whole model: as the same array, and never made dense."""

import tracemalloc

import h5py
import numpy as np
import pytest
from scipy import sparse

from minidl import (
    L2,
    LBFGS,
    Adam,
    Augmentation,
    Callback,
    CategoricalCrossEntropy,
    Chain,
    Checkpoint,
    ConjugateGradient,
    Dropout,
    EarlyStopping,
    Embedding,
    Flatten,
    Layer,
    Linear,
    MeanSquaredError,
    MiniBatches,
    Ones,
    Parameter,
    Sequential,
    Softmax,
    Tanh,
    overfit_one_batch,
)
from minidl.data import train_validation_split
from minidl.errors import ArgumentError, DtypeError, ResumeError, ShapeError
from minidl.model.layer_output import layer_output
from minidl.utils.sparse_rows import SparseRows

M, N = 60, 40
RNG = np.random.default_rng(0)
ARRAY = RNG.standard_normal((M, N)) * (RNG.random((M, N)) < 0.1)
SPARSE = sparse.csr_array(ARRAY)
Y = RNG.integers(3, size=M)
WEIGHT = RNG.random(M)


def network(*, dropout=True, dtype=np.float64, first=None):
    first = [Linear(N, 6), Tanh()] if first is None else [first]
    layers = [*first, *([Dropout(0.8)] if dropout else []), Linear(6, 3), Softmax()]
    return Sequential(
        layers, loss=CategoricalCrossEntropy(), penalties=[L2(0.1)], dtype=dtype, seed=3
    )


def fit(model, X, y=Y, **settings):
    defaults = {"optimizer": Adam(0.01), "epochs": 3, "batch_size": 16, "progress": False}
    return model.fit(X, y, **{**defaults, **settings})


def assert_same_training(settings, y=Y, **of_network):
    """Train with the matrix and with the array, and compare all numbers."""
    dense, sparse_model = network(**of_network), network(**of_network)
    histories = []
    for model, X in ((dense, ARRAY), (sparse_model, SPARSE)):
        histories.append(fit(model, X, y, **settings(X)))
    np.testing.assert_allclose(
        sparse_model.parameters.theta, dense.parameters.theta, rtol=0, atol=1e-12
    )
    assert histories[0].columns.keys() == histories[1].columns.keys()
    for name, values in histories[0].columns.items():
        np.testing.assert_allclose(histories[1][name], values, rtol=0, atol=1e-12)
    assert histories[0].stopped == histories[1].stopped


def reverse(epoch):
    return np.roll(np.arange(M)[::-1], epoch)


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"shuffle": False},
        {"shuffle": reverse},
        {"batch_size": 1, "epochs": 1},
        {"batch_size": None},
        {"batch_size": None, "shuffle": reverse},
        {"sample_weight": WEIGHT, "class_weight": "balanced"},
        {"memory_limit": 2000},
    ],
    ids=" ".join,
)
def test_training_is_that_of_the_same_array(settings):
    assert_same_training(lambda X: settings)


@pytest.mark.parametrize("kind", [LBFGS, ConjugateGradient])
def test_full_batch_optimizers_take_it(kind):
    assert_same_training(
        lambda X: {"optimizer": kind(), "batch_size": None, "epochs": 4}, dropout=False
    )


def test_validation_sets_and_early_stopping_take_it():
    assert_same_training(
        lambda X: {
            "validation": (X[:20], Y[:20], WEIGHT[:20]),
            "callbacks": [EarlyStopping(patience=1)],
            "optimizer": Adam(0.5),
            "epochs": 20,
        }
    )


def test_targets_may_lie_in_a_file_or_be_too_large_at_once(tmp_path):
    expected, from_file = network(), network()
    fit(expected, SPARSE)
    with h5py.File(tmp_path / "targets.h5", "w") as file:
        fit(from_file, SPARSE, file.create_dataset("Y", data=Y), memory_limit=500)
    np.testing.assert_array_equal(from_file.parameters.theta, expected.parameters.theta)
    assert_same_training(lambda X: {"memory_limit": 512})  # makes LazyTargets


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_all_other_methods_give_what_they_give_for_the_array(dtype):
    model = network(dtype=dtype)
    atol = 1e-6 if dtype is np.float32 else 1e-14
    for function in (
        model.predict,
        model.predict_classes,
        lambda X: list(model.evaluate(X, Y, sample_weight=WEIGHT).values()),
        lambda X: list(model.objective(X, Y, sample_weight=WEIGHT).values()),
        lambda X: model.gradient(X, Y, sample_weight=WEIGHT),
        lambda X: layer_output(model.objective_function, X, "0"),
    ):
        expected = function(ARRAY.astype(dtype))
        for X in (SPARSE, sparse.coo_matrix(ARRAY), SPARSE.astype(np.float32)[:]):
            found = function(X)
            np.testing.assert_allclose(
                found, expected, rtol=0, atol=max(atol, 1e-6 * (X.dtype == np.float32))
            )
    assert model.predict(SPARSE).dtype == dtype


def test_explain_shows_the_same_numbers(capsys):
    model = network()
    texts = []
    for X in (SPARSE, ARRAY):
        model.explain(X[:2], Y[:2])
        texts.append(capsys.readouterr().out.split("BACKWARD")[0])  # there, rounding is left
    assert texts[0] == texts[1]


def test_tools_around_training_take_it():
    (X_train, Y_train), (X_val, _) = train_validation_split(SPARSE.tocsc(), Y, seed=1)
    (array, y), (array_val, _) = train_validation_split(ARRAY, Y, seed=1)
    np.testing.assert_array_equal(X_train.toarray(), array)
    np.testing.assert_array_equal(X_val.toarray(), array_val)
    np.testing.assert_array_equal(Y_train, y)
    reports = [
        overfit_one_batch(network(dropout=False), X, Y, optimizer=Adam(0.05), steps=20)
        for X in (SPARSE, ARRAY)
    ]
    assert reports[0].last_loss == pytest.approx(reports[1].last_loss, abs=1e-12)


def test_mini_batches_are_sparse_rows():
    batches = MiniBatches(SPARSE, Y.reshape(-1, 1), batch_size=16, seed=0)
    dense = MiniBatches(ARRAY, Y.reshape(-1, 1), batch_size=16, seed=0)
    for batch, expected in zip(batches, dense, strict=True):
        assert isinstance(batch.x, SparseRows)
        np.testing.assert_array_equal(batch.x.toarray(), expected.x)
        np.testing.assert_array_equal(batch.y, expected.y)
        np.testing.assert_allclose(
            network().predict(batch.x), network().predict(expected.x), rtol=0, atol=1e-14
        )
    assert batches.data_description()["X"]["sparse"] is True


def test_nothing_is_made_dense(monkeypatch):
    m, n = 2000, 20_000  # 160 MB of float32
    rng = np.random.default_rng(0)
    indices = rng.integers(n, size=10 * m)
    X = sparse.csr_array((np.ones(10 * m), indices, np.arange(0, 10 * m + 1, 10)), shape=(m, n))
    y = rng.integers(2, size=m)
    model = Sequential([Linear(n, 2), Softmax()], loss=CategoricalCrossEntropy())
    monkeypatch.setattr(SparseRows, "toarray", None)
    tracemalloc.start()
    try:
        fit(model, X, y, epochs=1, batch_size=500, validation=(X, y))
        model.predict(X)
        model.evaluate(X, y)
        model.gradient(X, y)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 16e6


def test_memory_is_released_after_training():
    model = network()
    fit(model, SPARSE)
    assert model.layers[0].memory_in_use() == 0
    assert "_x" not in vars(model.layers[0])


class StopAfter(Callback):
    def __init__(self, steps):
        self.steps = steps

    def on_batch_end(self, run):
        self.steps -= 1
        if not self.steps:
            raise InterruptedError


def test_a_training_resumes_in_the_middle_of_an_epoch(tmp_path):
    path = tmp_path / "training.h5"
    model = network()
    with pytest.raises(InterruptedError):
        fit(model, SPARSE, callbacks=[Checkpoint(path, every_seconds=1e-9), StopAfter(6)])
    changed, places = SPARSE.copy(), np.nonzero(ARRAY + np.eye(M, N))
    changed.data[3] = 0
    same = sparse.coo_matrix((ARRAY[places], places), shape=(M, N))  # with zeros that are stored
    assert same.nnz > SPARSE.nnz
    resumed = network()
    fit(resumed, same, resume=path, callbacks=[Checkpoint(path)])
    whole = network()
    fit(whole, SPARSE)
    np.testing.assert_array_equal(resumed.parameters.theta, whole.parameters.theta)
    for X, message in (
        (changed, "got other values in X"),
        (ARRAY, "got X as an array instead of a sparse matrix"),
    ):
        with pytest.raises(ResumeError, match=message):
            fit(network(), X, resume=path, epochs=4)


@pytest.mark.parametrize(
    "first",
    [Flatten(), Dropout(0.5), Embedding(N, 6), Chain(Tanh(), Linear(N, 6))],
    ids=lambda layer: type(layer).__name__,
)
def test_a_layer_that_takes_no_sparse_rows_is_named_before_anything_changes(first):
    layers = [first, Flatten(), Linear(6 * (N if type(first) is Embedding else 1), 3)]
    if type(first) in (Flatten, Dropout):
        layers[-1] = Linear(N, 3)
    model = Sequential([*layers, Softmax()], loss=CategoricalCrossEntropy())
    before = model.parameters.theta.copy()
    message = (
        rf"got layer 0, {type(first).__name__}\(.* csr_array .*\(60, 40\): begin .*Linear\(40, "
    )
    for call in (fit, Sequential.evaluate, Sequential.gradient):
        with pytest.raises(ArgumentError, match=message):
            call(model, SPARSE, Y)
    with pytest.raises(ArgumentError, match=message):
        model.predict(SPARSE)
    np.testing.assert_array_equal(model.parameters.theta, before)


def test_what_does_not_go_with_it_is_refused():
    model = network()
    with pytest.raises(
        ArgumentError, match=r"augment changes pictures.*got a sparse X.*leave augm"
    ):
        fit(model, SPARSE, augment=Augmentation(flip=True))
    with pytest.raises(
        DtypeError, match=r"Y must hold real numbers, got a csr_array: pass Y.toarray"
    ):
        fit(model, SPARSE, sparse.csr_array(np.eye(3)[Y]))
    with pytest.raises(ShapeError, match=r"expects 40 features, got 60 .*pass X.T\?"):
        fit(model, SPARSE.T)
    with pytest.raises(ShapeError, match="same number of rows, got 60 and 59"):
        fit(model, SPARSE, Y[:-1])


class Scaled(Layer):
    """A custom layer whose formulas are the same for arrays and for sparse rows."""

    takes_sparse = True

    def __init__(self, units):
        self.weight = Parameter((units, N), init=Ones())

    def forward(self, x, *, training=False):
        self.x = x
        return x @ self.weight.value.T

    def backward(self, dy):
        self.weight.grad[...] = dy.T @ self.x
        return dy @ self.weight.value


def test_a_custom_layer_takes_it_where_it_declares_so():
    models = [network(first=Scaled(6)) for _ in range(2)]
    for model, X in zip(models, (SPARSE, ARRAY), strict=True):
        fit(model, X)
    np.testing.assert_allclose(
        models[0].parameters.theta, models[1].parameters.theta, rtol=0, atol=1e-12
    )
    assert models[0].predict(SPARSE).shape == (M, 3)

    class Changed(Scaled):
        pass

    with pytest.raises(ArgumentError, match=r"got layer 0, Changed\(\)"):
        network(first=Changed(6)).predict(SPARSE)


def test_regression_takes_it():
    target = ARRAY @ RNG.standard_normal((N, 2))
    model = Sequential([Linear(N, 2)], loss=MeanSquaredError(), dtype=np.float64)
    fit(model, SPARSE, target, optimizer=LBFGS(), batch_size=None, epochs=200)
    assert model.evaluate(SPARSE, target)["loss"] < 1e-6
