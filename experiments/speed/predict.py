"""Prediction: one example, and 10,000, through 12288-20-7-5-1.

Each peer runs in a process of its own and takes its turn in every round, as in `train`. minidl and scikit-learn go from a NumPy array
to a NumPy array and look at what they are given; jax and torch go from an array of their own to one of their own. The matrix products
alone are four calls of np.matmul, each one product over all rows; minidl goes through the rows in passes. The 10,000 random rows take
half a gigabyte in each process: with less than 8 GB of memory, measure some peers at a time, by --only.
"""

from __future__ import annotations

import argparse
from typing import Any

from . import report
from .peers import PEERS, PREDICTORS
from .rounds import Crew
from .table import ratio_spreads, spread, table
from .workloads import PREDICTION


def run(options: argparse.Namespace) -> None:
    """Predict in rounds, print a table for each number of rows, write predict.json."""
    told, (rounds, seconds) = report.machine(options.threads), report.effort(options)
    print(
        f"Prediction: microseconds per call, {rounds} rounds; ratios below 1: minidl is faster\n{report.heading(told)}"
    )
    peers = {name: PEERS[name] for name in options.only or PREDICTORS}
    titles = {name: peer.title for name, peer in peers.items()}
    results: dict[str, Any] = {}
    with Crew(peers, options.threads, patient=not options.quick) as crew:
        for name in options.workload or PREDICTION:
            load = PREDICTION[name].small() if options.quick else PREDICTION[name]
            times = crew.measure(
                "predict", {"workload": load.fields()}, rounds=rounds, seconds=seconds, label=name
            )
            micro = {peer: [1e6 * one for one in each] for peer, each in times.items()}
            results[name] = {
                "workload": load.fields(),
                "microseconds_per_call": micro,
                "ratios": ratio_spreads(micro, "minidl"),
            }
            spreads = {peer: spread(each) for peer, each in micro.items()}
            groups = [("microseconds", spreads), ("minidl / row", ratio_spreads(micro, "minidl"))]
            what = f"{name}: {load.rows:,} example{'s' * (load.rows > 1)} through {'-'.join(map(str, load.widths))}"
            print(f"\n{what}\n{table({peer: titles[peer] for peer in micro}, groups)}", flush=True)
    report.finish(options, crew, told, {"workloads": results})
