"""What `layers` measures: layers and whole training steps, with their data and their goals.

Each has a name, so that a process can be told what to measure. Arrays are float32, pictures and
kernels have their channels last, and parameters are as in minidl: weights (out, ..., in), the gates
of an LSTM in the order i, f, g, o.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise

import numpy as np

Arrays = dict[str, np.ndarray]
Goals = Mapping[str, float]

LEARNING_RATE = 0.001
STEPS = 20  # of a run: the first one of `fit` makes the work arrays, and takes twice as long


@dataclass(frozen=True)
class LayerLoad:
    """A layer, or a network of layers that is trained, with the shape of its input.

    `kind` is "convolution" (same padding), "max-pool" (2 x 2), "batch norm", "layer norm", "lstm"
    or "step"; `size` is the size of a kernel, and `widths` are the numbers of outputs: one, or
    those of the layers of a network, whose convolutions have a ReLU and a max-pool each. Without
    `with_dx`, the gradient of the input is not computed, as in a first layer.
    """

    name: str
    kind: str
    shape: tuple[int, ...]
    widths: tuple[int, ...] = ()
    size: int = 1
    with_dx: bool = True
    goals: Goals = field(default_factory=dict)

    @property
    def steps(self) -> int:
        """How often a run computes what is measured."""
        return STEPS if self.kind == "step" else 1

    def input(self) -> np.ndarray:
        """Return x."""
        return _random(2, self.shape)

    def output_gradient(self, shape: tuple[int, ...]) -> np.ndarray:
        """Return dy."""
        return _random(3, shape)

    def labels(self) -> np.ndarray:
        """Return the classes of the examples of a step."""
        return np.arange(self.shape[0]) % self.widths[-1]

    def parameters(self) -> Arrays:
        """Return the parameters; those of a network are called "1.weight", "1.bias", ..."""
        *_, features = self.shape
        if self.kind == "convolution":
            return _weighted((*self.widths, self.size, self.size, features))
        if self.kind in ("batch norm", "layer norm"):
            return {"weight": 1 + _random(1, (features,)) / 10, "bias": _random(4, (features,))}
        if self.kind == "lstm":
            (units,) = self.widths
            recurrent = _weighted((4 * units, units))["weight"]
            return {**_weighted((4 * units, features)), "recurrent_weight": recurrent}
        if self.kind == "step":
            return {
                f"{number}.{name}": array
                for number, shape in enumerate(self.weight_shapes(), 1)
                for name, array in _weighted(shape).items()
            }
        return {}

    def weight_shapes(self) -> list[tuple[int, ...]]:
        """Return the shapes of the weights of a network: convolutions, and a linear layer."""
        *filters, classes = self.widths
        channels = pairwise([self.shape[-1], *filters])
        kernels = [(out, self.size, self.size, into) for into, out in channels]
        return [*kernels, (classes, math.prod(self.last_picture()))]

    def last_picture(self) -> tuple[int, int, int]:
        """Return the shape (h, w, c) of what the linear layer of a network gets as rows."""
        _, height, width, _ = self.shape
        *filters, _ = self.widths
        halved = 2 ** len(filters)
        return height // halved, width // halved, filters[-1]

    def quick(self) -> LayerLoad:
        """Return the same with two examples, to try out the benchmark quickly."""
        return replace(self, shape=(2, *self.shape[1:]))

    def __str__(self) -> str:
        if self.kind == "step":
            picture = " x ".join(map(str, self.shape[1:]))
            *filters, classes = self.widths
            layers = [f"conv {width}" for width in filters] + [f"linear {classes}"]
            return f"step of {picture}, {self.size} x {self.size}: {', '.join(layers)}"
        text = f"{self.kind} {' x '.join(map(str, self.shape))}"
        if self.widths:
            text += f" to {self.widths[0]}"
        if self.kind == "convolution":
            text += f", {self.size} x {self.size}"
        return text if self.with_dx else f"{text}, no dx"


def _weighted(shape: tuple[int, ...]) -> Arrays:
    weight = _random(1, shape) / np.float32(math.sqrt(math.prod(shape[1:])))
    return {"weight": weight, "bias": _random(4, shape[:1]) / 10}


def _random(seed: int, shape: tuple[int, ...]) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape, np.float32)


# At most this many times as slow as PyTorch, on NumPy alone ("minidl") and with the extra "fast";
# at least so many times as fast as usual NumPy; at most so many MiB.
_MEMORY = {"memory": 16.0}
_CONVOLUTION = {"minidl": 1.4, "fast": 1.15, "usual": 1.7, "usual-fast": 2.0, **_MEMORY}
_STEP = {"minidl": 1.2, "fast": 0.95}
_LSTM = {"minidl": 1.2, "fast": 0.85, **_MEMORY}
_POOL, _BATCH_NORM = {"minidl": 1.7, **_MEMORY}, {"minidl": 2.2, **_MEMORY}
_LAYER_NORM = {"minidl": 2.0, "fast": 0.85, **_MEMORY}
MEAN_GOALS = {"minidl": 1.25, "fast": 1.0}  # of the convolutions
STEP_GOALS_OF_TWO_THREADS = {"minidl": 1.6, "fast": 1.3}


def _convolution(
    name: str, shape: tuple[int, ...], width: int, size: int, *, with_dx: bool = True
) -> LayerLoad:
    return LayerLoad(name, "convolution", shape, (width,), size, with_dx, _CONVOLUTION)


LAYERS = {
    load.name: load
    for load in (
        _convolution("conv-64", (64, 64, 64, 3), 8, 3, with_dx=False),
        _convolution("conv-32", (64, 32, 32, 8), 16, 3),
        _convolution("conv-16", (64, 16, 16, 32), 64, 3),
        _convolution("conv-28", (128, 28, 28, 1), 16, 5, with_dx=False),
        _convolution("conv-14", (128, 14, 14, 16), 32, 3),
        _convolution("conv-14-5x5", (128, 14, 14, 16), 32, 5),
        LayerLoad("step-28", "step", (128, 28, 28, 1), (16, 32, 10), 5, goals=_STEP),
        LayerLoad("step-64", "step", (32, 64, 64, 3), (8, 16, 6), 3, goals=_STEP),
        LayerLoad("lstm-64", "lstm", (32, 50, 32), (64,), goals=_LSTM),
        LayerLoad("lstm-128", "lstm", (64, 28, 28), (128,), goals=_LSTM),
        LayerLoad("pool-28", "max-pool", (128, 28, 28, 16), goals=_POOL),
        LayerLoad("pool-14", "max-pool", (128, 14, 14, 32), goals=_POOL),
        LayerLoad("batch-norm-32", "batch norm", (64, 32, 32, 16), goals=_BATCH_NORM),
        LayerLoad("batch-norm-rows", "batch norm", (128, 512), goals=_BATCH_NORM),
        LayerLoad("layer-norm-64", "layer norm", (32, 50, 64), goals=_LAYER_NORM),
        LayerLoad("layer-norm-512", "layer norm", (4096, 512), goals=_LAYER_NORM),
    )
}


def get_load(name: str, *, quick: bool) -> LayerLoad:
    """Return a load by its name, or with two examples if it is `quick`."""
    return LAYERS[name].quick() if quick else LAYERS[name]
