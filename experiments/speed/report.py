"""What every benchmark reports besides its table: machine, missing peers, JSON."""

from __future__ import annotations

import argparse
import json
import os
import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from minidl.utils.atomic_files import atomic_write

from .. import study
from .rounds import WorkerPool

MAX_IDLE_LOAD = 0.5


def cpus() -> int:
    """Return the number of processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def describe_machine(threads: int) -> dict[str, Any]:
    """Return what the numbers depend on: machine, libraries, threads."""
    blas = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
    return {
        **study.versions(),
        "blas": f"{blas.get('name')} {blas.get('version')}",
        "platform": platform.platform(),
        "processor": _processor(),
        "cpus": cpus(),
        "threads": threads,
        "load": round(os.getloadavg()[0], 2),
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next(
        (line.partition(":")[2].strip() for line in lines if line.startswith("model name")),
        platform.machine(),
    )


def heading(machine: Mapping[str, Any]) -> str:
    """Return the machine in two lines, with a warning if it is busy."""
    threads = "one thread" if machine["threads"] == 1 else f"{machine['threads']} threads"
    lines = [
        f"numpy {machine['numpy']} with {machine['blas']}, Python {machine['python']}, "
        f"{machine['processor']}, {machine['cpus']} CPUs, {threads} per process",
        "Compare within one run only: ratios hold, times of different runs do not.",
    ]
    if machine["load"] > MAX_IDLE_LOAD:
        load = f"load {machine['load']}"
        lines.append(f"The machine was busy before the run ({load}): repeat it when it is idle.")
    return "\n".join(lines)


def rounds_and_seconds(options: argparse.Namespace) -> tuple[int, float]:
    """Return the number of rounds, and the seconds of a turn."""
    return (2, 0.001) if options.quick else (options.rounds, options.seconds)


def print_missing(workers: WorkerPool) -> None:
    """Print a line for each peer that is missing in the tables, with the reason."""
    for line in workers.missing_lines():
        print(f"not measured: {line}")


def print_far_processors(workers: WorkerPool) -> None:
    """Print whether the processors were ever far apart."""
    if workers.n_far:
        kept_turns = f"; {workers.n_kept} turns were kept anyway" if workers.n_kept else ""
        print(
            f"the processors were far apart {workers.n_far} times: "
            f"such turns waited or were measured again{kept_turns}"
        )


def print_and_write(
    options: argparse.Namespace,
    workers: WorkerPool,
    machine: Mapping[str, Any],
    results: Mapping[str, Any],
) -> None:
    """Print what was not measured, and write all numbers."""
    print()
    print_missing(workers)
    print_far_processors(workers)
    content = {
        "machine": {**machine, "peers": workers.versions},
        "not_measured": workers.missing,
        "processors_apart": {"found": workers.n_far, "kept": workers.n_kept},
        **results,
    }
    write(options, content)


def write(options: argparse.Namespace, content: Mapping[str, Any]) -> None:
    """Write BENCHMARK.json, with the options."""
    name = f"{options.benchmark}.json"
    text = json.dumps({"settings": study.arguments(options), **content}, indent=1) + "\n"
    atomic_write(options.out / name, text.encode())
    print(f"wrote {name} in {options.out}")
