"""Computations that meet at sums: threads of which one runs at a time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextvars import copy_context
from typing import Any, TypeAlias

from ..utils.typing import Array

Meet: TypeAlias = Callable[[Array], Array]
Task: TypeAlias = Callable[[Meet], None]


class _Abandoned(BaseException):
    """Ends a thread whose computation is not needed any more."""


class _Runner:
    """A thread with one of the tasks, which goes on where it is told to."""

    def __init__(self, task: Task) -> None:
        self._task = task
        self._may_go, self._has_paused = threading.Semaphore(0), threading.Semaphore(0)
        self.value: Array | None = None  # what it has brought to the meeting
        self.error: BaseException | None = None
        self.is_abandoned = False
        self._thread = threading.Thread(target=copy_context().run, args=(self._run,), daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._may_go.acquire()
            if not self.is_abandoned:
                self._task(self._meet)
        except _Abandoned:
            pass
        except BaseException as error:
            self.error = error
        finally:
            self.value = None
            self._has_paused.release()

    def _meet(self, value: Array) -> Array:
        self.value = value
        self._has_paused.release()
        self._may_go.acquire()
        if self.is_abandoned:
            raise _Abandoned
        return self.value

    def go_on(self) -> None:
        """Let the thread run until it meets the others, or until its end."""
        self._may_go.release()
        self._has_paused.acquire()

    def abandon(self) -> None:
        """End the thread."""
        self.is_abandoned = True
        self._may_go.release()
        self._thread.join()


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
    runners = [_Runner(task) for task in tasks]
    try:
        while True:
            values: list[Any] = []
            for runner in runners:
                runner.go_on()
                if runner.error is not None:
                    raise runner.error
                values.append(runner.value)
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
            runner.abandon()
