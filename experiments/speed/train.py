"""Training: microseconds per step of five networks, beside other libraries.

A step is everything that training does again and again: it deals a mini-batch from the shuffled data in memory, goes forward and back,
and moves the parameters. Each peer runs in a process of its own, with the same first weights (scikit-learn draws its own) and as many
threads as the others, and takes its turn in every round; a ratio is that of two times of the same round. Beside the libraries stand
two yardsticks: the step's matrix products alone, written by NumPy into arrays made before, which is the least that NumPy can do; and
the notes' loop, the same training as courses teach it, in float64. All else computes in float32.

On rented machines the host may move the processors about, and what passes between two that share no cache takes five times as long. With
two of them, a turn before or after which they are found far apart is measured again.

"jax" calls a compiled step for each batch; "jax, whole epoch compiled" lets nobody look on between two steps, as a training loop of
Python does. The cat pictures are minidl's drawn stand-ins where there are none; moons are points in the plane; the rest is random.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from typing import Any

from .. import study
from . import report
from .peers import PEERS, TRAINERS
from .rounds import Crew
from .table import medians, ratio_spreads, spread, table
from .workloads import TRAINING, Workload

BASES = ("minidl", "fast")


def run(options: argparse.Namespace) -> None:
    """Train every workload in rounds, print a table each and a summary, write train.json."""
    told, (rounds, seconds) = report.machine(options.threads), report.effort(options)
    print(
        f"Training: microseconds per step, {rounds} rounds; ratios below 1: minidl is faster\n{report.heading(told)}"
    )
    peers = {name: PEERS[name] for name in options.only or TRAINERS}
    titles = {name: peer.title for name, peer in peers.items()}
    results: dict[str, Any] = {}
    with Crew(peers, options.threads, patient=not options.quick) as crew:
        for name in options.workload or TRAINING:
            load = _settled(TRAINING[name], options)
            times = crew.measure(
                "train", {"workload": load.fields()}, rounds=rounds, seconds=seconds, label=name
            )
            micro = {
                peer: [1e6 * one / len(load.sizes) for one in each] for peer, each in times.items()
            }
            ratios = {base: ratio_spreads(micro, base) for base in BASES}
            results[name] = {
                "workload": load.fields(),
                "microseconds_per_step": micro,
                "ratios": ratios,
            }
            groups = [(f"{titles[base]} / row", held) for base, held in ratios.items() if held]
            spreads = {peer: spread(each) for peer, each in micro.items()}
            print(
                f"\n{load}\n{table({peer: titles[peer] for peer in micro}, [('microseconds per step', spreads), *groups])}",
                flush=True,
            )
    for base in BASES:
        summary = medians(titles, {name: held["ratios"][base] for name, held in results.items()})
        if len(summary) > 1:
            print(f"\n{titles[base]} / row, medians\n{study.table(summary)}")
    report.finish(options, crew, told, {"workloads": results})


def _settled(load: Workload, options: argparse.Namespace) -> Workload:
    folder = None if options.data is None else str(options.data.absolute())
    load = replace(load, folder=folder if load.source == "cats" else None)
    return load.small() if options.quick else load
