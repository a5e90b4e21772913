import numpy as np
import pytest

from minidl import ArgumentError, DtypeError, ShapeError, one_hot

F8 = np.dtype(np.float64)


@pytest.mark.parametrize("labels", [[2, 0], [[2], [0]], np.array([2, 0], np.uint8), [2.0, 0.0]])
def test_one_hot(labels):
    rows = one_hot(labels, 3)
    assert rows.dtype == np.float32
    assert rows.tolist() == [[0, 0, 1], [1, 0, 0]]
    assert one_hot(labels, 3, dtype=F8).dtype == F8


@pytest.mark.parametrize(
    ("labels", "classes", "error", "message"),
    [
        ([0], 0, ArgumentError, "classes must be an integer >= 1, got 0"),
        ([0], 2.0, ArgumentError, "classes must be"),
        ([], 2, ShapeError, r"of at least one class number, got shape \(0,\)"),
        (1, 2, ShapeError, r"got shape \(\)"),
        ([[0, 1], [0, 2]], 2, ArgumentError, r"from 0 to 1, got 2 in position \(1, 1\)"),
        (["a"], 2, DtypeError, "labels must hold real numbers"),
        ([0, 2], 2, ArgumentError, "from 0 to 1, got 2 in row 1"),
        ([-1], 2, ArgumentError, "got -1 in row 0"),
        ([np.inf], 2, ArgumentError, "got inf in row 0"),
    ],
)
def test_invalid_labels_raise(labels, classes, error, message):
    with pytest.raises(error, match=message):
        one_hot(labels, classes)
