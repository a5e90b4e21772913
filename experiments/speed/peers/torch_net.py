"""PyTorch: `nn.Sequential`, the loss from logits, the fused optimizer.

Batches are gathered by index from a tensor in memory.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import torch
from torch import nn

from ..workloads import Workload


def version() -> str:
    """Return the name and the version of what is measured."""
    return f"torch {torch.__version__}"


class Trainer:
    """Trains a workload from its initial weights."""

    def __init__(self, workload: Workload) -> None:
        self.workload = workload
        x, labels = workload.data()
        self.x = torch.from_numpy(x)
        self.y = torch.from_numpy(
            labels.astype(np.float32)[:, np.newaxis] if workload.n_outputs == 1 else labels
        )
        self.loss = nn.BCEWithLogitsLoss() if workload.n_outputs == 1 else nn.CrossEntropyLoss()
        self.net = network(workload)
        self.first = {name: tensor.clone() for name, tensor in self.net.state_dict().items()}

    def __call__(self, epochs: int) -> None:
        """Train for this number of epochs."""
        self.net.load_state_dict(self.first)
        kind = torch.optim.SGD if self.workload.optimizer == "gd" else torch.optim.Adam
        optimizer = kind(self.net.parameters(), lr=self.workload.learning_rate, fused=True)
        for _ in range(epochs):
            for x, y in self.batches():
                optimizer.zero_grad()
                self.loss(self.net(x), y).backward()
                optimizer.step()

    def batches(self):
        """Yield the batches of one epoch."""
        if self.workload.is_full_batch:
            yield self.x, self.y
            return
        for rows in torch.randperm(len(self.x)).split(self.workload.batch):
            yield self.x[rows], self.y[rows]

    def weights(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """Return the weights after the last call."""
        return [
            (layer.weight.detach().numpy(), layer.bias.detach().numpy()) for layer in self.net[::2]
        ]


def network(workload: Workload) -> nn.Sequential:
    """Return the network of a workload up to its logits, with its initial weights."""
    layers = [
        layer
        for into, out in pairwise(workload.widths)
        for layer in (nn.Linear(into, out), nn.ReLU())
    ]
    with torch.no_grad():
        for linear, (weight, bias) in zip(layers[::2], workload.weights(), strict=True):
            linear.weight.copy_(torch.from_numpy(weight))
            linear.bias.copy_(torch.from_numpy(bias))
    return nn.Sequential(*layers[:-1])


def train(workload: Workload) -> Trainer:
    """Return a callable that trains n epochs."""
    return Trainer(workload)


def predict(workload: Workload) -> Callable[[int], None]:
    """Return a callable that predicts all rows n times, from a tensor to a tensor."""
    net = nn.Sequential(
        network(workload), nn.Sigmoid() if workload.n_outputs == 1 else nn.Softmax(1)
    )
    x = torch.from_numpy(workload.data()[0])

    def run(times: int) -> None:
        with torch.inference_mode():
            for _ in range(times):
                net(x)

    return run
