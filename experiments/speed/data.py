"""Data: training from an HDF5 file on the disk beside training from memory, and reading the cat files beside plain h5py.

The network is 784-512-512-10, in batches of 128 shuffled rows, over 60,000 rows (188 MB) which the file holds as float32. From the file
`fit` is given h5py's data sets: once as they are, once with a `memory_limit` of an eighth of the data, so that it must go through the
file in parts; the system has just written the file and holds it in its cache. A ratio is the time per epoch over that of training from
memory in the same round. The memory is the largest resident one of a process that does nothing else, above what Python, numpy and
minidl took before.

The cat files are those of --data, or drawn ones of the same size: `load_cats` checks what it reads, h5py is told to read and scale.
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
from .rounds import Crew
from .table import ratios, spread, table
from .workloads import TRAINING, Workload

ROWS, SHARE = 60_000, 8
FITS = {
    "memory": Peer("arrays in memory", __name__, {"limited": None}),
    "file": Peer("HDF5 file", __name__, {"limited": False}),
    "parts": Peer(f"HDF5 file, memory for 1/{SHARE}", __name__, {"limited": True}),
}
READERS = {
    "h5py": Peer("h5py", __name__, {"checked": False}),
    "minidl": Peer("load_cats", __name__, {"checked": True}),
}


def run(options: argparse.Namespace) -> None:
    """Train and read in rounds, print two tables, write data.json."""
    told, (rounds, seconds) = report.machine(options.threads), report.effort(options)
    load = TRAINING["digits"].small() if options.quick else replace(TRAINING["digits"], rows=ROWS)
    print(f"Data: milliseconds per epoch or reading, {rounds} rounds\n{report.heading(told)}")
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        cats = options.data or Path(folder) / "cats"
        if options.data is None:
            write_cats(cats)
        path = _write(Path(folder) / "rows.h5", load)
        for peers, function, settings, base, label in (
            (FITS, "train", {"workload": load.fields(), "path": str(path)}, "memory", str(load)),
            (
                READERS,
                "read",
                {"folder": str(cats.absolute())},
                "h5py",
                f"the cat pictures in {options.data or 'a drawn file'}",
            ),
        ):
            with Crew(peers, options.threads, patient=not options.quick) as crew:
                times = crew.measure(
                    function, settings, rounds=rounds, seconds=seconds, label=function
                )
                print(f"\n{label}\n{_table(times, crew, base)}", flush=True)
                memory = {name: after - before for name, (before, after) in crew.memory.items()}
                found[function] = {
                    "seconds": times,
                    "memory_mib": memory,
                    "not_measured": crew.missing,
                }
                report.tell_missing(crew)
    print()
    report.write(options, {"machine": told, "workload": load.fields(), **found})


def _table(times: Mapping[str, list[float]], crew: Crew, base: str) -> str:
    groups = [
        (
            "milliseconds",
            {name: spread([1000 * one for one in each]) for name, each in times.items()},
        )
    ]
    if base in times:
        groups.append(
            (
                f"row / {crew.peers[base].title}",
                {name: spread(ratios(each, times[base])) for name, each in times.items()},
            )
        )
    lines = table({name: crew.peers[name].title for name in times}, groups).splitlines()
    memory = [
        "",
        "memory, MiB",
        *(f"{crew.memory[name][1] - crew.memory[name][0]:.0f}" for name in times),
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
    """Return what is measured, with its version."""
    import h5py

    return f"h5py {h5py.__version__}"


def train(workload: Workload, path: str, limited: bool | None) -> Callable[[int], None]:
    """Return a callable that trains n epochs from arrays (`limited` None) or from a file, with little memory or as much as it takes."""
    import h5py

    from .peers import minidl_net

    file = h5py.File(path)
    x, y = file["x"], file["y"]
    settings = {"memory_limit": 4 * x.size // SHARE} if limited else {}
    return minidl_net.Trainer(
        workload, fast=False, data=(x[:], y[:]) if limited is None else (x, y), **settings
    )


def read(folder: str, checked: bool) -> Callable[[int], None]:
    """Return a callable that reads both cat files n times, by `load_cats` or by h5py itself."""

    def run(times: int) -> None:
        for _ in range(times):
            load_cats(folder) if checked else _plain(Path(folder))

    return run


def _plain(folder: Path) -> list[np.ndarray]:
    """Read both files as courses do."""
    import h5py

    arrays = []
    for part in ("train", "test"):
        with h5py.File(folder / f"{part}_catvnoncat.h5") as file:
            pictures = file[f"{part}_set_x"][:]
            arrays += [
                pictures.reshape(len(pictures), -1) / np.float32(255),
                file[f"{part}_set_y"][:],
            ]
    return arrays
