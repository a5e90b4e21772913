"""Layers one after another, as one layer."""

from collections.abc import Iterator
from typing import Any

from ..utils.typing import Array
from .base import Layer, Shape
from .container import (
    BackwardStep,
    Container,
    ForwardStep,
    InnerShapeError,
    ShapeStep,
    check_inner_layers,
    inner_attribute,
    run_backward_parameters,
)
from .graph import GraphBuilder


class Chain(Container):
    """Layers one after another, as one layer: y = last(... first(x)).

    A chain is a layer like any other, so that it can be part of a model, of a `Residual`, a
    `Concat` or another chain, to any depth. As layer 2 of a model, the weight of its first layer
    is the parameter "2.0.weight". A last `Sigmoid` or `Softmax` belongs into the model's own list:
    in a chain, a cross-entropy is computed from its outputs, not exactly from the logits.

    Parameters
    ----------
    *layers : Layer
        The layers, first to last, at least one.

    Attributes
    ----------
    layers : tuple of Layer
        The layers.

    Raises
    ------
    ArgumentError
        If there is no layer, or one is not a layer.
    LayerReuseError
        If a layer occurs twice.

    See Also
    --------
    Residual : Adds the input to the output of such a chain.
    Concat : Layers side by side.

    Examples
    --------
    >>> import numpy as np
    >>> from minidl import Chain, Linear, ReLU
    >>> block = Chain(Linear(4, 8), ReLU(), Linear(8, 2))
    >>> block.forward(np.ones((3, 4))).shape
    (3, 2)
    >>> list(block.parameters())
    ['0.weight', '0.bias', '2.weight', '2.bias']
    """

    inference_arrays = 0  # those of its layers are counted

    def __init__(self, *layers: Layer) -> None:
        self._names = [str(i) for i in range(len(layers))]
        check_inner_layers(layers, "Chain", [f"layer {name}" for name in self._names])
        self.layers = layers
        trainable = [i for i, layer in enumerate(layers) if layer.parameters()]
        self._first_trainable = trainable[0] if trainable else len(layers)
        self.takes_integers = inner_attribute(layers[:1], "takes_integers")[0]
        self.takes_sparse = inner_attribute(layers[:1], "takes_sparse")[0]
        self.couples_examples = any(inner_attribute(layers, "couples_examples"))

    def named_children(self) -> Iterator[tuple[str, Layer]]:
        yield from zip(self._names, self.layers, strict=True)

    def receivers(self) -> Iterator[tuple[str, Layer]]:
        yield self._names[0], self.layers[0]

    def forward_through(self, x: Array, run: ForwardStep) -> Array:
        for name, layer in zip(self._names, self.layers, strict=True):
            x = run(name, layer, x)
        return x

    def backward_through(self, dy: Array, run: BackwardStep) -> Any:
        for name, layer in zip(self._names[::-1], self.layers[::-1], strict=True):
            dy = run(name, layer, dy)
        return dy

    def backward_parameters(self, dy: Array) -> None:
        first = self._first_trainable
        if first < len(self.layers):
            for layer in self.layers[:first:-1]:
                dy = layer.backward(dy)  # type: ignore[assignment]  # None before the first only
            run_backward_parameters(self.layers[first], dy)

    def shape_through(self, shape: Shape | None, run: ShapeStep) -> Shape | None:
        before = None
        for name, layer in self.named_children():
            try:
                shape = run(name, layer, shape)
            except InnerShapeError as error:
                raise error.after(before) from None
            before = name, layer
        return shape

    def formula(self) -> tuple[str, str]:
        return "y = its layers, one after another", "dx = its layers' backward, last to first"

    def to_onnx(self, graph: GraphBuilder, x: str, y: str) -> None:
        steps = [item for item in self.named_children() if not item[1].is_identity_at_inference]
        if not steps:
            graph.node("Identity", [x], [y])
        for name, layer in steps:
            x = graph.add_layer(name, layer, x, y if layer is steps[-1][1] else None)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(map(str, self.layers))})"


def as_layer(part: Any) -> Any:
    """Return a list of layers as a `Chain`, and anything else as it is."""
    return Chain(*part) if isinstance(part, list | tuple) else part
