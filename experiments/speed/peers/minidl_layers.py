"""minidl: its layers, and its networks as `fit` trains them.

On NumPy alone, or with the compiled functions of the extra `fast` in whatever has the argument.
"""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np

from minidl import (
    LSTM,
    Adam,
    BatchNorm,
    Conv2D,
    Flatten,
    Layer,
    LayerNorm,
    Linear,
    MaxPool2D,
    Parameter,
    ReLU,
    Sequential,
    SoftmaxCrossEntropy,
)

from ..layer_loads import LEARNING_RATE, Arrays, LayerLoad, get_load
from . import usual_numpy
from .agreement import CHECKED_STEPS, Checked, checked
from .minidl_net import version

__all__ = ["has_fast", "measure", "version"]

CLASSES = {
    "convolution": Conv2D,
    "max-pool": MaxPool2D,
    "batch norm": BatchNorm,
    "layer norm": LayerNorm,
    "lstm": LSTM,
    "step": Adam,
}


def has_fast(part: type) -> bool:
    """Return whether a class has a compiled form, which its argument `fast` chooses."""
    return "fast" in inspect.signature(part).parameters


def make(part: type, *arguments: Any, fast: bool, **keywords: Any) -> Any:
    """Return an object of minidl; `fast` is passed on where there is such an argument."""
    return part(*arguments, **keywords, **({"fast": fast} if has_fast(part) else {}))


def measure(name: str, fast: bool = False, quick: bool = False) -> Checked:
    """Return a callable that computes n times forward and backward, or n steps."""
    load = get_load(name, quick=quick)
    peer = _Network(load, fast) if load.kind == "step" else _Layer(load, fast)
    return checked(load, peer.run, peer.compute, usual_numpy.compute(load, np.float64))


class _Layer:
    def __init__(self, load: LayerLoad, fast: bool) -> None:
        self.layer, self.with_dx = layer(load, fast), load.with_dx
        for name, array in load.parameters().items():
            getattr(self.layer, name).value = array
        self.x = load.input()
        self.dy = load.output_gradient((len(self.x), *self.layer.output_shape(self.x.shape[1:])))

    def run(self, times: int) -> None:
        forward, x, dy = self.layer.forward, self.x, self.dy
        backward = self.layer.backward if self.with_dx else self.layer.backward_parameters
        for _ in range(times):
            forward(x, training=True)
            backward(dy)

    def compute(self) -> Arrays:
        found = {"y": self.layer.forward(self.x, training=True)}
        if self.with_dx:
            found["dx"] = self.layer.backward(self.dy)
        else:
            self.layer.backward_parameters(self.dy)
        for name in ("weight", "recurrent_weight", "bias"):
            if hasattr(self.layer, name):
                found[f"d {name}"] = getattr(self.layer, name).grad
        return found


def layer(load: LayerLoad, fast: bool) -> Layer:
    """Return the layer of a load, with initial weights of its own."""
    part, features = CLASSES[load.kind], load.shape[-1]
    if load.kind == "convolution":
        return make(part, features, *load.widths, load.size, padding="same", fast=fast)
    if load.kind == "max-pool":
        return make(part, 2, fast=fast)
    return make(part, features, *load.widths, fast=fast)


class _Network:
    def __init__(self, load: LayerLoad, fast: bool) -> None:
        self.load, self.fast, self.model = load, fast, network(load, fast)
        self.first = self.model.parameters.theta.copy()
        self.data = load.input(), load.labels()

    def run(self, times: int) -> None:
        self.model.parameters.theta[:] = self.first
        optimizer = Adam(LEARNING_RATE, fast=self.fast)
        self.model.fit(
            *self.data, optimizer=optimizer, epochs=times, batch_size=None, progress=False
        )

    def compute(self) -> Arrays:
        self.run(CHECKED_STEPS)
        found = {}
        for name, first in self.load.parameters().items():
            found[name] = _parameter(self.model, name).value - first
        return found


def network(load: LayerLoad, fast: bool) -> Sequential:
    """Return the network of a step, with its initial weights."""
    layers: list[Layer] = []
    for shape in load.weight_shapes():
        if len(shape) == 4:
            out, size, _, into = shape
            layers.append(make(Conv2D, into, out, size, padding="same", fast=fast))
            layers += [make(ReLU, fast=fast), make(MaxPool2D, 2, fast=fast)]
        else:
            layers += [Flatten(), make(Linear, *reversed(shape), fast=fast)]
    model = Sequential(layers, loss=SoftmaxCrossEntropy())
    for name, array in load.parameters().items():
        _parameter(model, name).value = array
    return model


def _parameter(model: Sequential, name: str) -> Parameter:
    """Return the parameter with a name such as "1.weight"."""
    number, _, kind = name.partition(".")
    layers = [layer for layer in model.layers if isinstance(layer, Conv2D | Linear)]
    parameter: Parameter = getattr(layers[int(number) - 1], kind)
    return parameter
