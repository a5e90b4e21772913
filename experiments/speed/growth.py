"""Growth: the time of an epoch against the number of examples, parameters and layers.

Each over two decades. Two fits by least squares to the shortest times of the rounds, in which
nothing else disturbed the machine: the exponent b of time = a * n**b, which is 1 where cost grows
linearly; and the straight line time = c0 + c1 * n, fitted to relative errors, with its R2 and its
largest deviation. Below 1, b shows costs that do not grow: at small n the calls take longer than
the arithmetic, which is c0. Above 1 it shows memory: what no longer fits into a cache takes longer
for each number. The sizes are chosen so that neither dominates.

minidl trains on NumPy alone, by Adam, in batches of 128 random rows; each size has its own process.
By default a process has one thread: with more, the size from which a BLAS distributes its work
would bend the line.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from .. import study
from . import report
from .peers import PEERS, Peer
from .rounds import WorkerPool
from .table import format_number, spread
from .workloads import Workload

_DECADES = (1, 2, 5, 10, 20, 50, 100)
SERIES = {
    "examples": {1000 * n: Workload(f"{n}", (64, 128, 128, 10), 1000 * n, 128) for n in _DECADES},
    "parameters": {
        w * 267 + 10: Workload(f"{w}", (256, w, 10), 1280, 128) for w in (64 * n for n in _DECADES)
    },
    "layers": {n: Workload(f"{n}", (128, *[128] * n, 10), 1280, 128) for n in _DECADES},
}


class Fit(NamedTuple):
    """The two fits: time = a * n**exponent, and time = start + each * n."""

    exponent: float
    start: float
    each: float
    r2: float
    deviations: list[float]


def run(options: argparse.Namespace) -> None:
    """Train every size in rounds, print tables and fits, write growth.json."""
    machine = report.describe_machine(options.threads)
    rounds, seconds = report.rounds_and_seconds(options)
    print(f"Growth: milliseconds per epoch, {rounds} rounds\n{report.heading(machine)}")
    results: dict[str, Any] = {}
    for series in options.workload or SERIES:
        loads = _quick(SERIES[series]) if options.quick else SERIES[series]
        peers = {
            str(n): Peer(f"{n:,}", PEERS["minidl"].module, {"workload": load.as_dict()})
            for n, load in loads.items()
        }
        with WorkerPool(peers, options.threads, patient=not options.quick) as workers:
            times = workers.measure("train", {}, rounds=rounds, seconds=seconds, label=series)
        report.print_missing(workers)
        sizes = [int(name) for name in times]
        fits = fit(sizes, [min(seconds) for seconds in times.values()])
        results[series] = {
            "seconds_per_epoch": times,
            "not_measured": workers.missing,
            **fits._asdict(),
        }
        rows = [
            [
                peers[name].title,
                *map(format_number, spread([1000 * s for s in seconds_per_epoch])),
                f"{100 * deviation:+.0f} %",
            ]
            for (name, seconds_per_epoch), deviation in zip(
                times.items(), fits.deviations, strict=True
            )
        ]
        print(
            "",
            study.table([[series, "min", "median", "max", "off the line"], *rows]),
            describe_fit(fits, series),
            sep="\n",
            flush=True,
        )
    print()
    report.write(options, {"machine": machine, "series": results})


def _quick(loads: Mapping[int, Workload]) -> dict[int, Workload]:
    """Return every third size with few rows."""
    return {n: replace(loads[n], rows=loads[n].rows // 100) for n in list(loads)[::3]}


def fit(sizes: Sequence[float], times: Sequence[float]) -> Fit:
    """Fit the power law and the straight line to times (> 0) of sizes (> 0).

    Examples
    --------
    >>> fits = fit([1, 10, 100], [3.0, 12.0, 102.0])
    >>> [round(value, 6) for value in fits[1:4]]
    [2.0, 1.0, 1.0]
    >>> round(fit([1, 10, 100], [2.0, 20.0, 200.0]).exponent, 6)
    1.0
    """
    n, t = np.asarray(sizes, float), np.asarray(times, float)
    exponent = np.polyfit(np.log(n), np.log(t), 1)[0]
    lines = np.stack([np.ones_like(n), n], axis=1)
    start, each = np.linalg.lstsq(lines / t[:, np.newaxis], np.ones_like(t), rcond=None)[0]
    residuals = t - (start + each * n)
    r2 = 1 - np.sum(residuals**2) / np.sum((t - t.mean()) ** 2)
    deviations = (residuals / (t - residuals)).tolist()
    return Fit(float(exponent), float(start), float(each), float(r2), deviations)


def describe_fit(fits: Fit, series: str) -> str:
    """Return both fits in words."""
    largest = 100 * max(map(abs, fits.deviations))
    line = f"{1e3 * fits.start:.3g} ms + {1e6 * fits.each:.3g} us for each of the {series}"
    return (
        f"time grows as {series} ** {fits.exponent:.3f}; line: {line}, R2 {fits.r2:.5f}, "
        f"at most {largest:.0f} % off"
    )
