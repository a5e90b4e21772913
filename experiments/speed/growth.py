"""Growth: how the time of an epoch grows with the examples, with the parameters and with the layers, each over two decades.

Two fits by least squares to the shortest times of the rounds, in which nothing else disturbed the machine: the exponent b of
time = a * n**b, which is 1 where cost grows linearly; and the straight line time = c0 + c1 * n, fitted to relative errors, with its R2
and its largest deviation. Below 1, b tells of what does not grow: at small n the calls take longer than the arithmetic, which c0 holds.
Above 1 it tells of memory: what no longer fits into a cache takes longer for each number. The sizes are chosen so that neither rules.

minidl trains on NumPy alone, by Adam, in batches of 128 of random rows; each size has a process of its own. By default a process has
one thread: with more, the step at which a BLAS begins to share its work among them would bend the line.
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
from .rounds import Crew
from .table import number, spread
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
    """Train every size in rounds, print a table and both fits for each series, write growth.json."""
    told, (rounds, seconds) = report.machine(options.threads), report.effort(options)
    print(f"Growth: milliseconds per epoch, {rounds} rounds\n{report.heading(told)}")
    results: dict[str, Any] = {}
    for series in options.workload or SERIES:
        loads = _quick(SERIES[series]) if options.quick else SERIES[series]
        peers = {
            str(n): Peer(f"{n:,}", PEERS["minidl"].module, {"workload": load.fields()})
            for n, load in loads.items()
        }
        with Crew(peers, options.threads, patient=not options.quick) as crew:
            times = crew.measure("train", {}, rounds=rounds, seconds=seconds, label=series)
        report.tell_missing(crew)
        sizes = [int(name) for name in times]
        found = fit(sizes, [min(each) for each in times.values()])
        results[series] = {
            "seconds_per_epoch": times,
            "not_measured": crew.missing,
            **found._asdict(),
        }
        rows = [
            [
                peers[name].title,
                *map(number, spread([1000 * one for one in each])),
                f"{100 * off:+.0f} %",
            ]
            for (name, each), off in zip(times.items(), found.deviations, strict=True)
        ]
        print(
            f"\n{study.table([[series, 'min', 'median', 'max', 'off the line'], *rows])}\n{told_fit(found, series)}",
            flush=True,
        )
    print()
    report.write(options, {"machine": told, "series": results})


def _quick(loads: Mapping[int, Workload]) -> dict[int, Workload]:
    """Return every third size with few rows."""
    return {n: replace(loads[n], rows=loads[n].rows // 100) for n in list(loads)[::3]}


def fit(sizes: Sequence[float], times: Sequence[float]) -> Fit:
    """Fit the power law and the straight line to times (> 0) of sizes (> 0).

    Examples
    --------
    >>> found = fit([1, 10, 100], [3.0, 12.0, 102.0])
    >>> [round(value, 6) for value in found[1:4]]
    [2.0, 1.0, 1.0]
    >>> round(fit([1, 10, 100], [2.0, 20.0, 200.0]).exponent, 6)
    1.0
    """
    n, t = np.asarray(sizes, float), np.asarray(times, float)
    exponent = np.polyfit(np.log(n), np.log(t), 1)[0]
    lines = np.stack([np.ones_like(n), n], axis=1)
    start, each = np.linalg.lstsq(lines / t[:, np.newaxis], np.ones_like(t), rcond=None)[0]
    off = t - (start + each * n)
    r2 = 1 - np.sum(off**2) / np.sum((t - t.mean()) ** 2)
    return Fit(float(exponent), float(start), float(each), float(r2), (off / (t - off)).tolist())


def told_fit(found: Fit, series: str) -> str:
    """Return both fits in words."""
    worst = 100 * max(map(abs, found.deviations))
    line = f"{1e3 * found.start:.3g} ms + {1e6 * found.each:.3g} us for each of the {series}"
    return f"time grows as {series} ** {found.exponent:.3f}; line: {line}, R2 {found.r2:.5f}, at most {worst:.0f} % off"
