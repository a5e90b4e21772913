"""minidl: `fit` and `predict` as a user calls them, on NumPy alone or with the compiled parts of the extra `fast`."""

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
    """Return what is measured, with its version."""
    return f"minidl {minidl.__version__}"


class Trainer:
    """Trains a workload from its first weights on; `settings` are further ones of `fit`."""

    def __init__(
        self, workload: Workload, fast: bool, data: tuple[Any, Any] | None = None, **settings: Any
    ) -> None:
        self.workload, self.fast = workload, fast
        self.model = network(workload)
        self.first = self.model.parameters.theta.copy()
        self.data = data or workload.data()
        self.settings = {"batch_size": workload.batch, "progress": False, **settings}

    def __call__(self, epochs: int) -> None:
        """Train that many epochs."""
        self.model.parameters.theta[:] = self.first
        self.model.fit(*self.data, optimizer=self.optimizer(), epochs=epochs, **self.settings)

    def optimizer(self) -> Optimizer:
        """Return a new one: each call trains anew."""
        rate = self.workload.learning_rate
        return (
            GradientDescent(rate, fast=self.fast)
            if self.workload.optimizer == "gd"
            else Adam(rate, fast=self.fast)
        )

    def weights(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """Return where the last call ended."""
        return [(layer.weight.value, layer.bias.value) for layer in self.model.layers[::2]]


def network(workload: Workload) -> Sequential:
    """Return the network of a workload, with its first weights."""
    layers = [
        layer for into, out in pairwise(workload.widths) for layer in (Linear(into, out), ReLU())
    ]
    last, loss = (
        (Sigmoid(), BinaryCrossEntropy())
        if workload.outputs == 1
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
