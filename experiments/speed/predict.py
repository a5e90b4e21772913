"""Prediction: one example, and 10,000, through 12288-20-7-5-1.

Each peer runs in its own process and takes its turn in every round, as in `train`. minidl and
scikit-learn take and return NumPy arrays and validate their input; jax and torch take and return
their own arrays. The matrix products alone are four calls of np.matmul, each one product over all
rows; minidl predicts in batches. The 10,000 random rows take half a gigabyte in each process: with
less than 8 GB of memory, measure some peers at a time, with --only.
"""

from __future__ import annotations

import argparse
from typing import Any

from .. import study
from . import report
from .peers import PEERS, PREDICTORS
from .rounds import WorkerPool
from .table import ratio_spreads, spread, table
from .workloads import PREDICTION


def run(options: argparse.Namespace) -> None:
    """Predict in rounds, print a table for each number of rows, write predict.json."""
    machine = report.describe_machine(options.threads)
    rounds, seconds = report.rounds_and_seconds(options)
    print(
        f"Prediction: microseconds per call, {rounds} rounds; "
        f"ratios below 1: minidl is faster\n{report.heading(machine)}"
    )
    peers = {name: PEERS[name] for name in options.only or PREDICTORS}
    titles = {name: peer.title for name, peer in peers.items()}
    results: dict[str, Any] = {}
    with WorkerPool(peers, options.threads, patient=not options.quick) as workers:
        for name in options.workload or PREDICTION:
            load = PREDICTION[name].quick() if options.quick else PREDICTION[name]
            times = workers.measure(
                "predict", {"workload": load.as_dict()}, rounds=rounds, seconds=seconds, label=name
            )
            micro = {peer: [1e6 * s for s in seconds] for peer, seconds in times.items()}
            results[name] = {
                "workload": load.as_dict(),
                "microseconds_per_call": micro,
                "ratios": ratio_spreads(micro, "minidl"),
            }
            spreads = {peer: spread(values) for peer, values in micro.items()}
            groups = [("microseconds", spreads), ("minidl / row", ratio_spreads(micro, "minidl"))]
            examples = "1 example" if load.rows == 1 else f"{load.rows:,} examples"
            heading = f"{name}: {examples} through {study.network_name(load.widths)}"
            rows = {peer: titles[peer] for peer in micro}
            print(f"\n{heading}\n{table(rows, groups)}", flush=True)
    report.print_and_write(options, workers, machine, {"workloads": results})
