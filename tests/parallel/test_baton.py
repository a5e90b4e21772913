import threading
from functools import partial

import numpy as np
import pytest

from minidl.parallel.baton import run_together

N_THREADS = threading.active_count


def task(meet, number, log, steps=2):
    log.append((number, "starts"))
    for _ in range(steps):
        log.append((number, float(meet(np.array(float(number))))))


@pytest.mark.parametrize("n_tasks", [1, 3])
def test_tasks_take_turns_and_see_the_same_sums(n_tasks):
    log, before = [], N_THREADS()
    run_together([partial(task, number=i, log=log) for i in range(n_tasks)], sum)
    expected = sum(range(n_tasks))
    rounds = ["starts", expected, expected]
    assert log == [(number, what) for what in rounds for number in range(n_tasks)]
    assert N_THREADS() == before


def test_tasks_see_the_error_state_of_numpy():
    def divide(meet):
        meet(np.zeros(1) / 0)

    with np.errstate(invalid="raise"), pytest.raises(FloatingPointError):
        run_together([divide, divide], sum)


@pytest.mark.parametrize("failing", [0, 1, 2])
def test_an_error_of_one_task_ends_all(failing):
    before = N_THREADS()

    def fail(meet, number):
        meet(np.zeros(1))
        if number == failing:
            raise KeyError(number)
        meet(np.zeros(1))

    with pytest.raises(KeyError, match=str(failing)):
        run_together([partial(fail, number=i) for i in range(3)], sum)
    assert N_THREADS() == before


def test_an_error_of_the_combination_ends_all():
    before = N_THREADS()

    def combine(values):
        raise OSError("no network")

    with pytest.raises(OSError, match="no network"):
        run_together([partial(task, number=i, log=[]) for i in range(3)], combine)
    assert N_THREADS() == before


def test_tasks_must_meet_equally_often():
    before = N_THREADS()
    tasks = [partial(task, number=i, log=[], steps=1 + i) for i in range(2)]
    with pytest.raises(RuntimeError, match="the same number of times in each lane"):
        run_together(tasks, sum)
    assert N_THREADS() == before
