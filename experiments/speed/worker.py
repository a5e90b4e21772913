"""The process of one peer: reads commands as JSON lines on stdin, answers on stdout.

`{"prepare": [module, function, arguments], "seconds": s}` calls the function, which returns a
callable `run(n)`, warms it up and answers with the n that takes about s seconds; `{"run": n,
"repeats": r, "clock": c}` answers with the seconds of the shortest of r calls of `run(n)`, by this
function of `time`. The process ends when stdin closes.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import queue
import resource
import sys
import threading
import time
from collections.abc import Callable
from typing import Any, TextIO

from .workloads import Workload

Run = Callable[[int], None]


def main() -> None:
    """Serve until stdin closes."""
    # Only answers go to stdout: what a library prints goes to stderr.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    commands: queue.SimpleQueue[str] = queue.SimpleQueue()
    threading.Thread(target=_read, args=(sys.stdin, commands), daemon=True).start()
    run: Run | None = None
    while True:
        command = json.loads(commands.get())
        try:
            if "prepare" in command:
                run = None  # frees the memory of the one before
                run, answer = prepare(*command["prepare"], seconds=command["seconds"])
            else:
                assert run is not None, "prepare comes before run"
                clock = getattr(time, command["clock"])
                calls = [timed(run, command["run"], clock) for _ in range(command["repeats"])]
                answer = {"seconds": min(calls)}
        except ModuleNotFoundError as error:
            answer = {"missing": error.name}
        except Exception as error:
            answer = {"failed": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer | {"memory": memory()}), file=answers, flush=True)


def _read(lines: TextIO, commands: queue.SimpleQueue[str]) -> None:
    """Pass the commands on; at their end, end the process, whatever it is doing."""
    for line in lines:
        commands.put(line)
    os._exit(0)


def prepare(
    module: str, function: str, arguments: dict[str, Any], *, seconds: float
) -> tuple[Run, dict[str, Any]]:
    """Return a warmed-up callable, and the answer.

    The answer has the version, the memory before, the n that takes about `seconds`, and the
    `facts` of the callable, if it has any.
    """
    peer = importlib.import_module(module)
    before = memory()
    if "workload" in arguments:
        arguments = arguments | {"workload": Workload(**arguments["workload"])}
    run = getattr(peer, function)(**arguments)
    run(1)  # compiles, allocates
    n = 1
    elapsed = timed(run, n)
    while elapsed < seconds / 4:
        n *= 2
        elapsed = timed(run, n)
    return run, {
        "version": peer.version(),
        "before": before,
        "count": max(1, round(n * seconds / elapsed)),
        "facts": getattr(run, "facts", {}),
    }


def timed(run: Run, n: int, clock: Callable[[], float] = time.perf_counter) -> float:
    """Return the seconds that `run(n)` takes."""
    start = clock()
    run(n)
    return clock() - start


def memory() -> float:
    """Return the peak resident memory of this process so far, in MiB."""
    with (
        contextlib.suppress(OSError, StopIteration),
        open("/proc/self/status") as lines,
    ):  # on Linux, rusage includes the parent's
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 2**10
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)


if __name__ == "__main__":
    main()
