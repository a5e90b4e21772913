"""PyTorch: its layers with the channels last in memory, and networks of them.

Pictures and kernels have their channels second in PyTorch's shapes, whatever the memory layout.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch import nn

from ..layer_loads import LEARNING_RATE, Arrays, LayerLoad, get_load
from . import usual_numpy
from .agreement import CHECKED_STEPS, Checked, checked
from .torch_net import version

__all__ = ["measure", "version"]

LSTM_NAMES = {"weight": "weight_ih_l0", "recurrent_weight": "weight_hh_l0", "bias": "bias_ih_l0"}


def measure(name: str, quick: bool = False) -> Checked:
    """Return a callable that computes n times forward and backward, or n steps."""
    load = get_load(name, quick=quick)
    peer = _Network(load) if load.kind == "step" else _Layer(load)
    expected = usual_numpy.compute(load, np.float64)
    return checked(load, peer.run, peer.compute, expected, is_traced=False)


class _Layer:
    def __init__(self, load: LayerLoad) -> None:
        self.layer, self.parameters = _layer(load), load.parameters()
        self.x = _to_torch(load.input()).requires_grad_(load.with_dx)
        shape = self._forward().detach().shape
        channels_last = (shape[0], *shape[2:], shape[1]) if len(shape) == 4 else tuple(shape)
        self.dy = _to_torch(load.output_gradient(channels_last))

    def _forward(self) -> torch.Tensor:
        y = self.layer(self.x)
        return y[0] if isinstance(y, tuple) else y

    def run(self, times: int) -> None:
        for _ in range(times):
            self.layer.zero_grad()
            self.x.grad = None
            self._forward().backward(self.dy)

    def compute(self) -> Arrays:
        self.run(1)
        found = {"y": _to_numpy(self._forward())}
        if self.x.grad is not None:
            found["dx"] = _to_numpy(self.x.grad)
        for name in self.parameters:
            gradient = getattr(self.layer, _torch_name(self.layer, name)).grad
            found[f"d {name}"] = _to_numpy(gradient)
        return found


def _layer(load: LayerLoad) -> nn.Module:
    """Return the layer of a load, with the same parameters as all peers."""
    features = load.shape[-1]
    layer: nn.Module
    if load.kind == "convolution":
        layer = nn.Conv2d(features, *load.widths, load.size, padding=load.size // 2)
    elif load.kind == "max-pool":
        layer = nn.MaxPool2d(2)
    elif load.kind == "batch norm":
        layer = nn.BatchNorm2d(features) if len(load.shape) == 4 else nn.BatchNorm1d(features)
    elif load.kind == "layer norm":
        layer = nn.LayerNorm(features)
    else:
        layer = nn.LSTM(features, *load.widths, batch_first=True)
        layer.bias_hh_l0.data.zero_()
    _assign(layer, load.parameters())
    return layer.to(memory_format=torch.channels_last)


def _assign(layer: nn.Module, parameters: Mapping[str, np.ndarray]) -> None:
    with torch.no_grad():
        for name, array in parameters.items():
            getattr(layer, _torch_name(layer, name)).copy_(_to_torch(array))


def _torch_name(layer: nn.Module, name: str) -> str:
    return LSTM_NAMES[name] if isinstance(layer, nn.LSTM) else name


def _to_torch(array: np.ndarray) -> torch.Tensor:
    """Return a tensor of the same memory, of which the last of four axes is the second."""
    tensor = torch.from_numpy(array)
    return tensor.permute(0, 3, 1, 2) if array.ndim == 4 else tensor


def _to_numpy(tensor: torch.Tensor) -> np.ndarray:
    array = tensor.detach().numpy()
    return array.transpose(0, 2, 3, 1) if array.ndim == 4 else array


class _Network:
    def __init__(self, load: LayerLoad) -> None:
        self.load, self.net = load, _network(load)
        self.first = {name: tensor.clone() for name, tensor in self.net.state_dict().items()}
        self.x, self.labels = _to_torch(load.input()), torch.from_numpy(load.labels())
        self.loss = nn.CrossEntropyLoss()

    def run(self, times: int) -> None:
        self.net.load_state_dict(self.first)
        optimizer = torch.optim.Adam(self.net.parameters(), lr=LEARNING_RATE, fused=True)
        for _ in range(times):
            optimizer.zero_grad()
            self.loss(self.net(self.x), self.labels).backward()
            optimizer.step()

    def compute(self) -> Arrays:
        self.run(CHECKED_STEPS)
        found, first = {}, self.load.parameters()
        for number, layer in enumerate(_with_weights(self.net), 1):
            weight = _to_numpy(layer.weight)
            if isinstance(layer, nn.Linear):
                height, width, channels = self.load.last_picture()
                pictures = weight.reshape(-1, channels, height, width)
                weight = pictures.transpose(0, 2, 3, 1).reshape(weight.shape)
            for kind, array in (("weight", weight), ("bias", _to_numpy(layer.bias))):
                found[f"{number}.{kind}"] = array - first[f"{number}.{kind}"]
        return found


def _network(load: LayerLoad) -> nn.Sequential:
    """Return the network of a step up to its logits, with its initial weights."""
    layers: list[nn.Module] = []
    for shape in load.weight_shapes():
        if len(shape) == 4:
            out, size, _, into = shape
            layers += [nn.Conv2d(into, out, size, padding=size // 2), nn.ReLU(), nn.MaxPool2d(2)]
        else:
            layers += [nn.Flatten(), nn.Linear(*reversed(shape))]
    net = nn.Sequential(*layers)
    parameters = load.parameters()
    for number, layer in enumerate(_with_weights(net), 1):
        weight, bias = parameters[f"{number}.weight"], parameters[f"{number}.bias"]
        if isinstance(layer, nn.Linear):  # PyTorch flattens pictures channel by channel
            pictures = weight.reshape(-1, *load.last_picture())
            weight = pictures.transpose(0, 3, 1, 2).reshape(weight.shape)
        _assign(layer, {"weight": weight, "bias": bias})
    return net.to(memory_format=torch.channels_last)


def _with_weights(net: nn.Sequential) -> list[nn.Module]:
    return [layer for layer in net if isinstance(layer, nn.Conv2d | nn.Linear)]
