import numpy as np
import pytest

from minidl import ArgumentError, CategoricalCrossEntropy, MeanSquaredError, ShapeError
from minidl.batching.lazy_targets import LazyTargets, convert_targets

F4 = np.dtype(np.float32)
rng = np.random.default_rng(0)
LABELS = rng.integers(0, 100, 5000)


def categorical(rows):
    return CategoricalCrossEntropy().prepare_targets(rows, 100, F4)


def regression(rows):
    return MeanSquaredError().prepare_targets(rows, 3, F4)


@pytest.mark.parametrize("labels", [LABELS, LABELS[:, np.newaxis], LABELS.astype(float)])
def test_rows_are_those_of_all_targets(labels):
    targets, expected = LazyTargets(labels, categorical), categorical(labels)
    assert (targets.shape, targets.dtype, len(targets)) == (expected.shape, F4, 5000)
    np.testing.assert_array_equal(targets[10:77], expected[10:77])
    np.testing.assert_array_equal(targets[:], expected)
    order, out = rng.permutation(5000)[:300], np.empty((300, 100), F4)
    assert targets.take(order, axis=0, out=out, mode="clip") is out
    np.testing.assert_array_equal(out, expected[order])


def test_small_targets_are_converted_at_once():
    for labels in (LABELS, LABELS.tolist()):
        converted = convert_targets(labels, categorical, 100, max_bytes=5000 * 400)
        np.testing.assert_array_equal(converted, categorical(LABELS))
        assert isinstance(convert_targets(labels, categorical, 100, 5000 * 400 - 1), LazyTargets)


def test_targets_that_certainly_fit_are_converted_in_one_call():
    calls = []

    def convert(rows):
        calls.append(len(rows))
        return categorical(rows)

    for limit in (5000 * 100 * 16, 5000 * 100 * 16 - 1):  # with the largest numbers of 16 bytes
        assert isinstance(convert_targets(LABELS, convert, 100, limit), np.ndarray)
    assert calls[0] == calls[-1] == 5000
    assert len(calls) == 3  # below that, some rows show how large they become


def test_targets_that_need_no_conversion_are_not_converted_again_and_again():
    rows = rng.standard_normal((5000, 3)).astype(F4)
    assert convert_targets(rows, regression, 3, max_bytes=10) is rows
    for outputs in (3, (3,), None):  # None: the model does not tell
        lazy = convert_targets(rows.astype(np.float64), regression, outputs, max_bytes=10)
        assert isinstance(lazy, LazyTargets)
        np.testing.assert_array_equal(lazy[:], rows)


@pytest.mark.parametrize("row", [0, 4321])
@pytest.mark.parametrize("max_bytes", [10, 10**9])
def test_an_invalid_class_number_is_named_before_training(row, max_bytes):
    labels = LABELS.copy()
    labels[row] = 100
    with pytest.raises(ArgumentError, match=rf"from 0 to 99, got 100 in row {row}$"):
        convert_targets(labels, categorical, 100, max_bytes)


def test_a_shape_that_does_not_fit_is_shown_as_the_user_passed_it():
    with pytest.raises(ShapeError, match=r"got \(3, 500\) \(the examples are the rows"):
        convert_targets(np.zeros((3, 500)), regression, 3, max_bytes=10)


@pytest.mark.parametrize(("classes", "rows"), [(100, 2621), (2**18, 1), (2**18 + 1, 1)])
def test_a_mebibyte_of_targets_is_converted_at_once_and_at_least_a_row(classes, rows):
    loss = CategoricalCrossEntropy()
    targets = LazyTargets([0, 1], lambda values: loss.prepare_targets(values, classes, F4))
    assert targets.rows_at_once == rows  # of 4 bytes for each class
