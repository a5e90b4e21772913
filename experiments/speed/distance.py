"""How far apart two processors are: how long one of them takes to read what the other has just written.

On rented machines the host may move the processors about: now two share a cache, now they do not, and then all that passes between the
threads of a library takes five times as long, while each processor by itself is as fast as ever. Times of both kinds say nothing when
they are compared, so a turn that met the wrong kind is measured again.
"""

from __future__ import annotations

import os
import statistics
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np

_LINES, _LINE = (
    2**12,
    16,
)  # lines of a cache, and the numbers in one: more than a first-level cache holds, less than a second-level one
_REPEATS = 15
_FAR = 4.0  # measured on one such machine: 1.3 to 2.9 where a cache is shared, 5 to 8 where none is


class Distance:
    """Tells whether the two processors that this process may use share a cache.

    Attributes
    ----------
    ever_near : bool
        Whether they did once: on some machines they never do.
    """

    def __init__(self) -> None:
        self._numbers = np.ones(_LINES * _LINE, np.float32)
        self._places = _LINE * np.random.default_rng(0).permutation(
            _LINES
        )  # in an order that no processor foresees
        self._read = np.empty(_LINES, np.float32)
        self._processors = tuple(ThreadPoolExecutor(1) for _ in range(2))
        for processor, number in zip(
            self._processors, sorted(os.sched_getaffinity(0)), strict=False
        ):
            processor.submit(os.sched_setaffinity, 0, {number}).result()
        self.ever_near = False

    @staticmethod
    def told(threads: int) -> bool:
        """Return whether it can be told here, and matters to that many threads."""
        return (
            threads > 1 and hasattr(os, "sched_getaffinity") and len(os.sched_getaffinity(0)) == 2
        )

    def measure(self) -> float:
        """Return the time to read what the other processor has written over that to read what was written here."""
        one, other = self._processors
        here, there = [], []
        for _ in range(_REPEATS):
            for writer, times in ((one, here), (other, there)):
                writer.submit(self._numbers.fill, 1).result()
                times.append(one.submit(self._seconds).result())
        return statistics.median(there) / statistics.median(here)

    def _seconds(self) -> float:
        begin = time.perf_counter()
        self._numbers.take(self._places, out=self._read, mode="clip")
        return time.perf_counter() - begin

    def near(self) -> bool:
        """Measure, and return whether they share a cache."""
        near = self.measure() <= _FAR
        self.ever_near |= near
        return near

    def close(self) -> None:
        """End the threads."""
        for processor in self._processors:
            processor.shutdown()
