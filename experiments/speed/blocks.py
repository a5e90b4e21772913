"""Predictions of many rows by Dask, Spark and a server of ONNX, next to a plain loop.

A network 20-64-64-3 predicts blocks of rows, in float32; engines that are not installed are left
out. "start" is the time until the first block is predicted; then thousands of rows a second, and
whether all bits are those of the loop. The server is that of docs/prediction.md, asked by eight
threads; its outputs, from another program and in decimal digits, are compared to 1e-6. Everything
has one thread of BLAS; Dask and Spark have two processes, or threads that share the model.
"""

from __future__ import annotations

import argparse
import time
import warnings
from importlib.util import find_spec
from typing import Any

import numpy as np

from minidl import CategoricalCrossEntropy, Linear, MinidlError, ReLU, Sequential, Softmax

from .. import study
from . import report
from .block_engines import BLOCK_ENGINES, BlockEngine

N_FEATURES, N_CLASSES = 20, 3


def run(options: argparse.Namespace) -> None:
    """Predict by every engine that is installed, print a table, write blocks.json."""
    from threadpoolctl import threadpool_limits

    machine = report.describe_machine(threads=1)
    n_blocks, block_size = (2, 10) if options.quick else (100, 2_000)
    X = np.random.default_rng(0).standard_normal((n_blocks, block_size, N_FEATURES))
    blocks = list(X.astype(np.float32))
    print(f"blocks: {n_blocks} of {block_size:,} rows\n{report.heading(machine)}\n")
    rows = [["", "start, s", "1000 rows/s", "as the loop"]]
    results = {}
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the engines warn of their own affairs
        expected = [_network().predict(block) for block in blocks]
        for name, engine in BLOCK_ENGINES.items():
            missing = [each for each in engine.packages if find_spec(each) is None]
            if missing:
                print(f"not measured: {name} ({', '.join(missing)} not installed)")
                continue
            found = _measure(engine, blocks, expected, 1 if options.quick else options.rounds)
            results[name] = found
            rows.append(
                [
                    name,
                    f"{found['start']:.2f}",
                    f"{0.001 * found['rows per second']:.1f}",
                    "yes" if found["agrees"] else "no",
                ]
            )
    print(study.table(rows))
    report.write(options, {"machine": machine, "engines": results})
    if not all(found["agrees"] for found in results.values()):
        raise MinidlError("the outputs of an engine differ from those of the loop")


def _measure(
    engine: BlockEngine, blocks: list[Any], expected: list[Any], rounds: int
) -> dict[str, Any]:
    """Return what an engine costs, and whether its outputs are the expected ones."""
    began = time.perf_counter()
    with engine.start(_network(), blocks) as predict:
        predict(1)
        start = time.perf_counter() - began
        seconds, agrees = [], True
        for _ in range(rounds):
            began = time.perf_counter()
            outputs = predict(len(blocks))
            seconds.append(time.perf_counter() - began)
            difference = np.abs(outputs - np.concatenate(expected)).max()
            agrees = agrees and bool(difference <= engine.tolerance)
    n_rows = sum(map(len, blocks))
    return {"start": start, "rows per second": n_rows / min(seconds), "agrees": agrees}


def _network() -> Sequential:
    layers = [Linear(N_FEATURES, 64), ReLU(), Linear(64, 64), ReLU(), Linear(64, N_CLASSES)]
    return Sequential([*layers, Softmax()], loss=CategoricalCrossEntropy(), seed=1)
