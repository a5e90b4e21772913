"""Importing: processor time and wall time of `import minidl` next to other packages.

Each import is a new process, in turn, with files and bytecode in the cache after a first one that
is not counted. The times include Python's own start, which is the row "nothing". minidl imports
numpy at once and its other packages when they are first used.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time

from tqdm import tqdm

from . import report
from .peers import PEERS
from .rounds import ROOT, PeerError, rotated
from .table import ratio_spreads, spread, table

IMPORTS = {
    "nothing": "",
    "numpy": "numpy",
    "minidl": "minidl",
    "packages": "numpy, scipy, h5py, tqdm",
    "sklearn": "sklearn.neural_network",
    "jax": "jax",
    "torch": "torch",
}


def run(options: argparse.Namespace) -> None:
    """Import in rounds, print a table, write import.json."""
    machine = report.describe_machine(report.cpus())
    rounds = 2 if options.quick else options.rounds
    print(
        f"Importing: milliseconds of a new process, {rounds} rounds; ratios of processor time\n"
        f"{report.heading(machine)}\n"
    )
    cpu: dict[str, list[float]] = {}
    wall: dict[str, list[float]] = {}
    missing: dict[str, str] = {}
    for name in options.only or IMPORTS:  # fills the caches, and finds what is missing
        try:
            time_import(IMPORTS[name])
        except PeerError as error:
            missing[name] = f"{error}: {PEERS[name].install}" if name in PEERS else str(error)
        else:
            cpu[name], wall[name] = [], []
    for turn in tqdm(range(rounds), leave=False, unit="round", disable=None):
        for name in rotated(list(cpu), turn):
            processor, clock = time_import(IMPORTS[name])
            cpu[name].append(1000 * processor)
            wall[name].append(1000 * clock)
    titles = {name: IMPORTS[name] or "nothing" for name in cpu}
    groups = [
        ("processor, ms", {name: spread(each) for name, each in cpu.items()}),
        ("clock, ms", {name: spread(each) for name, each in wall.items()}),
        ("minidl / row", ratio_spreads(cpu, "minidl")),
    ]
    print(table(titles, groups))
    for name, reason in missing.items():
        print(f"not measured: {name}: {reason}")
    report.write(
        options,
        {"machine": machine, "not_measured": missing, "processor_ms": cpu, "clock_ms": wall},
    )


def time_import(packages: str) -> tuple[float, float]:
    """Return processor time and wall time of a new process that imports packages, in seconds."""
    code = f"import {packages}" if packages else ""
    environment = {
        name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"
    }
    with tempfile.TemporaryFile("w+") as errors:
        start = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, "-c", code], cwd=ROOT, env=environment, stderr=errors
        )
        # Unlike wait, wait4 returns the processor time of this one process.
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            errors.seek(0)
            raise PeerError(errors.read().strip().splitlines()[-1])
    return usage.ru_utime + usage.ru_stime, wall
