"""Sparse rows: the steps of a network on hashed words, next to those on the same rows as an array.

20,000 features of which a text fills 0.5 %, 100 units, float32, one thread, processor time. First
the products of the first layer alone, forward and the gradient of its weights, for batches of
several sizes, with warm caches; also those of `SparseLinear`, whose weights are (in, out). Then
whole steps by parts, as they follow each other in training, with Adam in NumPy and as it is
compiled, if numba is there; beside them Adam for only the columns that occur in a batch, which is
not what minidl does. Matrix and array take turns in each round, and a ratio is that of one round.
At last the memory of rows and training, and how far predictions differ.
"""

from __future__ import annotations

import argparse
import time
import tracemalloc
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from minidl import (
    Adam,
    BinaryCrossEntropy,
    Linear,
    MiniBatches,
    ReLU,
    Sequential,
    Sigmoid,
    SparseLinear,
)
from minidl.batching.batch import Batch
from minidl.errors import MissingDependencyError

from .. import study
from . import report
from .hashed_texts import hashed_texts
from .table import ratios, spread

N_FEATURES = 20_000
UNITS = 100
N_TEXTS = 4096
PRODUCT_SIZES = (64, 128, 256, 1024, 4096)
STEP_SIZES = (64, 256)
REPEATS = 5
"""Of which the shortest counts, in a round."""

PARTS = ("batch", "first layer, forward", "first layer, gradient", "the rest", "Adam")
COMPILED = "Adam, compiled"
COLUMNS_ONLY = "Adam, the batch's columns"
Times = dict[str, list[float]]


def run(options: argparse.Namespace) -> None:
    """Measure products and steps in rounds, print two tables, write sparse.json."""
    from threadpoolctl import threadpool_limits  # the other benchmarks need it not

    machine = report.describe_machine(threads=1)
    rounds = 2 if options.quick else options.rounds
    n_features, m = (500, 256) if options.quick else (N_FEATURES, N_TEXTS)
    X, y = hashed_texts(m + m // 4, n_features)
    rows = {"dense": X[:m].toarray(), "sparse": X[:m]}
    filled = X.nnz / np.prod(X.shape)
    print(f"Sparse rows: {m:,} x {n_features:,}, {filled:.2%} filled, {rounds} rounds")
    print(report.heading(machine), end="\n\n")
    results: dict[str, Any] = {"filled": filled}
    with threadpool_limits(1):
        results["products"] = {
            size: product_times(rows, size, rounds) for size in PRODUCT_SIZES if size <= m
        }
        results["steps"] = {
            size: step_times(rows, y[:m], size, rounds) for size in STEP_SIZES if size <= m
        }
        results["memory"] = memory(rows, y[:m])
        results["predictions"] = predictions(rows["sparse"], y[:m], X[m:], y[m:])
    print(products_table(results["products"]), steps_table(results["steps"]), sep="\n\n")
    print("\n" + facts(results))
    report.write(options, {"machine": machine, **results})


def network(first: type[Linear], n_features: int) -> Sequential:
    """Return the network of all measurements, which begins with a `first`."""
    layers = [first(n_features, UNITS), ReLU(), Linear(UNITS, 1), Sigmoid()]
    return Sequential(layers, loss=BinaryCrossEntropy())


FIRST: dict[str, type[Linear]] = {"dense": Linear, "sparse": SparseLinear}
BY_UNIT, BY_WORD, DENSE = "sparse", "SparseLinear", "dense"


def shortest(function: Callable[[], object]) -> float:
    """Return the processor time of the shortest of some calls."""
    seconds = []
    for _ in range(REPEATS):
        start = time.process_time()
        function()
        seconds.append(time.process_time() - start)
    return min(seconds)


def product_times(rows: Mapping[str, Any], size: int, rounds: int) -> dict[str, Times]:
    """Return the seconds of both products of the first layer, by peer and by product."""
    peers: dict[str, tuple[Any, type[Linear]]] = {
        DENSE: (rows["dense"], Linear),
        BY_UNIT: (rows["sparse"], Linear),
        BY_WORD: (rows["sparse"], SparseLinear),
    }
    found: dict[str, Times] = {peer: defaultdict(list) for peer in peers}
    dy = np.random.default_rng(0).standard_normal((size, UNITS)).astype(np.float32)
    for number in range(rounds):
        for peer, (X, kind) in peers.items():
            layer = kind(X.shape[1], UNITS)
            batches = MiniBatches(X, np.zeros((X.shape[0], 1)), batch_size=size, seed=number)
            x = next(iter(batches)).x

            def forward(layer: Any = layer, x: Any = x) -> None:
                # What a batch has found out about itself must not be reused.
                layer.forward(x if isinstance(x, np.ndarray) else x.copy())

            def gradient(layer: Any = layer) -> None:
                layer.backward_parameters(dy)

            for name, function in (("forward", forward), ("gradient", gradient)):
                function()
                found[peer][name].append(shortest(function))
    return found


def step_times(
    rows: Mapping[str, Any], y: Any, size: int, rounds: int
) -> dict[str, dict[str, float]]:
    """Return the median seconds of the parts of a step, by peer and by part."""
    found: dict[str, Times] = {peer: defaultdict(list) for peer in rows}
    for number in range(rounds):
        for peer, X in rows.items():
            for part, seconds in _step_parts(FIRST[peer], X, y, size, number):
                found[peer][part].append(seconds)
    return {
        peer: {part: float(np.median(seconds)) for part, seconds in times.items()}
        for peer, times in found.items()
    }


def _step_parts(
    kind: type[Linear], X: Any, y: Any, size: int, seed: int
) -> Iterator[tuple[str, float]]:
    """Yield the seconds of each part of the steps of an epoch, which are steps of Adam."""
    model = network(kind, X.shape[1])
    objective: Any = model.objective_function
    first: Any = model.layers[0]
    theta, grad = model.parameters.theta, model.parameters.grad
    optimizers = {"Adam": Adam(fast=False), COMPILED: Adam(fast=True)}
    columns_only = ColumnsAdam(UNITS, X.shape[1])
    batches = iter(MiniBatches(X, y[:, None].astype(np.float32), batch_size=size, seed=seed))
    dy = np.full((size, UNITS), 1e-4, np.float32)
    while True:
        start = time.process_time()
        batch = next(batches, None)
        if batch is None or len(batch.x) < size:
            return
        ends = [start, time.process_time()]
        first.forward(batch.x)
        ends.append(time.process_time())
        first.backward_parameters(dy)
        ends.append(time.process_time())
        yield from zip(PARTS, np.diff(ends).tolist(), strict=False)
        hidden = first.forward(batch.x)
        start = time.process_time()
        _run_the_rest(objective, hidden, batch)
        yield "the rest", time.process_time() - start
        for name, optimizer in optimizers.items():
            start = time.process_time()
            try:
                optimizer.step(theta, grad)
            except MissingDependencyError:
                continue
            yield name, time.process_time() - start
        if not isinstance(batch.x, np.ndarray):
            start = time.process_time()
            columns_only.step(first.weight.value, first.weight.grad, batch.x.csr.indices)
            yield COLUMNS_ONLY, time.process_time() - start


def _run_the_rest(objective: Any, hidden: Any, batch: Batch) -> None:
    """Run all but the first layer, forward and backward."""
    for layer in objective.layers_before_loss[1:]:
        hidden = layer.forward(hidden, training=True)
    objective.loss_from_output(hidden, batch.y)
    dy = objective.loss_backward()
    for layer in reversed(objective.layers_before_loss[1:]):
        dy = layer.backward(dy)


class ColumnsAdam:
    """Adam that moves only the weights of the columns in a batch: what a lazy form would cost."""

    def __init__(self, units: int, n_features: int) -> None:
        self.moments = np.zeros((2, n_features, units), np.float32)

    def step(self, weight: Any, grad: Any, indices: Any) -> None:
        """Move these columns; the others keep their moments, too."""
        columns = np.unique(indices)
        first, second = self.moments
        g, v, s = grad[columns], first[columns], second[columns]
        v *= np.float32(0.9)
        v += g
        s *= np.float32(0.999)
        s += np.multiply(g, g, out=g)
        first[columns], second[columns] = v, s
        step = np.sqrt(s, out=s)
        step += np.float32(1e-8)
        np.divide(v, step, out=step)
        step *= np.float32(1e-4)
        weight[columns] -= step


def memory(rows: Mapping[str, Any], y: Any) -> dict[str, dict[str, int]]:
    """Return the bytes of the rows, and those that an epoch takes besides, by peer."""
    found = {}
    for peer, X in rows.items():
        model = network(FIRST[peer], X.shape[1])
        tracemalloc.start()
        model.fit(X, y, optimizer=Adam(), epochs=1, progress=False)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        arrays = [X] if isinstance(X, np.ndarray) else [X.data, X.indices, X.indptr]
        found[peer] = {"rows": sum(array.nbytes for array in arrays), "training": peak}
    return found


def predictions(X: Any, y: Any, X_test: Any, y_test: Any) -> dict[str, float]:
    """Train on the matrix; return the accuracy on others, and how far both kinds differ."""
    model = network(SparseLinear, X.shape[1])
    model.fit(X, y, optimizer=Adam(), epochs=3, progress=False)
    gap = np.abs(model.predict(X_test) - model.predict(X_test.toarray())).max()
    return {"accuracy": model.evaluate(X_test, y_test)["accuracy"], "difference": float(gap)}


def products_table(products: Mapping[int, Mapping[str, Times]]) -> str:
    """Return a row for each size of batch: milliseconds of both products, and the ratios."""
    names = ["forward", "gradient", "dense / sparse: min", "median", "max"]
    rows: list[list[Any]] = [["products, ms", *names]]
    for size, times in products.items():
        sums = {
            peer: np.add(times[peer]["forward"], times[peer]["gradient"]).tolist() for peer in times
        }
        for peer in times:
            cells = [f"{1000 * min(times[peer][name]):.2f}" for name in ("forward", "gradient")]
            speedups = spread(ratios(sums[DENSE], sums[peer]))
            cells += [f"{speedup:.1f}" for speedup in speedups]
            rows.append([f"batch of {size:,}, {peer}", *cells])
    return study.table(rows)


def steps_table(steps: Mapping[int, Mapping[str, Mapping[str, float]]]) -> str:
    """Return a row for each part of a step, in milliseconds."""
    heading = [f"{kind}, {size}" for size in steps for kind in ("sparse", "dense")]
    rows: list[list[Any]] = [["step, ms", *heading]]
    columns = [steps[size][kind] for size in steps for kind in ("sparse", "dense")]
    rows += [
        [title, *(_milliseconds(column.get(title)) for column in columns)]
        for title in (*PARTS, COMPILED, COLUMNS_ONLY)
    ]
    sums = [sum(column[part] for part in PARTS) for column in columns]
    rows.append(["total, Adam in NumPy", *map(_milliseconds, sums)])
    return study.table(rows)


def _milliseconds(seconds: float | None) -> str | None:
    return None if seconds is None else f"{1000 * seconds:.2f}"


def facts(results: Mapping[str, Any]) -> str:
    """Return lines on memory and predictions."""
    sparse, dense = results["memory"]["sparse"], results["memory"]["dense"]
    found = results["predictions"]
    return "\n".join(
        [
            f"rows: {sparse['rows'] / 1e6:.1f} MB, as an array {dense['rows'] / 1e6:.1f} MB",
            f"an epoch takes {sparse['training'] / 1e6:.1f} MB besides, with the array "
            f"{dense['training'] / 1e6:.1f} MB",
            f"predictions differ by {found['difference']:.1e}; accuracy {found['accuracy']:.3f}",
        ]
    )
