"""The cost of an atomic write, next to writing in place with and without waiting for the disk.

The three take turns, so that all meet the same disk. The limit is 1.5 times a write in place that
is flushed to the disk as well: without that, a file is not written but promised, and a loss of
power can destroy both the old and the new one.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from minidl import Linear, MeanSquaredError, Sequential
from minidl.data.hdf5_writer import hdf5_bytes
from minidl.serialization.model_file import model_datasets

from .kill import WIDTHS
from .report import Result

DEFAULT_COUNT = 200  # saves of each kind
MAX_RATIO = 1.5
WARM_UP = 3  # saves that are not counted


def run(count: int, seed: int, scratch: Path) -> Result:
    """Save `count` times by each method and compare the medians."""
    model = Sequential([Linear(*WIDTHS)], loss=MeanSquaredError(), seed=seed)
    methods: dict[str, Callable[[Path], object]] = {
        "in place, not flushed": lambda path: path.write_bytes(hdf5_bytes(model_datasets(model))),
        "in place, flushed": lambda path: _in_place(path, hdf5_bytes(model_datasets(model))),
        "minidl: atomic, flushed": model.save,
    }
    seconds: dict[str, list[float]] = {name: [] for name in methods}
    for _ in range(count + WARM_UP):
        for name, save in methods.items():
            start = time.perf_counter()
            save(scratch / f"{len(name)}.h5")
            seconds[name].append(time.perf_counter() - start)
    medians = {name: float(np.median(times[WARM_UP:])) * 1000 for name, times in seconds.items()}
    plain, durable, atomic = medians.values()
    size = max(path.stat().st_size for path in scratch.iterdir())
    rows = [[f"saving {size:,} bytes", "median ms", "minidl is x times"]]
    rows += [[name, milliseconds, atomic / milliseconds] for name, milliseconds in medians.items()]
    numbers = {
        "bytes": size,
        "saves": count,
        "median_ms": medians,
        "ratio": atomic / durable,
        "ratio_without_disk": atomic / plain,
    }
    violations = []
    if atomic > MAX_RATIO * durable:
        ratio = f"{atomic / durable:.2f} times a flushed write in place"
        violations.append(f"{ratio}: at most {MAX_RATIO} are allowed")
    return Result(rows, numbers, violations)


def _in_place(path: Path, content: bytes) -> None:
    with open(path, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
