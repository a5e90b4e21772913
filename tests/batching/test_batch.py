import numpy as np
import pytest
from out_of_core_array import numbered_rows

from minidl import MiniBatches, ShapeError
from minidl.batching.batch import Batch, BatchPart


def test_x_and_y_must_have_the_same_number_of_rows():
    with pytest.raises(ShapeError, match="X and Y must have the same number of rows, got 3 and 4"):
        MiniBatches(numbered_rows(3)[0], numbered_rows(4)[1])


def test_a_part_counts_the_examples_of_the_whole_batch():
    batch = Batch(np.zeros((3, 2)), np.ones((3, 1)))
    part = BatchPart.of(batch, 12)
    assert (batch.n_examples, part.n_examples, len(part.x)) == (3, 12, 3)
    assert part.y is batch.y


@pytest.mark.parametrize("weight", [None, np.arange(4.0)])
def test_rows_of_a_batch(weight):
    X, Y = numbered_rows(4)
    for rows in (slice(1, 3), np.array([2, 0])):
        x, y, sample_weight = Batch(X, Y, weight).rows(rows)
        assert x.tolist() == X[rows].tolist()
        assert y.tolist() == Y[rows].tolist()
        expected = None if weight is None else weight[rows]
        np.testing.assert_array_equal(sample_weight, expected)
