"""The loop of course notes: examples as columns, float64, a new array for every result.

Written from the formulas of course notes and not from minidl, it is also an independent reference
for minidl's gradients.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..workloads import Workload

Arrays = dict[str, np.ndarray]


def version() -> str:
    """Return the name and the version of what is measured."""
    return f"numpy {np.__version__}"


class Trainer:
    """Trains a workload from its initial weights."""

    def __init__(self, workload: Workload) -> None:
        self.workload = workload
        x, labels = workload.data()
        self.X = np.array(x.T, dtype=np.float64, order="C")
        self.Y = (
            labels[np.newaxis]
            if workload.n_outputs == 1
            else (np.arange(workload.n_outputs)[:, np.newaxis] == labels).astype(float)
        )
        self.rng = np.random.default_rng(0)

    def __call__(self, epochs: int) -> None:
        """Train for this number of epochs."""
        parameters = dictionary(self.workload)
        v = {name: np.zeros_like(value) for name, value in parameters.items()}
        s = {name: np.zeros_like(value) for name, value in parameters.items()}
        t = 0
        for _ in range(epochs):
            for X, Y in self.batches():
                AL, caches = forward(X, parameters)
                cost(AL, Y)
                grads = backward(AL, Y, parameters, caches)
                if self.workload.optimizer == "gd":
                    parameters = descend(parameters, grads, self.workload.learning_rate)
                else:
                    t = t + 1
                    parameters, v, s = adam(parameters, grads, v, s, t, self.workload.learning_rate)
        self.parameters = parameters

    def batches(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yield the batches of one epoch."""
        if self.workload.is_full_batch:
            yield self.X, self.Y
            return
        m, size = self.X.shape[1], self.workload.batch
        permutation = self.rng.permutation(m)
        X, Y = self.X[:, permutation], self.Y[:, permutation]
        for k in range(0, m, size):
            yield X[:, k : k + size], Y[:, k : k + size]

    def weights(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """Return the weights after the last call."""
        return [
            (self.parameters[f"W{k}"], self.parameters[f"b{k}"][:, 0])
            for k in range(1, len(self.workload.widths))
        ]


def train(workload: Workload) -> Trainer:
    """Return a callable that trains n epochs."""
    return Trainer(workload)


def dictionary(workload: Workload) -> Arrays:
    """Return the initial weights as W1, b1, W2, ..."""
    parameters = {}
    for k, (weight, bias) in enumerate(workload.weights(), 1):
        parameters[f"W{k}"] = weight.astype(np.float64)
        parameters[f"b{k}"] = bias[:, np.newaxis].astype(np.float64)
    return parameters


def forward(X: np.ndarray, parameters: Arrays) -> tuple[np.ndarray, list[Arrays]]:
    """Return the probabilities, and for each layer what its backward pass needs."""
    layers = len(parameters) // 2
    caches, A = [], X
    for k in range(1, layers + 1):
        Z = np.dot(parameters[f"W{k}"], A) + parameters[f"b{k}"]
        caches.append({"A_prev": A, "Z": Z})
        A = np.maximum(0, Z)
    if len(Z) == 1:
        return 1 / (1 + np.exp(-Z)), caches
    exponential = np.exp(Z - np.max(Z, axis=0, keepdims=True))
    return exponential / np.sum(exponential, axis=0, keepdims=True), caches


def cost(AL: np.ndarray, Y: np.ndarray) -> float:
    """Return the mean cross-entropy."""
    m = Y.shape[1]
    if len(Y) == 1:
        return float(-np.sum(Y * np.log(AL) + (1 - Y) * np.log(1 - AL)) / m)
    return float(-np.sum(Y * np.log(AL)) / m)


def backward(AL: np.ndarray, Y: np.ndarray, parameters: Arrays, caches: list[Arrays]) -> Arrays:
    """Return the gradients dW1, db1, ..."""
    m = Y.shape[1]
    grads: Arrays = {}
    dZ = AL - Y
    for k in range(len(caches), 0, -1):
        A_prev = caches[k - 1]["A_prev"]
        grads[f"dW{k}"] = np.dot(dZ, A_prev.T) / m
        grads[f"db{k}"] = np.sum(dZ, axis=1, keepdims=True) / m
        grads[f"dA{k - 1}"] = np.dot(parameters[f"W{k}"].T, dZ)
        if k > 1:
            dZ = np.array(grads[f"dA{k - 1}"], copy=True)
            dZ[caches[k - 2]["Z"] <= 0] = 0
    return grads


def descend(parameters: Arrays, grads: Arrays, rate: float) -> Arrays:
    """Return the parameters after a step of gradient descent."""
    return {name: value - rate * grads["d" + name] for name, value in parameters.items()}


def adam(
    parameters: Arrays, grads: Arrays, v: Arrays, s: Arrays, t: int, rate: float
) -> tuple[Arrays, Arrays, Arrays]:
    """Return the parameters and both running means after a step of Adam."""
    updated: Any = {}
    for name, value in parameters.items():
        v[name] = 0.9 * v[name] + (1 - 0.9) * grads["d" + name]
        s[name] = 0.999 * s[name] + (1 - 0.999) * np.power(grads["d" + name], 2)
        v_corrected = v[name] / (1 - 0.9**t)
        s_corrected = s[name] / (1 - 0.999**t)
        updated[name] = value - rate * v_corrected / (np.sqrt(s_corrected) + 1e-8)
    return updated, v, s
