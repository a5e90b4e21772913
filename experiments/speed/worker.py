"""The process of one peer: reads a command per line of JSON on stdin, answers each with a line on stdout, ends when stdin closes.

`{"prepare": [module, function, settings], "seconds": s}` calls the function, which returns a callable `run(n)`, warms it up and
answers with the n that takes about s seconds; `{"run": n}` answers with the seconds that `run(n)` took.
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
    # Only answers go to whoever asks: what a library prints goes where errors go.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    commands: queue.SimpleQueue[str] = queue.SimpleQueue()
    threading.Thread(target=_read, args=(sys.stdin, commands), daemon=True).start()
    run: Run | None = None
    while True:
        command = json.loads(commands.get())
        try:
            if "prepare" in command:
                run = None  # what came before makes room first
                run, answer = prepare(*command["prepare"], seconds=command["seconds"])
            else:
                assert run is not None, "prepare comes before run"
                answer = {"seconds": timed(run, command["run"])}
        except ModuleNotFoundError as error:
            answer = {"missing": error.name}
        except Exception as error:
            answer = {"failed": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer | {"memory": memory()}), file=answers, flush=True)


def _read(lines: TextIO, commands: queue.SimpleQueue[str]) -> None:
    """Pass the commands on; at their end, end the process, whatever it is doing: nobody waits for it any more."""
    for line in lines:
        commands.put(line)
    os._exit(0)


def prepare(
    module: str, function: str, settings: dict[str, Any], *, seconds: float
) -> tuple[Run, dict[str, Any]]:
    """Return a callable that is warm, and the answer: what is measured, the memory before, the n that takes about `seconds`."""
    found = importlib.import_module(module)
    before = memory()
    if "workload" in settings:
        settings = settings | {"workload": Workload(**settings["workload"])}
    run = getattr(found, function)(**settings)
    run(1)  # compiles, allocates
    n, took = 1, timed(run, 1)
    while took < seconds / 4:
        n *= 2
        took = timed(run, n)
    return run, {
        "version": found.version(),
        "before": before,
        "count": max(1, round(n * seconds / took)),
    }


def timed(run: Run, n: int) -> float:
    """Return the seconds that `run(n)` takes."""
    begin = time.perf_counter()
    run(n)
    return time.perf_counter() - begin


def memory() -> float:
    """Return the largest resident memory of this process so far, in MiB."""
    with (
        contextlib.suppress(OSError, StopIteration),
        open("/proc/self/status") as lines,
    ):  # on Linux, rusage counts the parent's in
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 2**10
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)


if __name__ == "__main__":
    main()
