"""Work shared out to threads: NumPy computes without holding the interpreter's lock."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from contextvars import copy_context

LIMITS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS")
"""The environment variables that limit the threads, the first that is set. OpenBLAS reads them."""


def count_processors() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def count_threads() -> int:
    """Return how many threads a computation should use.

    Returns
    -------
    int
        As many as OpenBLAS uses: the value of the first variable of `LIMITS` that is set, at most
        the number of processors.
    """
    processors = count_processors()
    for limit in filter(None, map(os.environ.get, LIMITS)):
        return max(1, min(int(limit), processors)) if limit.isdecimal() else processors
    return processors


def share_out(job: Callable[[int, int], None], n_jobs: int, n_threads: int) -> None:
    """Call job(i, thread) for all i < `n_jobs`, by several threads.

    The threads are this one and others that are started for this call alone: a thread that waits
    for work takes as long to wake, breaks `os.fork`, and delays the end of the interpreter.

    Parameters
    ----------
    job : callable
        Receives the number of the job and that of the thread, 0 for this thread. The results must
        not depend on which thread does a job, nor on the order of the jobs. It sees NumPy's error
        state, as any context variable, as this thread does.
    n_jobs : int
        The number of jobs.
    n_threads : int
        The number of threads, >= 1. Thread k does every `n_threads`-th job from k on.

    Raises
    ------
    BaseException
        What a job has raised, after all threads have ended.

    Examples
    --------
    >>> import numpy as np
    >>> squares = np.zeros(4)
    >>> share_out(lambda i, thread: squares.put(i, i**2), 4, n_threads=2)
    >>> squares
    array([0., 1., 4., 9.])
    """
    errors: list[BaseException] = []

    def work(thread: int) -> None:
        try:
            for i in range(thread, n_jobs, n_threads):
                job(i, thread)
        except BaseException as error:  # also an interrupt: the other threads must end first
            errors.append(error)

    others = [
        threading.Thread(target=copy_context().run, args=(work, k))
        for k in range(1, min(n_threads, n_jobs))
    ]
    for other in others:
        other.start()
    work(0)
    for other in others:
        other.join()
    if errors:
        raise errors[0]
