"""A model of what a step of data-parallel training takes on any number of ranks."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np


class Link(NamedTuple):
    """What connects the ranks.

    Attributes
    ----------
    latency : float
        The seconds that a message takes, whatever its size.
    bandwidth : float
        The bytes of a message that pass in a second.
    """

    latency: float
    bandwidth: float


LINKS = {
    "1 Gbit/s Ethernet": Link(50e-6, 0.12e9),
    "10 Gbit/s Ethernet": Link(20e-6, 1.2e9),
    "100 Gbit/s InfiniBand": Link(2e-6, 12e9),
}
"""Usual figures, assumed and not measured here."""


class Compute(NamedTuple):
    """What a step takes on one processor.

    Attributes
    ----------
    fixed : float
        The seconds that do not depend on the rows: calls, penalties and the optimizer's step.
    per_row : float
        The seconds for each row of the batch.
    """

    fixed: float
    per_row: float


def reduction_seconds(n_bytes: float, ranks: int, link: Link) -> float:
    """Return what the sum of a vector over all ranks takes.

    It is 2 ceil(log2 p) latencies, and 2 (p - 1) / p of the bytes: a reduce-scatter by halves,
    then an allgather (R. Thakur, R. Rabenseifner, W. Gropp, "Optimization of collective
    communication operations in MPICH", 2005, section 4).

    Parameters
    ----------
    n_bytes : float
        The bytes of the vector.
    ranks : int
        The number of ranks p.
    link : Link
        What connects them.
    """
    if ranks == 1:
        return 0.0
    messages = 2 * math.ceil(math.log2(ranks))
    return messages * link.latency + 2 * (ranks - 1) / ranks * n_bytes / link.bandwidth


def step_seconds(
    compute: Compute,
    rows: int,
    n_bytes: float,
    ranks: int,
    link: Link,
    processors: int | None = None,
) -> float:
    """Return what a step takes: the compute of the rows of one rank, and one reduction.

    Parameters
    ----------
    compute : Compute
        The compute of one processor.
    rows : int
        The rows of the whole batch.
    n_bytes : float
        The bytes of the gradient.
    ranks : int
        The number of ranks.
    link : Link
        What connects them.
    processors : int, optional
        How many there are, where ranks take turns on fewer; by default one for each.
    """
    turns = 1.0 if processors is None else max(1.0, ranks / processors)
    own = compute.fixed + compute.per_row * rows / ranks
    return turns * own + reduction_seconds(n_bytes, ranks, link)


def fit_compute(seconds: Mapping[int, float]) -> Compute:
    """Return the straight line through the seconds of steps by their rows.

    It is fitted by least squares of relative errors; neither number is negative.
    """
    rows, times = np.array(list(seconds), float), np.array(list(seconds.values()))
    columns = np.stack([1 / times, rows / times], axis=1)
    (fixed, per_row), *_ = np.linalg.lstsq(columns, np.ones(len(times)))
    if fixed < 0 or per_row < 0:  # one of both is all there is to see
        fixed, per_row = (0.0, float((times / rows).mean())) if fixed < 0 else (times.mean(), 0.0)
    return Compute(float(fixed), float(per_row))


def fit_link(seconds: Mapping[int, float], ranks: int) -> Link:
    """Return the link for which reductions of so many bytes take these seconds.

    Parameters
    ----------
    seconds : mapping of int to float
        The seconds by the bytes of the vector: the shortest tells the latency, the longest the
        bandwidth.
    ranks : int
        The number of ranks of all of them.
    """
    smallest, largest = min(seconds), max(seconds)
    messages, part = 2 * math.ceil(math.log2(ranks)), 2 * (ranks - 1) / ranks
    rate = (seconds[largest] - seconds[smallest]) / (largest - smallest)
    latency = max(seconds[smallest] - rate * smallest, 0.0) / messages
    return Link(latency, part / rate if rate > 0 else math.inf)
