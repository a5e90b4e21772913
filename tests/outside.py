"""An array-like that is not in memory, for tests: it counts who reads what, and can fail."""

import threading

import numpy as np


class Outside:
    """Has what an HDF5 data set has, and nothing else; `fail` is called with the first row of each reading."""

    def __init__(self, array, fail=None, chunks=None):
        self.array, self.fail, self.chunks = np.asarray(array), fail, chunks
        self.shape, self.dtype = self.array.shape, self.array.dtype
        self.spans, self.threads = [], set()
        self.busy = threading.Lock()

    def __getitem__(self, rows):
        assert isinstance(rows, slice)
        assert rows.step is None
        assert self.busy.acquire(blocking=False), "two threads at once"
        try:
            self.spans.append((rows.start, rows.stop))
            self.threads.add(threading.current_thread().name)
            if self.fail:
                self.fail(rows.start)
            return self.array[rows].copy()
        finally:
            self.busy.release()


def numbered(m, width=2, dtype=np.float64):
    """Return X (m, width) and Y (m, 1), of which each row tells its number."""
    return np.repeat(np.arange(m), width).reshape(m, width).astype(dtype), np.arange(
        float(m)
    ).reshape(m, 1)


def dealt(batches):
    """Return the row numbers of one epoch, batch by batch; the buffers are written over, so they are copied."""
    return [y[:, 0].astype(int).tolist() for _, y, _ in batches]


def readers():
    """Return the threads that read ahead and have not ended."""
    return [thread for thread in threading.enumerate() if thread.name.startswith("minidl-reader")]
