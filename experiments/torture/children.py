"""Runs functions in forked children with limited memory and time.

Whatever kills a child is one line in a table. A child works through many items, which is fast; if
it dies, the item that killed it is known, and another child continues after that item.
"""

from __future__ import annotations

import json
import os
import resource
import signal
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

Function = Callable[[Any], dict[str, Any]]  # the result must be JSON-compatible


class Outcome(NamedTuple):
    """The outcome of one item.

    `status` is "done", "killed by ..." or "hung"; `result` is what the function returned.
    """

    status: str
    result: dict[str, Any]


def fork(function: Callable[[], object]) -> int:
    """Return the process id of a new child that has begun to call the function.

    A machine with other work may start it late.
    """
    read_end, write_end = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.write(write_end, b"begun")
            function()
        finally:
            os._exit(1)
    os.close(write_end)
    os.read(read_end, 1)
    os.close(read_end)
    return child


def run_each(
    items: Sequence[Any], function: Function, *, seconds: float, memory: int
) -> list[Outcome]:
    """Call the function with each item, in children with limited memory (bytes) and time.

    An item that takes more than `seconds` is "hung".
    """
    outcomes: list[Outcome] = []
    while len(outcomes) < len(items):
        outcomes += _run_batch(items[len(outcomes) :], function, seconds, memory)
    return outcomes


def _run_batch(
    items: Sequence[Any], function: Function, seconds: float, memory: int
) -> list[Outcome]:
    """Return the outcomes of one child, up to the end or to the item that killed it."""
    read_end, write_end = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read_end)
        _work(write_end, items, function, seconds, memory)
    os.close(write_end)
    with open(read_end, encoding="utf-8") as lines:
        outcomes = [Outcome("done", json.loads(line)) for line in lines if line.endswith("\n")]
    _, status = os.waitpid(child, 0)
    if len(outcomes) < len(items):
        outcomes.append(Outcome(_exit_in_words(os.waitstatus_to_exitcode(status)), {}))
    return outcomes


def _exit_in_words(code: int) -> str:
    if code == -signal.SIGALRM:
        return "hung"
    return f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit status {code}"


def _work(
    write_end: int, items: Sequence[Any], function: Function, seconds: float, memory: int
) -> None:
    """Work through the items, in the child."""
    try:
        # The default action ends the process, also in the middle of C code.
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
        for item in items:
            signal.setitimer(signal.ITIMER_REAL, seconds)
            result = function(item)
            signal.setitimer(signal.ITIMER_REAL, 0)
            line = json.dumps({**result, "peak": peak()}) + "\n"
            os.write(write_end, line.encode())
    finally:
        os._exit(3)  # the parent counts the results


def peak() -> int:
    """Return the peak memory of this process in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
