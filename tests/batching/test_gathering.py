import tracemalloc

import numpy as np
import pytest
from out_of_core_array import numbered_rows

from minidl import MiniBatches
from minidl.batching.batch import Batch
from minidl.batching.gathering import RowGatherer

F4 = np.dtype(np.float32)


@pytest.mark.parametrize("dtype", ["?", "u1", "i2", "f2"])
@pytest.mark.parametrize("size", [3, 10, None])
@pytest.mark.parametrize("shuffle", [True, False])
def test_each_batch_is_converted_when_it_is_yielded(dtype, size, shuffle):
    X, Y = numbered_rows(10)
    X = (X % 2 if dtype == "?" else X).astype(dtype)
    batches = MiniBatches(X, Y, batch_size=size, shuffle=shuffle, dtype=F4)
    for _ in range(2):
        for x, y, _ in batches:
            assert x.dtype == F4
            np.testing.assert_array_equal(x, X[y[:, 0].astype(int)])


def test_images_are_not_converted_all_at_once():
    X, Y = np.zeros((4000, 100), np.uint8), np.zeros((4000, 1), np.float32)
    tracemalloc.start()
    try:
        for x, _, _ in MiniBatches(X, Y, batch_size=10, dtype=F4):
            assert x.nbytes == 4000
        assert (
            tracemalloc.get_traced_memory()[1] < X.nbytes
        )  # a quarter of what the whole would take
    finally:
        tracemalloc.stop()


F4, F8 = np.dtype(np.float32), np.dtype(np.float64)


@pytest.mark.parametrize("weights", [None, np.ones(10)])
def test_a_batch_without_rows_has_the_shapes_and_dtypes_of_the_others(weights):
    X, Y = numbered_rows(10, width=3)
    x, y, sample_weight = RowGatherer(Batch(X, Y, weights), 4, 2, F4).empty_batch()
    assert (x.shape, x.dtype, y.shape) == ((0, 3), F4, (0, 1))
    assert (sample_weight is None) == (weights is None)
