"""The yardstick: the matrix products of a training step, with weights (out, in), written into arrays made before, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np

from ..workloads import Workload

Product = tuple[np.ndarray, np.ndarray, np.ndarray]


def version() -> str:
    """Return what is measured, with its version."""
    return f"numpy {np.__version__}"


def train(workload: Workload) -> Callable[[int], None]:
    """Return a callable that computes the products of n epochs."""
    return _repeat(_epoch(workload))


def predict(workload: Workload) -> Callable[[int], None]:
    """Return a callable that computes the products of the way forward n times, each as one product over all rows."""
    return _repeat(_forward(workload, workload.data()[0]))


def _epoch(workload: Workload) -> list[Product]:
    """List the products of each step: the way forward, the weights' gradients, the inputs' gradients but for the first layer's."""
    steps = {
        size: _forward(workload, _ones(size, workload.widths[0])) for size in set(workload.sizes)
    }
    for forward in steps.values():
        for i, (x, weight, dy) in reversed(list(enumerate(forward))):
            forward.append((dy.T, x, _ones(dy.shape[1], x.shape[1])))
            if i:
                forward.append((dy, weight.T, np.empty_like(x)))
    return [product for size in workload.sizes for product in steps[size]]


def _forward(workload: Workload, x: np.ndarray) -> list[Product]:
    products = []
    for into, out in pairwise(workload.widths):
        weight, y = _ones(out, into).T, _ones(len(x), out)
        products.append((x, weight, y))
        x = y
    return products


def _ones(rows: int, columns: int) -> np.ndarray:
    return np.ones((rows, columns), np.float32)


def _repeat(products: list[Product]) -> Callable[[int], None]:
    def run(times: int) -> None:
        matmul = np.matmul
        for _ in range(times):
            for left, right, out in products:
                matmul(left, right, out)

    return run
