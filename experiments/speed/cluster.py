"""When several machines pay: a cost model, checked by 1 to 4 ranks on this one.

A step of p ranks takes the compute of the rows of one rank, and one reduction of the gradient (see
`cost_model.py`). Its four numbers are measured here: steps of one rank with whole batches and parts
of them tell the compute, reductions of two ranks the latency and the bandwidth. "measured" is a
training with ``DataParallel(comm, exact=False)``. The last table is simulated, not measured: the
same compute on as many processors as ranks, connected by usual networks.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np

from minidl.parallel.world import world

from . import report
from .cost_model import LINKS, Compute, Link, fit_compute, fit_link, step_seconds
from .mpi import FAST, NETWORKS, random_rows
from .mpi import step_seconds as measured_step
from .ranks import run_on_ranks
from .table import format_number

SIZES = (1_000, 10_000, 100_000, 1_000_000, 4_000_000)
"""The elements of the vectors, in float32, whose reductions are measured..."""

QUICK_SIZES = (1_000, 100_000)
"""... and those to try it out."""

MOST_RANKS = 4
SIMULATED_RANKS = (2, 4, 8, 16, 64)

LARGE = "100 ms, 10 M"
"""A network that is simulated alone: a step of 100 ms, 10 million parameters."""


def run(options: argparse.Namespace) -> None:
    """Measure on 1 to 4 ranks, print the tables, write cluster.json."""
    machine = report.describe_machine(threads=1)
    rounds = 2 if options.quick else options.rounds
    most = 2 if options.quick else MOST_RANKS
    found = {
        ranks: run_on_ranks(ranks, "experiments.speed.cluster", rounds, is_quick=options.quick)
        for ranks in range(1, most + 1)
    }
    reductions = found[2]["reductions"]
    link = fit_link({4 * int(size): seconds for size, seconds in reductions.items()}, 2)
    print(f"When several machines pay, {rounds} rounds")
    print(report.heading(machine), end="\n\n")
    print(reductions_table(found), end="\n\n")
    print(checked_table(found, link, report.cpus()), end="\n\n")
    print(simulated_table(found))
    results = {str(ranks): of_ranks for ranks, of_ranks in found.items()}
    report.write(options, {"machine": machine, "link": link._asdict(), "ranks": results})


def measure(rounds: int, *, is_quick: bool) -> None:
    """Measure on the ranks that mpiexec has started; rank 0 prints the shortest seconds."""
    comm = world("the benchmark cluster")
    n_ranks = comm.Get_size()
    results: dict[str, Any] = {"reductions": {}, "compute": {}, "steps": {}}
    for size in (QUICK_SIZES if is_quick else SIZES) if n_ranks > 1 else ():
        results["reductions"][size] = min(_reduction(comm, size) for _ in range(rounds + 1))
    for name in ("moons",) if is_quick else NETWORKS:
        widths, batch_size, n_steps = NETWORKS[name]
        n_steps = 2 if is_quick else n_steps
        shortest = partial(_shortest_step, comm, widths, n_steps, rounds)
        results["steps"][name] = shortest(FAST, batch_size)
        parts = [batch_size // n for n in range(1, MOST_RANKS + 1)] if n_ranks == 1 else []
        results["compute"][name] = {rows: shortest(FAST, rows) for rows in parts}
    if comm.Get_rank() == 0:
        print(json.dumps(results))


def _shortest_step(
    comm: Any, widths: tuple[int, ...], n_steps: int, rounds: int, variant: str, rows: int
) -> float:
    X, Y = random_rows(n_steps * rows, widths[0])
    return min(measured_step(comm, variant, X, Y, widths, rows, False) for _ in range(rounds))


def _reduction(comm: Any, size: int) -> float:
    """Return the seconds of a reduction, on the slowest rank."""
    vector, count = np.zeros(size, np.float32), max(3, 200_000 // size)
    total = np.empty_like(vector)
    comm.Barrier()
    begin = time.perf_counter()
    for _ in range(count):
        comm.Allreduce(vector, total)
    return max(comm.allgather((time.perf_counter() - begin) / count))


def parameters_of(name: str) -> int:
    """Return the number of parameters of a network."""
    return sum((a + 1) * b for a, b in pairwise(NETWORKS[name][0]))


def compute_of(found: dict[int, dict[str, Any]], name: str) -> Compute:
    """Return the compute of a network, from the steps of one rank."""
    return fit_compute({int(rows): each for rows, each in found[1]["compute"][name].items()})


def reductions_table(found: dict[int, dict[str, Any]]) -> str:
    """Return the milliseconds of the reductions."""
    ranks = [n for n in found if n > 1]
    lines = [f"{'reduction, ms: float32':24}" + "".join(f"{f'{n} ranks':>12}" for n in ranks)]
    for size in found[2]["reductions"]:
        times = [1e3 * found[n]["reductions"][size] for n in ranks]
        lines.append(f"{int(size):<24,}" + "".join(f"{format_number(each):>12}" for each in times))
    return "\n".join(lines)


def checked_table(found: dict[int, dict[str, Any]], link: Link, processors: int) -> str:
    """Return the microseconds of steps, measured and by the model."""
    lines = [f"{'step, us':20}{'ranks':>6}{'measured':>12}{'model':>12}{'model/measured':>16}"]
    for name in found[1]["steps"]:
        compute, n_bytes = compute_of(found, name), 4 * parameters_of(name)
        for ranks, results in found.items():
            measured = results["steps"][name]
            rows = NETWORKS[name][1]
            model = step_seconds(compute, rows, n_bytes, ranks, link, processors)
            texts = [format_number(1e6 * each) for each in (measured, model)]
            lines.append(f"{name:20}{ranks:6}{texts[0]:>12}{texts[1]:>12}{model / measured:16.2f}")
    return "\n".join(lines)


def simulated_table(found: dict[int, dict[str, Any]]) -> str:
    """Return how many times as fast as one rank more of them are, by the model."""
    heading = f"{'simulated speed-up':24}{'parameters':>12}{'rows':>6}"
    lines = [heading + "".join(f"{f'{n} ranks':>10}" for n in SIMULATED_RANKS)]
    networks = {
        name: (compute_of(found, name), NETWORKS[name][1], parameters_of(name))
        for name in found[1]["steps"]
    }
    networks[LARGE] = (Compute(5e-3, 95e-3 / 256), 256, 10_000_000)
    for title, link in LINKS.items():
        lines.append(title)
        for name, (compute, rows, size) in networks.items():
            alone = step_seconds(compute, rows, 4 * size, 1, link)
            speed_ups = [
                alone / step_seconds(compute, rows, 4 * size, n, link) for n in SIMULATED_RANKS
            ]
            lines.append(
                f"  {name:22}{size:12,}{rows:6}" + "".join(f"{each:10.2f}" for each in speed_ups)
            )
    return "\n".join(lines)


if __name__ == "__main__":
    measure(int(sys.argv[1]), is_quick="quick" in sys.argv[2:])
