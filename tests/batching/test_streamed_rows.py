import numpy as np
import pytest
from out_of_core_array import OutOfCoreArray, numbered_rows
from thread_ranks import results_of

from minidl.batching.batch import Batch
from minidl.batching.minibatches import MiniBatches
from minidl.batching.out_of_core import ArraySource
from minidl.parallel import DataParallel
from minidl.parallel.parallel_training import ParallelTraining
from minidl.parallel.process_group import ProcessGroup

M, BATCH_SIZE = 200, 24


def made(group, shuffle=True):
    """Return mini-batches of a file for a rank, and the examples, which note what is read."""
    X, Y = (OutOfCoreArray(array) for array in numbered_rows(M))
    batches = MiniBatches.from_batch(
        Batch(ArraySource(X, "X"), ArraySource(Y, "Y")),
        batch_size=BATCH_SIZE,
        shuffle=shuffle,
        rng=np.random.default_rng(1),
        dtype=np.dtype(np.float64),
        memory_limit=6000,
        lanes=ParallelTraining(DataParallel(group)).lanes,
    )
    assert batches.plan is not None
    return batches, X


def dealt(batches, epochs=2):
    """Return the numbers of the rows of each batch."""
    return [batch.y[:, 0].tolist() for _ in range(epochs) for batch in batches]


@pytest.mark.parametrize("shuffle", [True, False])
@pytest.mark.parametrize("size", [2, 3])
def test_processes_read_each_row_once_and_deal_the_batches_of_one(size, shuffle):
    def work(group):
        batches, X = made(group, shuffle)
        return dealt(batches), X.row_ranges

    ((whole, _),) = results_of(1, work)
    of_ranks = results_of(size, work)
    for i, batch in enumerate(whole):
        assert [row for parts, _ in of_ranks for row in parts[i]] == batch
    read = [[row for limits in ranges for row in range(*limits)] for _, ranges in of_ranks]
    assert sorted(row for rows in read for row in rows) == sorted([*range(M)] * 2)
    assert max(map(len, read)) < 2 * M * 0.75


def test_processes_resume_within_an_epoch():
    def work(group):
        batches, _ = made(group)
        parts = iter(batches)
        for _ in range(3):
            next(parts)
        state = batches.state()
        parts.close()
        again, _ = made(group)
        again.restore(state)
        return dealt(again, epochs=1)

    whole = dealt(made(ProcessGroup())[0], epochs=1)[3:]
    of_ranks = results_of(3, work)
    for i, batch in enumerate(whole):
        assert [row for parts in of_ranks for row in parts[i]] == batch
