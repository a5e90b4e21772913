import numpy as np
import pytest
from helpers import Gain, assert_refused, classifier, rows

from minidl import (
    ArgumentError,
    BinaryCrossEntropy,
    CategoricalCrossEntropy,
    Dropout,
    DtypeError,
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
    Zeros,
)
from minidl.batching.out_of_core import READ_BYTES
from minidl.model.inputs import prepare_data, prepare_examples

X, Y = rows(10)


FIT = {"optimizer": GradientDescent(0.1), "epochs": 1, "progress": False}


def three_classes(k=3, dtype=np.float32):
    return Sequential([Linear(3, k), Softmax()], loss=CategoricalCrossEntropy(), dtype=dtype)


def with_value(array, index, value):
    array = np.array(array, np.float64)
    array[index] = value
    return array


INVALID_X = {
    "number of axes": (
        X.reshape(10, 3, 1),
        ShapeError,
        r"layer 0, Linear\(3, 4\), expects 3 features, got \(3, 1\).*X has shape \(10, 3, 1\)",
    ),
    "not flattened": (X.reshape(10, 3, 1), ShapeError, r"put Flatten\(\) before it"),
    "one example": (X[0], ShapeError, r"expects 3 features, got \(\) from X"),
    "feature count": (
        X[:, :2],
        ShapeError,
        r"layer 0, .*expects 3 features, got 2 from X.*X has shape \(10, 2\)",
    ),
    "transposed": (X.T, ShapeError, r"the examples are the rows: pass X\.T\?"),
    "no rows": (X[:0], ShapeError, r"X must hold at least one example.*got shape \(0, 3\)"),
    "no columns": (X[:, :0], ShapeError, "X must hold at least one"),
    "a number": (3.0, ShapeError, "X must hold one row per example, got the single number"),
    "ragged": ([[1, 2, 3], [1]], ShapeError, "X must be a rectangular array"),
    "NaN": (
        with_value(X, (4, 1), np.nan),
        NonFiniteError,
        r"X must be finite, got nan at X\[4, 1\]",
    ),
    "inf": (with_value(X, (4, 1), -np.inf), NonFiniteError, r"got -inf at X\[4, 1\]"),
    "too large": (
        with_value(X, (4, 1), 1e200),
        NonFiniteError,
        r"X\[4, 1\] is 1e\+200, too large for float32",
    ),
    "text": ([["a", "b", "c"]], DtypeError, "X must hold real numbers"),
    "complex": (X + 1j, DtypeError, "X must hold real numbers, got dtype complex128"),
    "None": (None, DtypeError, "X must hold real numbers"),
}


INVALID_Y = {
    "number of axes": (
        Y.reshape(10, 1, 1),
        ShapeError,
        r"Y must have shape \(m, 1\), one row per example, got \(10, 1, 1\)",
    ),
    "transposed": (
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
    "NaN": (
        with_value(Y, (3, 0), np.nan),
        NonFiniteError,
        r"Y must be finite, got nan at Y\[3, 0\]",
    ),
    "inf": (with_value(Y, (3, 0), np.inf), NonFiniteError, r"got inf at Y\[3, 0\]"),
    "not a class": (2 * Y, ArgumentError, r"Y must lie in \[0, 1\].*got 2"),
    "text": ([["yes"]] * 10, DtypeError, "Y must hold real numbers.*encode classes as integers"),
}


@pytest.mark.parametrize("name", INVALID_X)
def test_invalid_examples_are_refused_before_anything_changes(name):
    invalid, error, message = INVALID_X[name]
    model = classifier(dtype=np.float32)
    for call in (
        lambda: model.fit(invalid, Y, **FIT),
        lambda: model.predict(invalid),
        lambda: model.predict_classes(invalid),
        lambda: model.evaluate(invalid, Y),
        lambda: model.objective(invalid, Y),
        lambda: model.gradient(invalid, Y),
        lambda: model.fit(X, Y, validation=(invalid, Y), **FIT),
    ):
        assert_refused(model, call, error, message)


@pytest.mark.parametrize("name", INVALID_Y)
def test_invalid_targets_are_refused_before_anything_changes(name):
    invalid, error, message = INVALID_Y[name]
    model = classifier(dtype=np.float32)
    for call in (
        lambda: model.fit(X, invalid, **FIT),
        lambda: model.evaluate(X, invalid),
        lambda: model.objective(X, invalid),
        lambda: model.gradient(X, invalid),
        lambda: model.fit(X, Y, validation=(X, invalid), **FIT),
    ):
        assert_refused(model, call, error, message)


@pytest.mark.parametrize(
    ("invalid", "error", "message"),
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
def test_invalid_class_numbers_are_refused_before_anything_changes(invalid, error, message):
    model = three_classes()
    assert_refused(model, lambda: model.fit(X, invalid, **FIT), error, message)


def test_targets_of_another_shape_than_the_output_are_refused_if_it_was_unknown():
    model = Sequential([Linear(3, 2), Gain(2)], loss=MeanSquaredError())
    assert_refused(
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
def test_examples_of_any_real_dtype_are_accepted(dtype):
    X = np.array([[0, 1, 1], [1, 0, 0]], dtype)
    model = classifier()
    expected = model.predict([[0.0, 1.0, 1.0], [1.0, 0.0, 0.0]])
    np.testing.assert_array_equal(model.predict(X), expected)
    np.testing.assert_array_equal(model.predict(np.asfortranarray(X)), expected)
    np.testing.assert_array_equal(model.predict(X.tolist()), expected)


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.int16, np.float16, np.float32])
@pytest.mark.parametrize("size", [4, None])
def test_smaller_dtypes_train_to_the_same_bits(dtype, size):
    X = np.random.default_rng(3).integers(0, 2, (10, 3)).astype(dtype)
    found, expected = classifier(), classifier()
    found.fit(X, Y, validation=(X, Y), **{**FIT, "epochs": 3, "batch_size": size})
    expected.fit(
        X.astype(np.float64), Y, validation=(X, Y), **{**FIT, "epochs": 3, "batch_size": size}
    )
    np.testing.assert_array_equal(found.parameters.theta, expected.parameters.theta)
    assert found.evaluate(X, Y) == expected.evaluate(X.astype(np.float64), Y)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_arguments_are_not_modified(dtype):
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


def test_read_only_arrays_are_accepted():
    X, Y = rows(10)
    X.flags.writeable = Y.flags.writeable = False
    model = classifier()
    model.fit(X, Y, batch_size=4, **FIT)
    model.evaluate(X, Y)


@pytest.mark.parametrize(
    "Y", [[0, 1, 2, 2, 1, 0, 0, 1, 2, 0], [[0], [1], [2], [2], [1], [0], [0], [1], [2], [0]]]
)
def test_class_numbers_are_the_same_as_one_hot_rows(Y):
    rows = np.eye(3)[np.ravel(Y)]
    assert three_classes().evaluate(X, Y) == three_classes().evaluate(X, rows)
    assert three_classes().fit(X, Y, **FIT).loss == three_classes().fit(X, rows, **FIT).loss


@pytest.mark.parametrize(
    ("example", "cure"),
    [([0.5, 1.0], r"pass \[X\]"), (np.array([0.5, 1.0]), r"pass X\[np.newaxis\]")],
)
def test_one_example_without_its_batch_axis_is_told_the_cure(example, cure):
    plain = Sequential([Linear(2, 1)], loss=MeanSquaredError())
    with pytest.raises(ShapeError, match=rf"if it is one example, {cure}, a batch of one row"):
        plain.predict(example)


@pytest.mark.parametrize("dtype", ["f8", "i8", ">f4"])
@pytest.mark.parametrize("batch_size", [None, 32])
@pytest.mark.parametrize("shuffle", [True, False])
def test_large_examples_of_another_dtype_are_converted_batch_by_batch(dtype, batch_size, shuffle):
    rng = np.random.default_rng(0)
    X, Y = (rng.standard_normal((300, 40)) * 10).astype(dtype), rng.standard_normal((300, 1))
    results = []
    for limit in (150_000, 2**28):
        model = Sequential([Linear(40, 1)], loss=MeanSquaredError(), seed=1)
        kept = prepare_data(model.objective_function, X, Y, memory_limit=limit).x
        assert (kept is X) == (limit == 150_000 and dtype != ">f4")
        model.fit(
            X,
            Y,
            optimizer=GradientDescent(1e-4),
            epochs=2,
            batch_size=batch_size,
            shuffle=shuffle,
            memory_limit=limit,
            progress=False,
        )
        results.append(model.parameters.theta.tobytes())
    assert results[0] == results[1]


@pytest.mark.parametrize(("value", "words"), [(np.nan, "got nan at"), (1e60, "is 1e\\+60, too")])
def test_large_examples_are_checked_before_training(value, words):
    model = Sequential([Linear(40, 1)], loss=MeanSquaredError())
    X = np.zeros((300_000, 4)).reshape(-1, 40)
    X[29_000, 7] = value
    with pytest.raises(NonFiniteError, match=words) as caught:
        prepare_data(model.objective_function, X, np.zeros(30_000), memory_limit=2**20)
    assert "X[29000, 7]" in str(caught.value)


def test_a_row_may_be_larger_than_what_is_read_at_once():
    width = READ_BYTES // 8 + 1
    model = Sequential([Linear(width, 1, init=Zeros())], loss=MeanSquaredError())
    X = np.zeros((2, width))
    x, _ = prepare_examples(model.objective_function, X, validate=True, memory_limit=1)
    assert x is X  # a copy in float32 would be too large
    X[1, -1] = np.inf
    with pytest.raises(NonFiniteError, match=rf"X must be finite.*\[1, {width - 1}\]"):
        prepare_examples(model.objective_function, X, validate=True, memory_limit=1)


def test_the_shape_of_the_last_examples_is_remembered():
    model = Sequential([Tanh()], loss=MeanSquaredError())
    for shape in ((5, 2, 3), (1, 4)):
        model.predict(np.zeros(shape))
        assert model.objective_function.example_shape == shape[1:]
