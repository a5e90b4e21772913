"""Layers for pictures and sequences, and whole training steps, next to PyTorch and usual NumPy.

Forward and backward of a layer on arrays in memory, without dx where it is the first of a network;
or a step of `fit` on one batch, with the loss and Adam. PyTorch has its pictures with the channels
last, as minidl. Usual NumPy is what is written to explain a layer: the windows of a whole batch
copied into one matrix, the argmax of windows, an LSTM step by step. All compute in float32, and
each is first compared with usual NumPy in float64; one that differs is not measured.

Each peer has its own process and takes its turn in every round. A ratio is that of the shortest
turns, in which nothing else disturbed the machine. With one thread, processor time is measured, and
all processes are pinned to the same processor where the system can do that. Behind a ratio stand
its goal and whether it is met; the goals of layers are for one thread, those of steps for one or
two. The memory is what a layer takes beyond its inputs and outputs. A layer without a compiled form
has a dash under minidl[fast].
"""

from __future__ import annotations

import argparse
import contextlib
import operator
import os
import statistics
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from .. import study
from . import report
from .layer_loads import LAYERS, MEAN_GOALS, STEP_GOALS_OF_TWO_THREADS, Goals, LayerLoad
from .peers import LAYER_PEERS
from .peers.minidl_layers import CLASSES, has_fast
from .rounds import WorkerPool
from .table import format_number

Cells = list[str | None]
Times = Mapping[str, float]

REPEATS = 4  # in a turn, of a layer


class Comparison(NamedTuple):
    """The time of one peer over that of another, and the name of its goal."""

    above: str
    below: str
    goal: str
    sign: str = "<="

    def ratio(self, times: Times) -> float | None:
        """Return the ratio of two times, if there are both."""
        if self.above in times and self.below in times:
            return times[self.above] / times[self.below]
        return None

    @property
    def title(self) -> str:
        """Return the heading of its column."""
        return f"{LAYER_PEERS[self.above].title} / {LAYER_PEERS[self.below].title}"


WITH_TORCH = (Comparison("minidl", "torch", "minidl"), Comparison("fast", "torch", "fast"))
WITH_USUAL = (
    Comparison("usual", "minidl", "usual", ">="),
    Comparison("usual", "fast", "usual-fast", ">="),
)
HOLDS: Mapping[str, Callable[[float, float], bool]] = {"<=": operator.le, ">=": operator.ge}


def run(options: argparse.Namespace) -> None:
    """Measure every layer in rounds, print two tables, write layers.json."""
    machine = report.describe_machine(options.threads)
    rounds, seconds = report.rounds_and_seconds(options)
    print(f"Layers: shortest of {rounds} turns each\n{report.heading(machine)}")
    peers = {name: LAYER_PEERS[name] for name in options.only or LAYER_PEERS}
    results: dict[str, Any] = {}
    conditions = {
        "patient": not options.quick,
        "clock": "process_time" if options.threads == 1 else "perf_counter",
    }
    with pinned(options.threads), WorkerPool(peers, options.threads, **conditions) as workers:
        for name in options.workload or LAYERS:
            load = LAYERS[name]
            results[name] = {"seconds": {}, "facts": {}}
            taking_part = [each for each in peers if each != "fast" or has_fast(CLASSES[load.kind])]
            if not taking_part:
                continue
            turns = workers.measure(
                "measure",
                {"name": name, "quick": options.quick},
                rounds=rounds,
                seconds=seconds,
                label=name,
                repeats=REPEATS if load.steps == 1 else 1,
                only=taking_part,
            )
            for peer, times in turns.items():
                results[name]["seconds"][peer] = [each / load.steps for each in times]
                results[name]["facts"][peer] = workers.facts[peer]
    tables = [ratio_table(results, options.threads), usual_table(results, options.threads)]
    print("", *tables, sep="\n\n")
    report.print_and_write(options, workers, machine, {"layers": results})


@contextlib.contextmanager
def pinned(threads: int) -> Iterator[None]:
    """Pin this process, and those that it starts, to one processor if they have one thread."""
    if threads > 1 or not hasattr(os, "sched_setaffinity"):
        yield
        return
    processors = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(processors)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, processors)


def goals_of(load: LayerLoad, threads: int) -> Goals:
    """Return the goals of a load: times have them for one thread, and steps also for two."""
    if threads == 1:
        return load.goals
    if threads == 2 and load.kind == "step":
        return STEP_GOALS_OF_TWO_THREADS
    return {name: goal for name, goal in load.goals.items() if name == "memory"}


def judged(value: float | None, goals: Goals, name: str, sign: str = "<=") -> Cells:
    """Return the cells of a figure: the figure, its goal, and whether the goal is met.

    Examples
    --------
    >>> judged(1.31, {"minidl": 1.4}, "minidl"), judged(1.5, {"usual": 1.7}, "usual", ">=")
    (['1.31', '<= 1.4', 'yes'], ['1.50', '>= 1.7', 'no'])
    >>> judged(0.5, {}, "minidl"), judged(None, {"minidl": 1.4}, "minidl")
    (['0.50', None, None], [None, '<= 1.4', None])
    """
    goal = goals.get(name)
    figure = None if value is None else format_number(value)
    if goal is None:
        return [figure, None, None]
    met = None if value is None else ("yes" if HOLDS[sign](value, goal) else "no")
    return [figure, f"{sign} {goal:g}", met]


def ratio_table(results: Mapping[str, Any], threads: int) -> str:
    """Return the ratios to PyTorch's times, and the means of the convolutions."""
    rows: list[Cells] = [["", "torch, ms"]]
    for comparison in WITH_TORCH:
        rows[0] += [comparison.title, "goal", "met"]
    ratios: dict[str, list[float]] = {}
    for name, result in results.items():
        load, times = LAYERS[name], shortest(result)
        rows.append([str(load), _milliseconds(times, "torch")])
        for comparison in WITH_TORCH:
            ratio = comparison.ratio(times)
            rows[-1] += judged(ratio, goals_of(load, threads), comparison.goal)
            if ratio is not None and load.kind == "convolution":
                ratios.setdefault(comparison.goal, []).append(ratio)
    if ratios:
        rows.append(["mean of the convolutions", None])
        for comparison in WITH_TORCH:
            found = ratios.get(comparison.goal)
            goals = MEAN_GOALS if threads == 1 else {}
            rows[-1] += judged(statistics.mean(found) if found else None, goals, comparison.goal)
    return study.table(rows)


def usual_table(results: Mapping[str, Any], threads: int) -> str:
    """Return the ratios of the times of usual NumPy, and the memory of the layers."""
    rows: list[Cells] = [["", "usual, ms"]]
    for comparison in WITH_USUAL:
        rows[0] += [comparison.title, "goal", "met"]
    rows[0] += ["minidl, MiB", "goal", "met", "usual, MiB"]
    for name, result in results.items():
        load, times, memory = LAYERS[name], shortest(result), memory_of(result)
        goals = goals_of(load, threads)
        rows.append([str(load), _milliseconds(times, "usual")])
        for comparison in WITH_USUAL:
            rows[-1] += judged(comparison.ratio(times), goals, comparison.goal, comparison.sign)
        rows[-1] += [
            *judged(memory.get("minidl"), goals, "memory"),
            *judged(memory.get("usual"), {}, "")[:1],
        ]
    return study.table(rows)


def shortest(result: Mapping[str, Any]) -> dict[str, float]:
    """Return the shortest time of each peer."""
    return {peer: min(seconds) for peer, seconds in result["seconds"].items()}


def memory_of(result: Mapping[str, Any]) -> dict[str, float]:
    """Return the memory of each peer for which it is known, in MiB."""
    facts = result["facts"].items()
    return {peer: each["work_mib"] for peer, each in facts if "work_mib" in each}


def _milliseconds(times: Times, peer: str) -> str | None:
    return format_number(1000 * times[peer]) if peer in times else None
