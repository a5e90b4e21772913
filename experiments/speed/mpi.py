"""Training by several processes, next to a bare Allreduce and the compute of one rank alone.

Ranks on this machine train networks of several sizes on random rows, one thread of BLAS each. In
each round all variants take turns, and the slowest rank counts. "compute" is the training of one
process on batches that have the rows of one rank; "Allreduce" adds a bare Allreduce of the gradient
to it, the least that a step of several ranks can take. Ratios are those to "Allreduce", of one
round. More ranks than processors take turns, so that their times tell nothing.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from itertools import pairwise
from typing import Any

import numpy as np

from minidl import (
    Adam,
    BatchNorm,
    BinaryCrossEntropy,
    Callback,
    DataParallel,
    Layer,
    Linear,
    ReLU,
    Sequential,
    Sigmoid,
)
from minidl.parallel.world import world

from . import report
from .ranks import run_on_ranks
from .table import format_number, ratios, spread

NETWORKS = {
    "moons": ((2, 16, 16, 1), 64, 40),
    "digits": ((784, 256, 128, 1), 128, 20),
    "cats": ((12288, 20, 7, 5, 1), 64, 10),
}
"""The widths of the layers, the rows of a batch, and the steps of an epoch."""

COMPUTE, BARE, FAST, EXACT = "compute", "Allreduce", "exact=False", "exact=True"
VARIANTS = (COMPUTE, BARE, FAST, EXACT)
RANKS = 2


def run(options: argparse.Namespace) -> None:
    """Measure in rounds on two ranks, print a table, write mpi.json."""
    machine = report.describe_machine(threads=1)
    rounds = 2 if options.quick else options.rounds
    results = run_on_ranks(RANKS, "experiments.speed.mpi", rounds, is_quick=options.quick)
    print(f"Data-parallel training on {RANKS} ranks, {rounds} rounds")
    print(report.heading(machine), end="\n\n")
    print(table(results))
    report.write(options, {"machine": machine, "seconds": results})


def table(results: dict[str, dict[str, list[float]]]) -> str:
    """Return the shortest step of each variant, and its ratios to the bare reduction."""
    lines = [
        f"{'':32}{'parameters':>11}{'shortest step, us':>19}{'of Allreduce: least, median':>30}"
    ]
    for name, times in results.items():
        widths = NETWORKS[name.split(",")[0]][0]
        size = sum((a + 1) * b for a, b in pairwise(widths))
        for variant in VARIANTS:
            least, median, _ = spread(ratios(times[variant], times[BARE]))
            microseconds = format_number(1e6 * min(times[variant]))
            row = f"{name}, {variant}"
            lines.append(f"{row:32}{size:11,}{microseconds:>19}{least:22.2f}{median:8.2f}")
    return "\n".join(lines)


class AddUp(Callback):
    """The ten lines that do the least: they forget penalties, dropout, metrics and stops."""

    def __init__(self, comm: Any) -> None:
        from mpi4py import MPI

        self.comm, self.in_place = comm, MPI.IN_PLACE

    def on_gradient(self, run: Any) -> None:
        """Replace the gradient by the sum over all ranks."""
        self.comm.Allreduce(self.in_place, run.model.parameters.grad)


def measure(rounds: int, *, is_quick: bool) -> None:
    """Measure on the ranks that mpiexec has started; rank 0 prints the seconds of a step."""
    comm = world("the benchmark mpi")
    results: dict[str, dict[str, list[float]]] = {}
    for name in ("moons",) if is_quick else NETWORKS:
        widths, batch_size, n_steps = NETWORKS[name]
        for is_normalized in (False, True):
            title = f"{name}, batch norm" if is_normalized else name
            times = results[title] = {variant: [] for variant in VARIANTS}
            X, Y = random_rows(batch_size * (2 if is_quick else n_steps), widths[0])
            for number in range(rounds + 1):
                for variant in VARIANTS:
                    seconds = step_seconds(comm, variant, X, Y, widths, batch_size, is_normalized)
                    if number:  # the first round warms up
                        times[variant].append(seconds)
    if comm.Get_rank() == 0:
        print(json.dumps(results))


def random_rows(n_rows: int, n_features: int) -> tuple[Any, Any]:
    """Return random examples and classes."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((n_rows, n_features)).astype(np.float32)
    return X, rng.integers(2, size=(n_rows, 1))


def step_seconds(
    comm: Any,
    variant: str,
    X: Any,
    Y: Any,
    widths: tuple[int, ...],
    batch_size: int,
    is_normalized: bool,
) -> float:
    """Return the seconds of a step of a variant, on the slowest rank."""
    layers: list[Layer] = []
    for n_in, n_out in pairwise(widths):
        layers += [Linear(n_in, n_out), ReLU()]
        if is_normalized and n_out > 1:
            layers.append(BatchNorm(n_out))
    model = Sequential([*layers[:-1], Sigmoid()], loss=BinaryCrossEntropy())
    clock = Clock()
    options: dict[str, Any] = {"batch_size": batch_size, "callbacks": [clock]}
    if variant in (COMPUTE, BARE):
        n_own = len(X) // comm.Get_size()
        X, Y = X[:n_own], Y[:n_own]
        options["batch_size"] = batch_size // comm.Get_size()
    if variant == BARE:
        options["callbacks"].append(AddUp(comm))
    elif variant != COMPUTE:
        options["comm"] = DataParallel(comm, exact=variant == EXACT)
    comm.Barrier()
    # The first epoch makes the work arrays.
    model.fit(X, Y, optimizer=Adam(), epochs=4, progress=False, **options)
    shortest = float(np.diff(clock.ends).min())
    return max(comm.allgather(shortest)) / (len(X) // options["batch_size"])


class Clock(Callback):
    """Keep the moments at which epochs have ended."""

    def __init__(self) -> None:
        self.ends: list[float] = []

    def on_epoch_end(self, run: Any) -> None:
        """Note the moment."""
        self.ends.append(time.perf_counter())


if __name__ == "__main__":
    measure(int(sys.argv[1]), is_quick="quick" in sys.argv[2:])
