"""What every benchmark tells besides its table: the machine it ran on, what was not measured, and all numbers as JSON."""

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
from .rounds import Crew


def cpus() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def machine(threads: int) -> dict[str, Any]:
    """Return what the numbers depend on."""
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


def heading(told: Mapping[str, Any]) -> str:
    """Return the machine in two lines, with a warning if others are using it."""
    first = f"numpy {told['numpy']} with {told['blas']}, Python {told['python']}, {told['processor']}, {told['cpus']} CPUs"
    busy = (
        f"\nThe machine was busy before it began (load {told['load']}): repeat it when it is idle."
        if told["load"] > 0.5
        else ""
    )
    threads = "one thread" if told["threads"] == 1 else f"{told['threads']} threads"
    return f"{first}, {threads} per process\nCompare within one run only: ratios hold, times of different runs do not.{busy}"


def effort(options: argparse.Namespace) -> tuple[int, float]:
    """Return the number of rounds, and the seconds of a turn."""
    return (2, 0.001) if options.quick else (options.rounds, options.seconds)


def tell_missing(crew: Crew) -> None:
    """Print a line per peer that is missing in the tables, and why."""
    for line in crew.told_missing():
        print(f"not measured: {line}")


def tell_apart(crew: Crew) -> None:
    """Say whether the processors were ever far apart."""
    if crew.apart:
        kept = f"; {crew.kept} turns were kept though they were" if crew.kept else ""
        print(
            f"the processors were found far apart {crew.apart} times: such turns waited or were measured again{kept}"
        )


def finish(
    options: argparse.Namespace, crew: Crew, told: Mapping[str, Any], results: Mapping[str, Any]
) -> None:
    """Say what was not measured, and write all numbers."""
    print()
    tell_missing(crew)
    tell_apart(crew)
    apart = {"found": crew.apart, "kept": crew.kept}
    write(
        options,
        {
            "machine": {**told, "peers": crew.versions},
            "not_measured": crew.missing,
            "processors_apart": apart,
            **results,
        },
    )


def write(options: argparse.Namespace, content: Mapping[str, Any]) -> None:
    """Write BENCHMARK.json, with the options."""
    name = f"{options.benchmark}.json"
    atomic_write(
        options.out / name,
        (json.dumps({"settings": study.arguments(options), **content}, indent=1) + "\n").encode(),
    )
    print(f"wrote {name} in {options.out}")
