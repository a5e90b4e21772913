"""The reference: the matrix products of a training step, and nothing else.

The weights are (out, in); the products are written into existing arrays.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np

from ..workloads import Workload

Product = tuple[np.ndarray, np.ndarray, np.ndarray]


def version() -> str:
    """Return the name and the version of what is measured."""
    return f"numpy {np.__version__}"


def train(workload: Workload) -> Callable[[int], None]:
    """Return a callable that computes the products of n epochs."""
    return _repeat(_epoch(workload))


def predict(workload: Workload) -> Callable[[int], None]:
    """Return a callable that computes the products of n forward passes over all rows."""
    return _repeat(_forward(workload, workload.data()[0]))


def _epoch(workload: Workload) -> list[Product]:
    """Return the products of all steps of an epoch.

    The forward pass, the gradients of the weights, and those of the inputs except the first.
    """
    steps = {
        size: _forward(workload, _ones(size, workload.widths[0]))
        for size in set(workload.batch_sizes)
    }
    for forward in steps.values():
        for i, (x, weight, dy) in reversed(list(enumerate(forward))):
            forward.append((dy.T, x, _ones(dy.shape[1], x.shape[1])))
            if i:
                forward.append((dy, weight.T, np.empty_like(x)))
    return [product for size in workload.batch_sizes for product in steps[size]]


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
