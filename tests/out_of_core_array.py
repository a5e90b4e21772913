"""An array-like whose data is not in memory, for tests: it records who reads which rows."""

import threading

import numpy as np

from minidl import MiniBatches


class OutOfCoreArray:
    """Has the attributes of an HDF5 dataset, and no others.

    `row_ranges` are the (start, stop) of all reads, `threads` the names of the reading threads;
    `fail`, if given, is called with the first row of each read, and may raise.
    """

    def __init__(self, array, fail=None, chunks=None):
        self.array, self.fail, self.chunks = np.asarray(array), fail, chunks
        self.shape, self.dtype = self.array.shape, self.array.dtype
        self.row_ranges, self.threads = [], set()
        self.lock = threading.Lock()

    def __getitem__(self, rows):
        assert isinstance(rows, slice)
        assert rows.step is None
        assert self.lock.acquire(blocking=False), "two threads read at once"
        try:
            self.row_ranges.append((rows.start, rows.stop))
            self.threads.add(threading.current_thread().name)
            if self.fail:
                self.fail(rows.start)
            return self.array[rows].copy()
        finally:
            self.lock.release()


def numbered_rows(m, width=2, dtype=np.float64):
    """Return X (m, width) and Y (m, 1), in which the elements of each row are its number."""
    X = np.repeat(np.arange(m), width).reshape(m, width).astype(dtype)
    return X, np.arange(float(m)).reshape(m, 1)


def out_of_core_batches(m, *, limit=3000, width=2, chunks=None, **arguments):
    """Return batches of numbered rows that fit into the memory limit only if they are few."""
    X, Y = numbered_rows(m, width)
    return MiniBatches(
        OutOfCoreArray(X, chunks=chunks and (chunks, width)),
        OutOfCoreArray(Y),
        **{"batch_size": 8, "memory_limit": limit, **arguments},
    )


def row_numbers(batches):
    """Return the row numbers of one epoch, batch by batch; later batches reuse the arrays."""
    return [y[:, 0].astype(int).tolist() for _, y, _ in batches]


def reader_threads():
    """Return the threads that read ahead and have not ended."""
    return [thread for thread in threading.enumerate() if thread.name.startswith("minidl-reader")]
