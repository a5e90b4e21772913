"""Usual NumPy: the layers of `usual_layers`, and networks of them that Adam trains.

In float64 they are also the reference for what all peers compute.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ..layer_loads import LEARNING_RATE, Arrays, LayerLoad, get_load
from . import usual_layers
from .agreement import CHECKED_STEPS, Checked, checked
from .notes_loop import adam, version

__all__ = ["compute", "measure", "version"]


def measure(name: str, quick: bool = False) -> Checked:
    """Return a callable that computes n times forward and backward, or n steps."""
    load = get_load(name, quick=quick)
    train = _Layer(load, np.float32) if load.kind != "step" else _Network(load, np.float32)
    return checked(load, train.run, train.compute, compute(load, np.float64))


def compute(load: LayerLoad, dtype: npt.DTypeLike) -> Arrays:
    """Return y, dx and the gradients of a layer, or what some steps change in a network."""
    peer = _Network(load, dtype) if load.kind == "step" else _Layer(load, dtype)
    return peer.compute()


class _Layer:
    def __init__(self, load: LayerLoad, dtype: npt.DTypeLike) -> None:
        self.with_dx = load.with_dx
        parameters = {name: array.astype(dtype) for name, array in load.parameters().items()}
        self.layer = usual_layers.KINDS[load.kind](parameters)
        self.x = load.input().astype(dtype)
        self.dy = load.output_gradient(self.layer.forward(self.x).shape).astype(dtype)

    def run(self, times: int) -> None:
        for _ in range(times):
            self.layer.forward(self.x)
            self.layer.backward(self.dy, self.with_dx)

    def compute(self) -> Arrays:
        found = {"y": self.layer.forward(self.x)}
        dx = self.layer.backward(self.dy, self.with_dx)
        if dx is not None:
            found["dx"] = dx
        return found | {f"d {name}": array for name, array in self.layer.gradients.items()}


class _Network:
    """Convolutions with a ReLU and a max-pool each, a linear layer and a softmax."""

    def __init__(self, load: LayerLoad, dtype: npt.DTypeLike) -> None:
        self.first = {name: array.astype(dtype) for name, array in load.parameters().items()}
        self.x = load.input().astype(dtype)
        self.y = np.eye(load.widths[-1], dtype=dtype)[load.labels()]

    def run(self, times: int) -> None:
        parameters = dict(self.first)
        v = {name: np.zeros_like(array) for name, array in parameters.items()}
        s = {name: np.zeros_like(array) for name, array in parameters.items()}
        for t in range(1, times + 1):
            gradients = self.gradients(parameters)
            parameters, v, s = adam(parameters, gradients, v, s, t, LEARNING_RATE)
        self.last = parameters

    def gradients(self, parameters: Arrays) -> Arrays:
        layers = _layers(parameters)
        values = self.x
        for _, layer in layers:
            values = layer.forward(values)
        exponential = np.exp(values - values.max(axis=1, keepdims=True))
        dy = (exponential / exponential.sum(axis=1, keepdims=True) - self.y) / len(self.y)
        found = {}
        for prefix, layer in reversed(layers):
            dy = layer.backward(dy, layer is not layers[0][1])
            found |= {f"d{prefix}{name}": array for name, array in layer.gradients.items()}
        return found

    def compute(self) -> Arrays:
        self.run(CHECKED_STEPS)
        return {name: self.last[name] - array for name, array in self.first.items()}


def _layers(parameters: Arrays) -> list[tuple[str, usual_layers.UsualLayer]]:
    """Return the layers of a network, each with the prefix of its parameters."""
    layers: list[tuple[str, usual_layers.UsualLayer]] = []
    for number in range(1, len(parameters) // 2 + 1):
        prefix = f"{number}."
        own = {name: parameters[prefix + name] for name in ("weight", "bias")}
        if own["weight"].ndim == 4:
            layers.append((prefix, usual_layers.Convolution(own)))
            layers += [("", usual_layers.ReLU({})), ("", usual_layers.MaxPool({}))]
        else:
            layers += [("", usual_layers.Flatten({})), (prefix, usual_layers.Linear(own))]
    return layers
