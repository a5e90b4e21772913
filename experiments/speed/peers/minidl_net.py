"""minidl: `fit` and `predict` as a user calls them.

On NumPy alone, or with the compiled functions of the extra `fast`.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np

import minidl
from minidl import (
    Adam,
    BinaryCrossEntropy,
    CategoricalCrossEntropy,
    GradientDescent,
    Linear,
    Optimizer,
    ReLU,
    Sequential,
    Sigmoid,
    Softmax,
)

from ..workloads import Workload


def version() -> str:
    """Return the name and the version of what is measured."""
    return f"minidl {minidl.__version__}"


class Trainer:
    """Trains a workload from its initial weights on; `arguments` are passed to `fit`."""

    def __init__(
        self, workload: Workload, fast: bool, data: tuple[Any, Any] | None = None, **arguments: Any
    ) -> None:
        self.workload, self.fast = workload, fast
        self.model = network(workload)
        self.first = self.model.parameters.theta.copy()
        self.data = data or workload.data()
        self.arguments = {"batch_size": workload.batch, "progress": False, **arguments}

    def __call__(self, epochs: int) -> None:
        """Train for this number of epochs."""
        self.model.parameters.theta[:] = self.first
        self.model.fit(*self.data, optimizer=self.optimizer(), epochs=epochs, **self.arguments)

    def optimizer(self) -> Optimizer:
        """Return a new optimizer, as each call trains from the start."""
        rate = self.workload.learning_rate
        return (
            GradientDescent(rate, fast=self.fast)
            if self.workload.optimizer == "gd"
            else Adam(rate, fast=self.fast)
        )

    def weights(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """Return the weights after the last call."""
        return [(layer.weight.value, layer.bias.value) for layer in self.model.layers[::2]]


def network(workload: Workload) -> Sequential:
    """Return the network of a workload, with its initial weights."""
    layers = [
        layer for into, out in pairwise(workload.widths) for layer in (Linear(into, out), ReLU())
    ]
    last, loss = (
        (Sigmoid(), BinaryCrossEntropy())
        if workload.n_outputs == 1
        else (Softmax(), CategoricalCrossEntropy())
    )
    for linear, (weight, bias) in zip(layers[::2], workload.weights(), strict=True):
        linear.weight.value, linear.bias.value = weight, bias
    return Sequential([*layers[:-1], last], loss=loss)


def train(workload: Workload, fast: bool = False) -> Trainer:
    """Return a callable that trains n epochs."""
    return Trainer(workload, fast)


def predict(workload: Workload) -> Callable[[int], None]:
    """Return a callable that predicts all rows n times."""
    model, x = network(workload), workload.data()[0]

    def run(times: int) -> None:
        for _ in range(times):
            model.predict(x)

    return run
