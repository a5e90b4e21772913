import numpy as np
import pytest
from helpers import Gain, Residual, classifier, rows

from minidl import (
    L2,
    Adam,
    ArgumentError,
    BinaryCrossEntropy,
    CategoricalCrossEntropy,
    Dropout,
    DtypeError,
    EarlyStopping,
    Flatten,
    GradientDescent,
    Linear,
    MeanSquaredError,
    NonFiniteError,
    ReLU,
    Sequential,
    ShapeError,
    Sigmoid,
    Softmax,
    Tanh,
)

X, Y = rows(10)
FIT = {"optimizer": GradientDescent(0.1), "epochs": 1, "progress": False}


def digits(k=3, dtype=np.float32):
    return Sequential([Linear(3, k), Softmax()], loss=CategoricalCrossEntropy(), dtype=dtype)


def put(array, index, value):
    array = np.array(array, np.float64)
    array[index] = value
    return array


BAD_X = {
    "wrong rank": (
        X.reshape(10, 3, 1),
        ShapeError,
        r"layer 0, Linear\(3, 4\), expects 3 features, got \(3, 1\).*X has shape \(10, 3, 1\)",
    ),
    "flattenable": (X.reshape(10, 1, 3), ShapeError, r"put Flatten\(\) before it"),
    "one example": (X[0], ShapeError, r"expects 3 features, got \(\) from X"),
    "feature count": (
        X[:, :2],
        ShapeError,
        r"layer 0, .*expects 3 features, got 2 from X.*X has shape \(10, 2\)",
    ),
    "turned": (X.T, ShapeError, r"the examples are the rows: pass X\.T\?"),
    "no rows": (X[:0], ShapeError, r"X must hold at least one example.*got shape \(0, 3\)"),
    "no columns": (X[:, :0], ShapeError, "X must hold at least one"),
    "a number": (3.0, ShapeError, "X must hold one row per example, got the single number"),
    "ragged": ([[1, 2, 3], [1]], ShapeError, "X must be a rectangular array"),
    "NaN": (put(X, (4, 1), np.nan), NonFiniteError, r"X must be finite, got nan at X\[4, 1\]"),
    "inf": (put(X, (4, 1), -np.inf), NonFiniteError, r"got -inf at X\[4, 1\]"),
    "too large": (
        put(X, (4, 1), 1e200),
        NonFiniteError,
        r"X\[4, 1\] is 1e\+200, too large for float32",
    ),
    "text": ([["a", "b", "c"]], DtypeError, "X must hold real numbers"),
    "complex": (X + 1j, DtypeError, "X must hold real numbers, got dtype complex128"),
    "None": (None, DtypeError, "X must hold real numbers"),
}
BAD_Y = {
    "wrong rank": (
        Y.reshape(10, 1, 1),
        ShapeError,
        r"Y must have shape \(m, 1\), one row per example, got \(10, 1, 1\)",
    ),
    "turned": (
        Y.T,
        ShapeError,
        r"Y must have shape \(m, 1\).*got \(1, 10\) \(the examples are the rows: pass Y\.T\?\)",
    ),
    "width": (np.ones((10, 2)), ShapeError, r"Y must have shape \(m, 1\).*got \(10, 2\)"),
    "fewer rows": (Y[:9], ShapeError, "X and Y must have the same number of rows, got 10 and 9"),
    "one row": (Y[:1], ShapeError, "X and Y must have the same number of rows, got 10 and 1"),
    "fewer rows, a vector": (Y[:9, 0], ShapeError, "got 10 and 9"),
    "no rows": (Y[:0], ShapeError, "Y must hold at least one example"),
    "a number": (1, ShapeError, "Y must hold one row per example"),
    "NaN": (put(Y, (3, 0), np.nan), NonFiniteError, r"Y must be finite, got nan at Y\[3, 0\]"),
    "inf": (put(Y, (3, 0), np.inf), NonFiniteError, r"got inf at Y\[3, 0\]"),
    "no class": (2 * Y, ArgumentError, r"Y must lie in \[0, 1\].*got 2"),
    "text": ([["yes"]] * 10, DtypeError, "Y must hold real numbers.*encode classes as integers"),
}
BAD_SETTINGS = {
    "optimizer class": (
        {"optimizer": Adam},
        ArgumentError,
        r"optimizer must be an Optimizer such as Adam\(\), got",
    ),
    "optimizer name": (
        {"optimizer": "adam"},
        ArgumentError,
        "optimizer must be an Optimizer.*'adam'",
    ),
    "no epochs": ({"epochs": 0}, ArgumentError, "epochs must be an integer >= 1, got 0"),
    "half an epoch": (
        {"epochs": 1.5},
        ArgumentError,
        "epochs must be an integer >= 1, got 1.5",
    ),
    "true epochs": ({"epochs": True}, ArgumentError, "epochs must be"),
    "no batch": (
        {"batch_size": 0},
        ArgumentError,
        "batch_size must be an integer >= 1, or None for the whole set, got 0",
    ),
    "half a batch": ({"batch_size": 2.5}, ArgumentError, "batch_size must be"),
    "shuffle": ({"shuffle": "yes"}, ArgumentError, "shuffle must be True, False or a function"),
    "order": (
        {"shuffle": lambda epoch: [0] * 10},
        ArgumentError,
        r"shuffle\(1\) must return a permutation of range\(10\)",
    ),
    "callback class": (
        {"callbacks": [EarlyStopping]},
        ArgumentError,
        "callbacks must be a list of Callback objects",
    ),
    "callback": (
        {"callbacks": [print]},
        ArgumentError,
        "callbacks must be a list of Callback objects.*got <built-in",
    ),
    "bare callback class": (
        {"callbacks": EarlyStopping},
        ArgumentError,
        "callbacks must be a list of Callback objects",
    ),
    "validation": (
        {"validation": X},
        ArgumentError,
        r"validation must be a pair \(X, Y\), or \(X, Y, sample_weight\), got ndarray",
    ),
    "four": ({"validation": (X, Y, None, Y)}, ArgumentError, r"validation must be a pair \(X, Y\)"),
    "validation X": ({"validation": (X[:, :2], Y)}, ShapeError, "expects 3 features, got 2"),
    "validation Y": ({"validation": (X, Y[:3])}, ShapeError, "same number of rows, got 10 and 3"),
}


def refuses(model, call, error, message):
    """Check that the call fails as told and that no bit of the model's numbers changes."""
    before = model.parameters.theta.tobytes()
    with pytest.raises(error, match=message):
        call()
    assert model.parameters.theta.tobytes() == before


@pytest.mark.parametrize("name", BAD_X)
def test_bad_examples_are_refused_before_anything_changes(name):
    bad, error, message = BAD_X[name]
    model = classifier(dtype=np.float32)
    for call in (
        lambda: model.fit(bad, Y, **FIT),
        lambda: model.predict(bad),
        lambda: model.predict_classes(bad),
        lambda: model.evaluate(bad, Y),
        lambda: model.objective(bad, Y),
        lambda: model.gradient(bad, Y),
        lambda: model.fit(X, Y, validation=(bad, Y), **FIT),
    ):
        refuses(model, call, error, message)


@pytest.mark.parametrize("name", BAD_Y)
def test_bad_targets_are_refused_before_anything_changes(name):
    bad, error, message = BAD_Y[name]
    model = classifier(dtype=np.float32)
    for call in (
        lambda: model.fit(X, bad, **FIT),
        lambda: model.evaluate(X, bad),
        lambda: model.objective(X, bad),
        lambda: model.gradient(X, bad),
        lambda: model.fit(X, Y, validation=(X, bad), **FIT),
    ):
        refuses(model, call, error, message)


@pytest.mark.parametrize("name", BAD_SETTINGS)
def test_bad_settings_are_refused_before_anything_changes(name):
    bad, error, message = BAD_SETTINGS[name]
    model = classifier()
    refuses(model, lambda: model.fit(X, Y, **{**FIT, "batch_size": 4, **bad}), error, message)


@pytest.mark.parametrize(
    ("bad", "error", "message"),
    [
        (
            [0, 1, 3] * 3 + [0],
            ArgumentError,
            "class labels must be integers from 0 to 2, got 3 in row 2",
        ),
        ([-1] * 10, ArgumentError, "got -1 in row 0"),
        ([0.5] * 10, ArgumentError, "got 0.5 in row 0"),
        (np.ones((10, 3)), ArgumentError, "sum to 1"),
        (np.ones((10, 2)) / 2, ShapeError, r"Y must have shape \(m, 3\).*got \(10, 2\)"),
        ([0, 1, 2], ShapeError, "same number of rows, got 10 and 3"),
    ],
)
def test_bad_classes_are_refused_before_anything_changes(bad, error, message):
    model = digits()
    refuses(model, lambda: model.fit(X, bad, **FIT), error, message)


def test_a_users_loss_layer_that_does_not_tell_its_shape_is_caught_before_anything_changes():
    model = Sequential([Linear(3, 2), Gain(2)], loss=MeanSquaredError())
    refuses(
        model,
        lambda: model.fit(X, Y, **FIT),
        ShapeError,
        r"same shape, got \(10, 2\) and \(10, 1\): nothing is broadcast",
    )


@pytest.mark.parametrize(
    "value", [Y[:, 0], Y[:, 0].tolist(), Y.astype(int), Y.astype(bool), Y[:, 0].astype(np.uint8)]
)
def test_a_vector_of_targets_is_never_broadcast(value):
    model = classifier()
    assert model.evaluate(X, value) == model.evaluate(X, Y)
    np.testing.assert_array_equal(model.gradient(X, value), model.gradient(X, Y))


@pytest.mark.parametrize(
    "dtype", [bool, np.uint8, np.int8, np.int64, np.float16, np.float32, np.float64]
)
def test_examples_of_any_real_type_are_taken(dtype):
    X = np.array([[0, 1, 1], [1, 0, 0]], dtype)
    model = classifier()
    expected = model.predict([[0.0, 1.0, 1.0], [1.0, 0.0, 0.0]])
    np.testing.assert_array_equal(model.predict(X), expected)
    np.testing.assert_array_equal(model.predict(np.asfortranarray(X)), expected)
    np.testing.assert_array_equal(model.predict(X.tolist()), expected)


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.int16, np.float16, np.float32])
@pytest.mark.parametrize("size", [4, None])
def test_numbers_of_fewer_bytes_train_to_the_same_bits(dtype, size):
    X = np.random.default_rng(3).integers(0, 2, (10, 3)).astype(dtype)
    found, expected = classifier(), classifier()
    found.fit(X, Y, validation=(X, Y), **{**FIT, "epochs": 3, "batch_size": size})
    expected.fit(
        X.astype(np.float64), Y, validation=(X, Y), **{**FIT, "epochs": 3, "batch_size": size}
    )
    np.testing.assert_array_equal(found.parameters.theta, expected.parameters.theta)
    assert found.evaluate(X, Y) == expected.evaluate(X.astype(np.float64), Y)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_arrays_given_are_left_as_they_are(dtype):
    X, Y = rows(10, dtype=dtype)
    kept = X.copy(), Y.copy()
    model = Sequential(
        [Tanh(), Linear(3, 4), ReLU(), Dropout(0.5), Linear(4, 1), Sigmoid()],
        loss=BinaryCrossEntropy(),
        dtype=dtype,
    )
    model.fit(X, Y, validation=(X, Y), batch_size=None, **FIT)
    model.predict(X)
    np.testing.assert_array_equal(X, kept[0])
    np.testing.assert_array_equal(Y, kept[1])


def test_read_only_arrays_are_taken():
    X, Y = rows(10)
    X.flags.writeable = Y.flags.writeable = False
    model = classifier()
    model.fit(X, Y, batch_size=4, **FIT)
    model.evaluate(X, Y)


def test_images_go_through_flatten():
    images = np.random.default_rng(0).integers(0, 256, (7, 4, 4, 3)).astype(np.uint8)
    layers = [Flatten(), Linear(48, 3), ReLU(), Linear(3, 1), Sigmoid()]
    model = Sequential(layers, loss=BinaryCrossEntropy())
    model.fit(images, [0, 1, 0, 1, 0, 1, 1], batch_size=3, **FIT)
    assert model.predict(images).shape == (7, 1)
    with pytest.raises(
        ShapeError,
        match=r"layer 1, Linear\(48, 3\), expects 48 features, got 36 from layer 0.*\(7, 4, 3, 3\)",
    ):
        model.predict(images[:, :, :3])


def test_predict_returns_a_fresh_array():
    model = classifier()
    first, second = model.predict(X), model.predict(X)
    assert not np.shares_memory(first, second)
    first[...] = 7
    np.testing.assert_array_equal(model.predict(X), second)
    single = Sequential([Flatten()], loss=MeanSquaredError(), dtype=np.float64)
    assert not np.shares_memory(single.predict(X), X)


@pytest.mark.parametrize("m", [1, 3])
def test_the_shapes_of_predictions(m):
    assert classifier().predict(X[:m]).shape == (m, 1)
    assert classifier().predict_classes(X[:m]).shape == (m,)
    assert digits().predict(X[:m]).shape == (m, 3)
    assert digits().predict_classes(X[:m]).shape == (m,)
    assert digits().predict_classes(X[:m]).dtype == np.int64


def test_classes_are_what_the_probabilities_say():
    np.testing.assert_array_equal(
        classifier().predict_classes(X), classifier().predict(X)[:, 0] > 0.5
    )
    np.testing.assert_array_equal(digits().predict_classes(X), digits().predict(X).argmax(axis=1))
    several = Sequential([Linear(3, 2), Sigmoid()], loss=BinaryCrossEntropy())
    np.testing.assert_array_equal(several.predict_classes(X), several.predict(X) > 0.5)


def test_a_regression_has_no_classes_and_no_accuracy():
    model = Sequential([Linear(3, 2)], loss=MeanSquaredError())
    assert set(model.evaluate(X, X[:, :2])) == {"loss"}
    with pytest.raises(ArgumentError, match="does not predict classes"):
        model.predict_classes(X)


@pytest.mark.parametrize(
    "Y", [[0, 1, 2, 2, 1, 0, 0, 1, 2, 0], [[0], [1], [2], [2], [1], [0], [0], [1], [2], [0]]]
)
def test_class_numbers_are_rows_of_one_hot(Y):
    rows = np.eye(3)[np.ravel(Y)]
    assert digits().evaluate(X, Y) == digits().evaluate(X, rows)
    assert digits().fit(X, Y, **FIT).loss == digits().fit(X, rows, **FIT).loss


def test_evaluate_counts_hits_and_leaves_penalties_out():
    model = classifier(penalties=[L2(10)])
    found = model.evaluate(X, Y)
    assert found["loss"] == pytest.approx(model.objective(X, Y)["data"])
    assert found["accuracy"] == (model.predict_classes(X) == Y[:, 0]).mean()


def test_dropout_is_off_outside_of_training():
    model = Sequential(
        [Linear(3, 50), Dropout(0.5), Linear(50, 1), Sigmoid()],
        loss=BinaryCrossEntropy(),
        dtype=np.float64,
    )
    np.testing.assert_array_equal(model.predict(X), model.predict(X))
    np.testing.assert_array_equal(model.gradient(X, Y), model.gradient(X, Y))
    assert model.evaluate(X, Y) == model.evaluate(X, Y)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_same_seed_trains_to_the_same_bits(dtype):
    def trained(seed):
        layers = [Linear(3, 8), ReLU(), Dropout(0.7), Residual(8), Linear(8, 1), Sigmoid()]
        model = Sequential(layers, loss=BinaryCrossEntropy(), seed=seed, dtype=dtype)
        history = model.fit(X, Y, optimizer=Adam(0.01), epochs=20, batch_size=4, progress=False)
        return model.parameters.theta.tobytes(), tuple(history.loss)

    assert trained(5) == trained(5)
    assert trained(5) != trained(6)


def test_seeds_of_every_kind():
    for make in (lambda: 5, lambda: np.random.default_rng(5), lambda: np.random.RandomState(5)):
        first, second = (classifier(seed=make()).parameters.theta for _ in range(2))
        np.testing.assert_array_equal(first, second)


def test_the_global_stream_neither_counts_nor_moves():
    np.random.seed(0)  # noqa: NPY002
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    first = classifier(seed=3).parameters.theta
    np.random.seed(1)  # noqa: NPY002
    np.testing.assert_array_equal(first, classifier(seed=3).parameters.theta)
    np.random.seed(0)  # noqa: NPY002
    classifier().fit(X, Y, batch_size=3, **FIT)
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002


def test_float32_is_the_default_and_kept():
    model = Sequential([Linear(3, 1), Sigmoid()], loss=BinaryCrossEntropy())
    model.fit(X, Y, **FIT)
    assert {
        model.dtype,
        model.predict(X).dtype,
        model.gradient(X, Y).dtype,
        model.parameters.theta.dtype,
    } == {np.dtype(np.float32)}


@pytest.mark.parametrize(
    "layers",
    [
        [Gain(3)],
        [Gain(3), Linear(3, 1)],
        [Linear(3, 2), Gain(2), Linear(2, 1)],
        [Residual(3), Linear(3, 1)],
    ],
)
def test_own_and_nested_layers_train(layers):
    target = X * [1, 2, 3] if len(layers) == 1 else X @ [[1.0], [-1.0], [0.5]]
    model = Sequential(layers, loss=MeanSquaredError(), dtype=np.float64)
    history = model.fit(
        X, target, optimizer=Adam(0.02), epochs=1500, batch_size=None, progress=False
    )
    assert history.loss[-1] < 1e-3 * history.loss[0]


def test_repr_says_what_it_is_made_of():
    assert (
        repr(digits())
        == "Sequential([Linear(3, 3), Softmax()], loss=CategoricalCrossEntropy(), dtype=float32)"
    )
    assert "penalties=[L2(0.1)]" in repr(classifier(penalties=[L2(0.1)]))
