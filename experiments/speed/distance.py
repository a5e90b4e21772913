"""How far apart two processors are: how long one takes to read what the other has just written.

On rented machines the host may move the processors: sometimes two share a cache, sometimes not, and
then all that passes between the threads of a library takes five times as long, while each processor
on its own is as fast as ever. Times of both kinds cannot be compared, so a turn that met the wrong
kind is measured again.
"""

from __future__ import annotations

import os
import statistics
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np

# More lines than a first-level cache holds, and fewer than a second-level one.
CACHE_LINES = 2**12
NUMBERS_PER_LINE = 16
REPEATS = 15
# Measured on one such machine: 1.3 to 2.9 with a shared cache, 5 to 8 without.
MAX_NEAR_RATIO = 4.0


class ProcessorDistance:
    """Measures whether the two processors of this process share a cache.

    Attributes
    ----------
    was_near : bool
        Whether they did at least once: on some machines they never do.
    """

    def __init__(self) -> None:
        self._numbers = np.ones(CACHE_LINES * NUMBERS_PER_LINE, np.float32)
        # In an order that no processor predicts.
        lines = np.random.default_rng(0).permutation(CACHE_LINES)
        self._indices = NUMBERS_PER_LINE * lines
        self._read = np.empty(CACHE_LINES, np.float32)
        self._processors = tuple(ThreadPoolExecutor(1) for _ in range(2))
        for processor, number in zip(
            self._processors, sorted(os.sched_getaffinity(0)), strict=False
        ):
            processor.submit(os.sched_setaffinity, 0, {number}).result()
        self.was_near = False

    @staticmethod
    def is_measurable(threads: int) -> bool:
        """Return whether it can be measured here, and matters for this number of threads."""
        return (
            threads > 1 and hasattr(os, "sched_getaffinity") and len(os.sched_getaffinity(0)) == 2
        )

    def measure(self) -> float:
        """Return the time to read what the other processor wrote over that of its own data."""
        reader, other = self._processors
        own_times: list[float] = []
        other_times: list[float] = []
        for _ in range(REPEATS):
            for writer, times in ((reader, own_times), (other, other_times)):
                writer.submit(self._numbers.fill, 1).result()
                times.append(reader.submit(self._seconds_to_read).result())
        return statistics.median(other_times) / statistics.median(own_times)

    def _seconds_to_read(self) -> float:
        start = time.perf_counter()
        self._numbers.take(self._indices, out=self._read, mode="clip")
        return time.perf_counter() - start

    def is_near(self) -> bool:
        """Measure, and return whether they share a cache."""
        is_near = self.measure() <= MAX_NEAR_RATIO
        self.was_near |= is_near
        return is_near

    def close(self) -> None:
        """End the threads."""
        for processor in self._processors:
            processor.shutdown()
