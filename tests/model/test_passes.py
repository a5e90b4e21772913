import tracemalloc

import numpy as np
import pytest
from out_of_core_array import OutOfCoreArray

from minidl import (
    ELU,
    Adam,
    CategoricalCrossEntropy,
    Chain,
    Concat,
    Dropout,
    Flatten,
    GradientDescent,
    Layer,
    LeakyReLU,
    Linear,
    MeanSquaredError,
    NonFiniteError,
    ReLU,
    Residual,
    Sequential,
    Sigmoid,
    Softmax,
    Tanh,
    one_hot,
)
from minidl.batching.batch import Batch
from minidl.batching.out_of_core import ArraySource
from minidl.model.passes import inference_batches, pass_bytes_per_row

LIMIT = 64 * 2**20
UNITS = 100_000
rng = np.random.default_rng(0)
X = rng.standard_normal((2000, 4)).astype(np.float32)
Y = rng.standard_normal((2000, 1)).astype(np.float32)
F4 = np.dtype(np.float32)


class Repeat(Layer):
    """A custom layer that does not tell its width, and keeps arrays."""

    def __init__(self, copies):
        self.copies = copies

    def forward(self, x, *, training=False):
        self.x = x
        self.y = np.tanh(np.repeat(x, self.copies, axis=1))
        return self.y * 2

    def backward(self, dy):
        dx = dy * 2 * (1 - self.y**2)
        return dx.reshape(*self.x.shape, self.copies).sum(axis=2)


class Both(Layer):
    """A container of two layers, of which the first one is wide inside."""

    def __init__(self, width):
        self.steps = [Linear(4, width), Linear(width, 1)]

    def forward(self, x, *, training=False):
        for step in self.steps:
            x = step.forward(x, training=training)
        return x

    def backward(self, dy):
        for step in reversed(self.steps):
            dy = step.backward(dy)
        return dy

    def output_shape(self, shape):
        return (1,)


MODELS = {
    "wide": lambda: [Linear(4, UNITS), Tanh(), Linear(UNITS, 1)],
    "custom": lambda: [Repeat(UNITS // 4), Linear(UNITS, 1)],
    "container": lambda: [Both(UNITS)],
    "residual": lambda: [Residual(Linear(4, UNITS), Tanh(), Linear(UNITS, 4)), Linear(4, 1)],
    "unknown inside": lambda: [Chain(Repeat(UNITS // 4), Linear(UNITS, 1))],
}


# The input has 2000 rows; where a layer is measured, fewer tell enough.
N_ROWS = dict.fromkeys(MODELS, 500) | {"wide": 2000}


def model_of(name):
    return Sequential(MODELS[name](), loss=MeanSquaredError())


def peak_bytes(function):
    tracemalloc.start()
    try:
        function()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("name", MODELS)
def test_predict_and_evaluate_keep_the_memory_limit(name):
    model, x, y = model_of(name), X[: N_ROWS[name]], Y[: N_ROWS[name]]
    assert peak_bytes(lambda: model.predict(x, memory_limit=LIMIT)) < 1.5 * LIMIT
    model = model_of(name)
    assert peak_bytes(lambda: model.evaluate(x, y, memory_limit=LIMIT)) < 1.5 * LIMIT


@pytest.mark.parametrize("name", MODELS)
def test_fit_with_validation_keeps_the_memory_limit(name):
    def fit(validation):
        model, optimizer = model_of(name), Adam(0.001)
        settings = {"epochs": 2, "batch_size": 8, "progress": False, "memory_limit": LIMIT}
        return peak_bytes(
            lambda: model.fit(
                X[:16], Y[:16], optimizer=optimizer, validation=validation, **settings
            )
        )

    x, y = X[: N_ROWS[name]], Y[: N_ROWS[name]]
    # Without validation: the optimizer's state, and one batch's activations.
    assert fit((x, y)) - fit(None) < 1.5 * LIMIT


def test_rows_of_a_training_file_and_validation_share_the_memory_limit():
    limit = 2**23
    x = np.zeros((20_000, 100), np.float32)  # nearly the whole limit
    layers = [Linear(100, 2000), Linear(2000, 1)]
    model, file = Sequential(layers, loss=MeanSquaredError()), OutOfCoreArray(x)

    def fit(validation):
        return peak_bytes(
            lambda: model.fit(
                file,
                np.zeros(len(x)),
                optimizer=GradientDescent(0.0001),
                epochs=1,
                batch_size=50,
                validation=validation,
                progress=False,
                memory_limit=limit,
            )
        )

    assert fit((x[:1500], np.zeros(1500))) - fit(None) < 0.6 * limit


@pytest.mark.parametrize("name", MODELS)
def test_rows_of_a_file_keep_the_memory_limit(name):
    model, file = model_of(name), OutOfCoreArray(X[: N_ROWS[name]])
    assert peak_bytes(lambda: model.predict(file, memory_limit=LIMIT)) < 1.5 * LIMIT


# One-hot rows of all these class numbers take 763 MiB.
N_CLASSES, M = 1000, 200_000
EXAMPLES = rng.standard_normal((M, 4)).astype(np.float32)
LABELS = rng.integers(0, N_CLASSES, M)


def classifier():
    return Sequential([Linear(4, N_CLASSES), Softmax()], loss=CategoricalCrossEntropy())


def test_class_numbers_are_never_one_large_array():
    model = classifier()
    assert peak_bytes(lambda: model.evaluate(EXAMPLES, LABELS, memory_limit=LIMIT)) < 1.5 * LIMIT
    # Nor are the outputs from which class numbers are predicted.
    assert peak_bytes(lambda: model.predict_classes(EXAMPLES, memory_limit=LIMIT)) < 1.5 * LIMIT

    def fit():
        model.fit(
            EXAMPLES,
            LABELS,
            optimizer=GradientDescent(0.1),
            epochs=1,
            batch_size=2048,
            validation=(EXAMPLES, LABELS),
            class_weight="balanced",
            progress=False,
            memory_limit=LIMIT,
        )

    assert peak_bytes(fit) < 1.5 * LIMIT


@pytest.mark.parametrize("shuffle", [True, False])
@pytest.mark.parametrize("batch_size", [None, 64, 700])
@pytest.mark.parametrize(
    "weights", [{}, {"class_weight": "balanced"}, {"sample_weight": np.arange(1, 601)}]
)
def test_class_numbers_train_to_the_same_bits_however_they_are_kept(shuffle, batch_size, weights):
    x, labels = EXAMPLES[:600], LABELS[:600]
    results = []
    # 600 one-hot rows take 2.4 MB. The lowest limit still lets 128 rows pass at once.
    for limit, y in ((2**28, labels), (5 * 2**20, labels), (2**28, one_hot(labels, N_CLASSES))):
        model = classifier()
        history = model.fit(
            x,
            y,
            optimizer=Adam(0.01),
            epochs=2,
            batch_size=batch_size,
            shuffle=shuffle,
            validation=(x[:100], y[:100]),
            memory_limit=limit,
            progress=False,
            **weights,
        )
        scores = model.evaluate(x[:100], y[:100], memory_limit=limit)
        results.append((model.parameters.theta.tobytes(), history["val_loss"], scores))
    assert results[0] == results[1] == results[2]


def test_the_results_do_not_depend_on_the_limit_but_for_rounding():
    model = model_of("wide")
    narrow = model.predict(X[:300], memory_limit=2**20)  # row by row
    np.testing.assert_allclose(narrow, model.predict(X[:300]), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("kind", ["array", "file"])
def test_the_batches_of_ordinary_models_stay_as_they_were(kind):
    layers = [Linear(784, 4096), ReLU(), Linear(4096, 1000), Softmax()]
    model = Sequential(layers, loss=CategoricalCrossEntropy())
    x = np.zeros((2100, 784), np.float32)
    source = x if kind == "array" else ArraySource(OutOfCoreArray(x), "X", F4)
    data = Batch(source, np.zeros((2100, 1000), np.float32))
    batches = inference_batches(model.objective_function, data, memory_limit=256 * 2**20)
    sizes = [len(batch.x) for _, batch in batches]
    assert sizes == [1024, 1024, 52]


def bytes_of(layers, shape, y=None):
    model = Sequential(layers, loss=MeanSquaredError())
    return pass_bytes_per_row(model.objective_function, Batch(np.ones((2, *shape), F4), y))


@pytest.mark.parametrize(
    ("layers", "shape"),
    [
        ([Linear(4, 50), ReLU(), Dropout(0.5), Linear(50, 7), Sigmoid()], (4,)),
        ([Flatten(), Linear(6, 5), LeakyReLU(), Tanh()], (2, 3)),
        ([ELU(), Softmax()], (11,)),
        ([Residual(Linear(4, 9), ReLU(), Linear(9, 4)), Linear(4, 1)], (4,)),
        ([Concat(Chain(Linear(4, 30), Tanh()), Residual(Linear(4, 4)))], (4,)),
    ],
)
def test_layers_tell_exactly_what_they_keep(layers, shape):
    kept = bytes_of(layers, shape)
    x = np.ones((8, *shape), F4)
    for layer in layers:
        x = layer.forward(x)
    modules = [module for layer in layers for module in layer.modules()]
    arrays = {id(array): array for module in modules for array in module.workspace.values()}
    assert 8 * kept == sum(array.nbytes for array in arrays.values())


def test_a_layer_that_derives_from_a_known_one_is_measured():
    class TwoTimes(Linear):
        def forward(self, x, *, training=False):
            self.doubled = np.concatenate([super().forward(x), super().forward(x)] * 50, axis=1)
            return self.doubled[:, :3]

    assert TwoTimes(4, 3).inference_arrays is None
    assert bytes_of([TwoTimes(4, 3)], (4,)) >= 4 * 300


@pytest.mark.parametrize("name", MODELS)
def test_what_a_pass_takes_does_not_depend_on_earlier_passes(name):
    def measured(objective):
        return pass_bytes_per_row(objective, Batch(X, None))

    fresh, used = model_of(name), model_of(name)
    used.fit(X[:8], Y[:8], optimizer=Adam(0.001), epochs=1, batch_size=4, progress=False)
    assert not used.objective_function.pass_sizes
    workspaces = [layer.workspace for layer in used.layers]
    contents = [dict(workspace) for workspace in workspaces]
    assert measured(fresh.objective_function) == measured(used.objective_function)
    for layer, workspace, content in zip(used.layers, workspaces, contents, strict=True):
        assert layer.workspace is workspace
        assert workspace == content or workspace.keys() == content.keys()


def test_numbers_that_overflow_while_they_are_measured_are_no_warning():
    class Square(Layer):
        def forward(self, x, *, training=False):
            self.y = x**2
            return self.y

        def backward(self, dy):
            return dy

    model = Sequential([Square()], loss=MeanSquaredError())
    x = np.full((2, 4), 1e30, F4)
    assert pass_bytes_per_row(model.objective_function, Batch(x, None)) >= 16  # of 4 numbers
    with pytest.warns(RuntimeWarning, match="overflow") as caught:
        model.predict(x)
    assert len(caught) == 1


def test_a_single_row_is_not_measured():
    objective = model_of("custom").objective_function
    assert pass_bytes_per_row(objective, Batch(X[:1], None)) == 0
    assert not objective.pass_sizes


def test_an_error_of_a_layer_is_raised_where_it_was():
    class Picky(Layer):
        def forward(self, x, *, training=False):
            if len(x) == 1:
                raise ValueError("one row")
            return x

        def backward(self, dy):
            return dy

    model = Sequential([Picky(), Linear(4, 1)], loss=MeanSquaredError())
    assert pass_bytes_per_row(model.objective_function, Batch(X, None)) == 0  # it is unknown
    assert model.predict(X[:10]).shape == (10, 1)
    with pytest.raises(ValueError, match="one row"):
        model.predict(X[:1])


def test_targets_of_an_evaluation_count():
    for_targets = []
    for width in (10, 20):
        model = Sequential([Linear(4, width)], loss=MeanSquaredError())
        alone, with_loss = (
            pass_bytes_per_row(model.objective_function, Batch(X, y)) for y in (None, Y)
        )
        assert alone == 4 * width
        for_targets.append(with_loss - alone)
    assert for_targets[1] == 2 * for_targets[0] >= 2 * alone  # the targets and the gradient


def test_numbers_are_checked_where_it_is_asked_for():
    objective = Sequential([Linear(4, 1)], loss=MeanSquaredError()).objective_function
    data = Batch(np.full((2, 4), np.nan, F4), None)
    (batch,) = inference_batches(objective, data, memory_limit=LIMIT)
    assert np.isnan(batch[1].x).all()
    with pytest.raises(NonFiniteError, match="X must be finite"):
        list(inference_batches(objective, data, memory_limit=LIMIT, check_finite=True))


class Unknown(Layer):
    """A layer that does not tell its output shape."""

    def forward(self, x, *, training=False):
        return x

    def backward(self, dy):
        return dy


class MeanOverTime(Unknown):
    """(m, t, k) -> (m, k), whatever it is told."""

    def forward(self, x, *, training=False):
        return x.mean(axis=1)

    def output_shape(self, shape):
        return None if shape is None else shape[1:]


def test_a_model_is_measured_where_layers_are_told_too_little():
    """Behind Linear only the last axis is known, which MeanOverTime takes for that of time."""
    layers = [Unknown(), Linear(4, 6), MeanOverTime(), Linear(6, 1)]
    model = Sequential(layers, loss=MeanSquaredError())
    assert model.predict(np.ones((8, 5, 4))).shape == (8, 1)
