"""kill -9 at random moments of a process that only saves a model.

After each, the file must be the old or the new model. As a control, a tenth as many kills, at least
30, hit a process that writes the same file in place.
"""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from minidl import Linear, MeanSquaredError, MinidlError, Sequential
from minidl.data.hdf5_writer import hdf5_bytes
from minidl.serialization.configuration import model_config
from minidl.serialization.model_file import model_datasets
from minidl.utils.atomic_files import remove_stale_temp_files

from .children import fork
from .report import Result

WIDTHS = (700, 700)  # 490,700 parameters in float32: a file of 2 MB
DEFAULT_COUNT = 1_000
MIN_DELAY_RANGE = 0.03  # seconds


def run(count: int, seed: int, scratch: Path) -> Result:
    """Kill `count` times and report what was left."""
    rng = np.random.default_rng(seed)
    models = [Sequential([Linear(*WIDTHS)], loss=MeanSquaredError(), seed=s) for s in (1, 2)]
    counts, violations, leftovers = _kills(
        count, rng, scratch / "atomic.h5", models, lambda model, path: model.save(path)
    )
    control, _, _ = _kills(max(30, count // 10), rng, scratch / "plain.h5", models, _save_in_place)
    names = ("model 1", "model 2", "unreadable", "another content")
    rows = [["kill -9 while saving 2 MB", "kills", *names, "leftovers removed"]]
    rows += [["minidl", count, *(counts[name] for name in names), leftovers]]
    rows += [["control: written in place", control.total(), *(control[name] for name in names), 0]]
    size = (scratch / "atomic.h5").stat().st_size
    numbers = {
        "kills": count,
        "found": counts,
        "leftovers_removed": leftovers,
        "control": control,
        "bytes": size,
    }
    return Result(rows, numbers, violations)


def _kills(
    count: int,
    rng: np.random.Generator,
    path: Path,
    models: list[Sequential],
    save: Callable[[Sequential, Path], object],
) -> tuple[Counter[str], list[str], int]:
    """Kill a child that saves without a pause, `count` times.

    Return how often which file was left, the violations, and the number of temporary files left.
    """
    save(models[0], path)
    delay_range = _seconds_of_two_saves(path, models, save)
    counts: Counter[str] = Counter()
    violations: list[str] = []
    leftovers = 0
    for number in range(count):
        delay = float(rng.uniform(0, delay_range))
        child = fork(partial(_save_forever, models[:: (-1) ** number], path, save))
        time.sleep(delay)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        state = _state(path, models)
        counts[state] += 1
        if state not in ("model 1", "model 2"):
            violations.append(f"kill {number} after {delay * 1000:.1f} ms: {state}")
        leftovers += len(list(path.parent.glob(".minidl-*")))
        if number % 2:  # as every start of minidl does; otherwise the next save does it
            remove_stale_temp_files(path.parent)
        if state == "unreadable":
            save(models[0], path)
    models[0].save(path)
    remaining = [entry.name for entry in path.parent.glob(".minidl-*")]
    if remaining:
        violations.append(f"left behind after the last start and save: {remaining}")
    return counts, violations, leftovers


def _seconds_of_two_saves(
    path: Path, models: list[Sequential], save: Callable[[Sequential, Path], object]
) -> float:
    """Return a little more than two saves of a child take: kills then fall into every part of one.

    A child is slower than its parent, as it copies each page of memory that it writes to.
    """
    start = time.perf_counter()
    child = fork(lambda: [save(model, path) for model in reversed(models)])
    os.waitpid(child, 0)
    return max(MIN_DELAY_RANGE, 1.5 * (time.perf_counter() - start))


def _save_forever(
    models: list[Sequential], path: Path, save: Callable[[Sequential, Path], object]
) -> None:
    while True:
        for model in models:
            save(model, path)


def _state(path: Path, models: list[Sequential]) -> str:
    try:
        loaded = Sequential.load(path)
    except MinidlError:
        return "unreadable"
    for number, model in enumerate(models, start=1):
        if loaded.parameters.theta.tobytes() == model.parameters.theta.tobytes() and model_config(
            loaded
        ) == model_config(model):
            return f"model {number}"
    return "another content"


def _save_in_place(model: Sequential, path: Path) -> None:
    """Write what minidl writes, in place as most programs do."""
    path.write_bytes(hdf5_bytes(model_datasets(model)))
