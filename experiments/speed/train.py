"""Training: microseconds per step of five networks, next to other libraries.

A step is everything that training repeats: drawing a mini-batch from the shuffled data in memory,
the forward and the backward pass, and the update of the parameters. Each peer runs in its own
process, with the same initial weights (scikit-learn draws its own) and as many threads as the
others, and takes its turn in every round; a ratio is that of two times of the same round. There are
two references besides the libraries: the step's matrix products alone, computed by NumPy into
existing arrays, which is the least that NumPy can do; and the loop of course notes, whose examples
are columns, in float64. All others compute in float32.

On rented machines the host may move the processors, and what passes between two that share no cache
takes five times as long. With two of them, a turn before or after which they are found far apart is
measured again.

"jax" calls a compiled step for each batch; "jax, whole epoch compiled" allows nothing between two
steps, such as a callback. The cat images are minidl's drawn stand-ins if there are no others; moons
are points in the plane; the rest is random.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from typing import Any

from .. import study
from . import report
from .peers import PEERS, TRAINERS
from .rounds import WorkerPool
from .table import medians, ratio_spreads, spread, table
from .workloads import TRAINING, Workload

BASES = ("minidl", "fast")


def run(options: argparse.Namespace) -> None:
    """Train every workload in rounds, print a table each and a summary, write train.json."""
    machine = report.describe_machine(options.threads)
    rounds, seconds = report.rounds_and_seconds(options)
    print(
        f"Training: microseconds per step, {rounds} rounds; "
        f"ratios below 1: minidl is faster\n{report.heading(machine)}"
    )
    peers = {name: PEERS[name] for name in options.only or TRAINERS}
    titles = {name: peer.title for name, peer in peers.items()}
    results: dict[str, Any] = {}
    with WorkerPool(peers, options.threads, patient=not options.quick) as workers:
        for name in options.workload or TRAINING:
            load = _workload(TRAINING[name], options)
            times = workers.measure(
                "train", {"workload": load.as_dict()}, rounds=rounds, seconds=seconds, label=name
            )
            micro = {
                peer: [1e6 * s / len(load.batch_sizes) for s in seconds_per_epoch]
                for peer, seconds_per_epoch in times.items()
            }
            ratios = {base: ratio_spreads(micro, base) for base in BASES}
            results[name] = {
                "workload": load.as_dict(),
                "microseconds_per_step": micro,
                "ratios": ratios,
            }
            spreads = {peer: spread(values) for peer, values in micro.items()}
            groups = [("microseconds per step", spreads)]
            groups += [(f"{titles[base]} / row", ratios[base]) for base in BASES if ratios[base]]
            print(f"\n{load}\n{table({peer: titles[peer] for peer in micro}, groups)}", flush=True)
    for base in BASES:
        summary = medians(
            titles, {name: result["ratios"][base] for name, result in results.items()}
        )
        if len(summary) > 1:
            print(f"\n{titles[base]} / row, medians\n{study.table(summary)}")
    report.print_and_write(options, workers, machine, {"workloads": results})


def _workload(load: Workload, options: argparse.Namespace) -> Workload:
    folder = None if options.data is None else str(options.data.absolute())
    load = replace(load, folder=folder if load.source == "cats" else None)
    return load.quick() if options.quick else load
