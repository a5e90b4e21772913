"""Does things in forked children with little memory and an alarm, so that whatever kills a child is one line in a table.

A child works through many items, which is fast; where it dies, the item that it died of is known, and another goes on behind it.
"""

from __future__ import annotations

import json
import os
import resource
import signal
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

Act = Callable[[Any], dict[str, Any]]


class Outcome(NamedTuple):
    """What became of one item.

    `what` is "done" with what the act returned, "killed by ..." or "hung".
    """

    what: str
    told: dict[str, Any]


def run_each(items: Sequence[Any], act: Act, *, seconds: float, memory: int) -> list[Outcome]:
    """Do `act` with each item, each within `seconds` (else "hung"), in children that may address `memory` bytes."""
    outcomes: list[Outcome] = []
    while len(outcomes) < len(items):
        outcomes += _batch(items[len(outcomes) :], act, seconds, memory)
    return outcomes


def _batch(items: Sequence[Any], act: Act, seconds: float, memory: int) -> list[Outcome]:
    """Return the outcomes of one child, up to the end or to the item that it died of."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        _work(writing, items, act, seconds, memory)
    os.close(writing)
    with open(reading, encoding="utf-8") as lines:
        outcomes = [Outcome("done", json.loads(line)) for line in lines if line.endswith("\n")]
    _, status = os.waitpid(child, 0)
    if len(outcomes) < len(items):
        number = os.waitstatus_to_exitcode(status)
        what = (
            "hung"
            if number == -signal.SIGALRM
            else f"killed by {signal.Signals(-number).name}"
            if number < 0
            else f"exit status {number}"
        )
        outcomes.append(Outcome(what, {}))
    return outcomes


def _work(writing: int, items: Sequence[Any], act: Act, seconds: float, memory: int) -> None:
    """Be the child."""
    try:
        signal.signal(
            signal.SIGALRM, signal.SIG_DFL
        )  # ends the process, also in the middle of C code
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
        for item in items:
            signal.setitimer(signal.ITIMER_REAL, seconds)
            told = act(item)
            signal.setitimer(signal.ITIMER_REAL, 0)
            os.write(writing, (json.dumps({**told, "peak": peak()}) + "\n").encode())
    finally:
        os._exit(3)  # whether all went well, the parent sees from what it was told


def peak() -> int:
    """Return the most bytes of memory that this process has held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
