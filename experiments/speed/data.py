"""Data: training from an HDF5 file next to training from memory, and reading next to plain h5py.

The network is 784-512-512-10, in batches of 128 shuffled rows, over 60,000 rows (188 MB) which the
file holds as float32. From the file `fit` gets h5py's datasets: once as they are, once with a
`memory_limit` of an eighth of the data, so that it must read the file in parts; the system has just
written the file and holds it in its cache. A ratio is the time per epoch over that of training from
memory in the same round. The memory is the peak resident memory of a process that does nothing
else, above that of Python, NumPy and minidl before.

The cat files are those of --data, or drawn ones of the same size: `load_cats` verifies what it
reads, h5py only reads and scales.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from minidl.data import load_cats, write_cats

from . import report
from .peers import Peer
from .rounds import WorkerPool
from .table import ratios, spread, table
from .workloads import TRAINING, Workload

ROWS = 60_000
MEMORY_DIVISOR = 8  # of the data, for the memory limit
FITS = {
    "memory": Peer("arrays in memory", __name__, {"limited": None}),
    "file": Peer("HDF5 file", __name__, {"limited": False}),
    "parts": Peer(f"HDF5 file, memory for 1/{MEMORY_DIVISOR}", __name__, {"limited": True}),
}
READERS = {
    "h5py": Peer("h5py", __name__, {"checked": False}),
    "minidl": Peer("load_cats", __name__, {"checked": True}),
}


def run(options: argparse.Namespace) -> None:
    """Train and read in rounds, print two tables, write data.json."""
    machine = report.describe_machine(options.threads)
    rounds, seconds = report.rounds_and_seconds(options)
    load = TRAINING["digits"].quick() if options.quick else replace(TRAINING["digits"], rows=ROWS)
    print(f"Data: milliseconds per epoch or reading, {rounds} rounds\n{report.heading(machine)}")
    results: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        cats = options.data or Path(folder) / "cats"
        if options.data is None:
            write_cats(cats)
        path = _write(Path(folder) / "rows.h5", load)
        for peers, function, arguments, base, label in (
            (FITS, "train", {"workload": load.as_dict(), "path": str(path)}, "memory", str(load)),
            (
                READERS,
                "read",
                {"folder": str(cats.absolute())},
                "h5py",
                f"the cat images in {options.data or 'a drawn file'}",
            ),
        ):
            with WorkerPool(peers, options.threads, patient=not options.quick) as workers:
                times = workers.measure(
                    function, arguments, rounds=rounds, seconds=seconds, label=function
                )
                print(f"\n{label}\n{_table(times, workers, base)}", flush=True)
                memory = {name: after - before for name, (before, after) in workers.memory.items()}
                results[function] = {
                    "seconds": times,
                    "memory_mib": memory,
                    "not_measured": workers.missing,
                }
                report.print_missing(workers)
    print()
    report.write(options, {"machine": machine, "workload": load.as_dict(), **results})


def _table(times: Mapping[str, list[float]], workers: WorkerPool, base: str) -> str:
    groups = [
        (
            "milliseconds",
            {name: spread([1000 * s for s in seconds]) for name, seconds in times.items()},
        )
    ]
    if base in times:
        groups.append(
            (
                f"row / {workers.peers[base].title}",
                {name: spread(ratios(seconds, times[base])) for name, seconds in times.items()},
            )
        )
    lines = table({name: workers.peers[name].title for name in times}, groups).splitlines()
    memory = [
        "",
        "memory, MiB",
        *(f"{workers.memory[name][1] - workers.memory[name][0]:.0f}" for name in times),
    ]
    wide = max(map(len, lines))
    return "\n".join(
        f"{line.ljust(wide)}  |  {cell:>11}".rstrip(" |")
        for line, cell in zip(lines, memory, strict=True)
    )


def _write(path: Path, load: Workload) -> Path:
    import h5py

    with h5py.File(path, "w") as file:
        file["x"], file["y"] = load.data()
    return path


def version() -> str:
    """Return the name and the version of what is measured."""
    import h5py

    return f"h5py {h5py.__version__}"


def train(workload: Workload, path: str, limited: bool | None) -> Callable[[int], None]:
    """Return a callable that trains n epochs.

    From arrays if `limited` is None, otherwise from a file, with or without a memory limit.
    """
    import h5py

    from .peers import minidl_net

    file = h5py.File(path)
    x, y = file["x"], file["y"]
    arguments = {"memory_limit": 4 * x.size // MEMORY_DIVISOR} if limited else {}
    return minidl_net.Trainer(
        workload, fast=False, data=(x[:], y[:]) if limited is None else (x, y), **arguments
    )


def read(folder: str, checked: bool) -> Callable[[int], None]:
    """Return a callable that reads both cat files n times, by `load_cats` or by h5py itself."""

    def run(times: int) -> None:
        for _ in range(times):
            load_cats(folder) if checked else _plain(Path(folder))

    return run


def _plain(folder: Path) -> list[np.ndarray]:
    """Read both files with h5py alone, unchecked."""
    import h5py

    arrays = []
    for split in ("train", "test"):
        with h5py.File(folder / f"{split}_catvnoncat.h5") as file:
            images = file[f"{split}_set_x"][:]
            labels = file[f"{split}_set_y"][:]
            arrays += [images.reshape(len(images), -1) / np.float32(255), labels]
    return arrays
