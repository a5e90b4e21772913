"""Computations that meet at sums: threads of which one runs at a time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextvars import copy_context
from itertools import pairwise
from typing import Any, TypeAlias

from ..utils.typing import Array

Meet: TypeAlias = Callable[[Array], Array]
Task: TypeAlias = Callable[[Meet], None]


class _Abandoned(BaseException):
    """Ends a thread whose computation is not needed any more."""


class _Runner:
    """A thread with one of the tasks, which hands the baton on where it waits, and at its end."""

    def __init__(self, task: Task, caller: threading.Semaphore) -> None:
        self._task = task
        self._caller = caller
        self.may_go = threading.Semaphore(0)
        self.next = caller
        self.value: Array | None = None  # what it has brought to the meeting; None at its end
        self.error: BaseException | None = None
        self.is_abandoned = False
        self.thread = threading.Thread(target=copy_context().run, args=(self._run,), daemon=True)
        self.thread.start()

    def _run(self) -> None:
        try:
            self.may_go.acquire()
            if not self.is_abandoned:
                self._task(self._meet)
        except _Abandoned:
            pass
        except BaseException as error:
            self.error = error
        self.value = None
        (self.next if self.error is None else self._caller).release()

    def _meet(self, value: Array) -> Array:
        self.value = value
        self.next.release()
        self.may_go.acquire()
        if self.is_abandoned:
            raise _Abandoned
        return self.value


def run_together(tasks: Sequence[Task], combine: Callable[[list[Array]], Array]) -> None:
    """Run tasks, of which each calls ``meet(value)`` the same number of times.

    They take turns, so that no two compute at a time, and their order is always the same.

    Parameters
    ----------
    tasks : sequence of callable
        ``task(meet)``; `meet` returns what `combine` has made of the values of all tasks.
    combine : callable
        Takes the values in the order of the tasks.

    Raises
    ------
    BaseException
        What the first task has raised that has raised anything, when all threads have ended.
    RuntimeError
        If tasks do not meet equally often.

    Examples
    --------
    >>> import numpy as np
    >>> def task(meet, number):
    ...     print(number, meet(np.array([number])))
    >>> from functools import partial
    >>> run_together([partial(task, number=i) for i in (1, 2)], sum)
    1 [3]
    2 [3]
    """
    if len(tasks) == 1:
        tasks[0](lambda value: combine([value]))
        return
    caller = threading.Semaphore(0)
    runners = [_Runner(task, caller) for task in tasks]
    for runner, following in pairwise(runners):
        runner.next = following.may_go
    try:
        while True:
            runners[0].may_go.release()
            caller.acquire()  # all have run, one after another, or one has raised an error
            for runner in runners:
                if runner.error is not None:
                    raise runner.error
            values: list[Any] = [runner.value for runner in runners]
            n_ended = sum(value is None for value in values)
            if n_ended == len(values):
                return
            if n_ended:
                raise RuntimeError(
                    "a layer must call whole_sums the same number of times in each lane, got fewer "
                    f"calls in {n_ended} of {len(values)} lanes"
                )
            result = combine(values)
            for runner in runners:
                runner.value = result
    finally:
        for runner in runners:
            runner.is_abandoned = True
        for runner in runners:
            runner.may_go.release()
            runner.thread.join()
