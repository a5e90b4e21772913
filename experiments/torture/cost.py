"""What writing a model whole costs: beside writing the same bytes in place, with and without waiting for the disk.

The three take turns, so that all meet the same disk. The bar is 1.5 times a write in place that is brought to the disk as well: without
that, a file is not written, only promised, and a loss of power can take the old and the new one.
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

USUAL = 200  # saves of each kind
BAR = 1.5


def run(count: int, seed: int, scratch: Path) -> Result:
    """Save `count` times in each way and compare the medians."""
    model = Sequential([Linear(*WIDTHS)], loss=MeanSquaredError(), seed=seed)
    ways: dict[str, Callable[[Path], object]] = {
        "in place, not brought to the disk": lambda path: path.write_bytes(
            hdf5_bytes(model_datasets(model))
        ),
        "in place, brought to the disk": lambda path: _in_place(
            path, hdf5_bytes(model_datasets(model))
        ),
        "minidl: whole, brought to the disk": model.save,
    }
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(count + 3):
        for name, save in ways.items():
            start = time.perf_counter()
            save(scratch / f"{len(name)}.h5")
            seconds[name].append(time.perf_counter() - start)
    medians = {name: float(np.median(taken[3:])) * 1000 for name, taken in seconds.items()}
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
    slow = (
        [
            f"{atomic / durable:.2f} times a write in place that is brought to the disk: the bar is {BAR}"
        ]
        if atomic > BAR * durable
        else []
    )
    return Result(rows, numbers, slow)


def _in_place(path: Path, content: bytes) -> None:
    with open(path, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
