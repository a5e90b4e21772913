import contextvars
import threading

import numpy as np
import pytest

from minidl.utils import threads
from minidl.utils.threads import count_processors, count_threads, share_out


@pytest.fixture
def four_processors(monkeypatch):
    for name in threads.LIMITS:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(threads, "count_processors", lambda: 4)


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        ({}, 4),
        ({"OMP_NUM_THREADS": "2"}, 2),
        ({"OPENBLAS_NUM_THREADS": "3", "OMP_NUM_THREADS": "1"}, 3),
        ({"OPENBLAS_NUM_THREADS": "", "OMP_NUM_THREADS": "1"}, 1),
        ({"OPENBLAS_NUM_THREADS": "64"}, 4),
        ({"OPENBLAS_NUM_THREADS": "0"}, 1),
        ({"OMP_NUM_THREADS": "4,2"}, 4),
    ],
)
def test_there_are_as_many_threads_as_blas_uses(limits, expected, four_processors, monkeypatch):
    for name, value in limits.items():
        monkeypatch.setenv(name, value)
    assert count_threads() == expected


def test_processors_are_counted_where_affinity_is_unknown(monkeypatch):
    assert count_processors() >= 1
    monkeypatch.delattr("os.sched_getaffinity", raising=False)
    monkeypatch.setattr("os.cpu_count", lambda: None)
    assert count_processors() == 1


@pytest.mark.parametrize("n_threads", [1, 2, 3, 9])
def test_each_job_is_done_once_by_its_thread(n_threads):
    done = []
    share_out(lambda i, thread: done.append((i, thread, threading.get_ident())), 7, n_threads)
    assert sorted((i, thread) for i, thread, _ in done) == [(i, i % n_threads) for i in range(7)]
    caller = threading.get_ident()
    assert all((thread == 0) == (ident == caller) for _, thread, ident in done)


def test_threads_run_at_the_same_time_and_end_before_the_function_returns():
    barrier, before = threading.Barrier(3), threading.active_count()
    share_out(lambda i, thread: barrier.wait(timeout=60), 3, 3)  # alone, one would wait for ever
    assert threading.active_count() == before


@pytest.mark.parametrize("failing", [0, 1])
def test_an_error_is_raised_after_all_threads_have_ended(failing):
    done, failed = [], threading.Event()

    def job(i, thread):
        if i == failing:
            failed.set()
            raise FloatingPointError("overflow")
        assert failed.wait(timeout=60)
        done.append(i)

    with pytest.raises(FloatingPointError, match="overflow"):
        share_out(job, 4, 4)
    assert sorted(done) == [i for i in range(4) if i != failing]


def test_jobs_see_the_context_of_the_caller():
    variable, seen = contextvars.ContextVar("variable"), []
    variable.set("here")
    with np.errstate(over="raise"):
        share_out(lambda i, thread: seen.append((np.geterr()["over"], variable.get())), 2, 2)
    assert seen == [("raise", "here")] * 2
