"""Layers whose output is added to their input."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from ..errors import ShapeError
from ..utils.linalg import common_dtype
from ..utils.typing import Array
from ..utils.workspace import get_workspace
from .activation import Activation
from .base import Layer, Shape, UnknownRank, as_float_array
from .chain import Chain, as_layer
from .container import (
    BackwardStep,
    Container,
    ForwardStep,
    ShapeStep,
    check_inner_layers,
    inner_attribute,
    inner_shape,
    run_backward_parameters,
)
from .dropout import Dropout
from .graph import GraphBuilder
from .linear import Linear


class Residual(Container):
    """A residual block: y = shortcut(x) + f(x), where f is a chain of layers.

    Without a shortcut layer y = x + f(x), so that f must keep the shape. dx is the sum of the
    gradients through both. As layer 2 of a model, its parameters have names such as
    "2.body.0.weight" and "2.shortcut.weight".

    Parameters
    ----------
    *layers : Layer
        The layers of f, first to last, at least one.
    shortcut : Layer or list of Layer, optional
        The layer that x goes through, where the shapes of x and f(x) differ; by default x is added
        as it is. A list becomes a `Chain`.

    Attributes
    ----------
    body : Chain
        The layers of f.
    shortcut : Layer or None
        The shortcut layer.

    Raises
    ------
    ArgumentError
        If there is no layer, or one is not a layer.
    LayerReuseError
        If a layer occurs twice.
    ShapeError
        From the model, and from `forward`, if f(x) does not have the shape of what it is added to.

    See Also
    --------
    Chain : Layers one after another.
    Concat : Layers side by side.

    References
    ----------
    He et al. (2016), "Deep residual learning for image recognition", CVPR, 770-778.

    Examples
    --------
    >>> import numpy as np
    >>> from minidl import Linear, ReLU, Residual
    >>> block = Residual(Linear(2, 2), ReLU())
    >>> block.body.layers[0].weight.value = [[1.0, 0.0], [0.0, -1.0]]
    >>> block.forward(np.array([[1.0, 2.0]]))
    array([[2., 2.]])
    >>> block.backward(np.array([[1.0, 1.0]]))
    array([[2., 1.]])
    >>> Residual(Linear(8, 4), shortcut=Linear(8, 4, bias=False))
    Residual(Linear(8, 4), shortcut=Linear(8, 4, bias=False))
    """

    inference_arrays = 1

    def __init__(self, *layers: Layer, shortcut: Layer | Sequence[Layer] | None = None) -> None:
        check_inner_layers(layers, "Residual", [f"layer {i}" for i in range(len(layers))])
        self.body = Chain(*layers)
        self.shortcut: Layer | None = as_layer(shortcut)
        parts = [self.body] if shortcut is None else [self.body, self.shortcut]
        check_inner_layers(parts, "Residual", ["body", "shortcut"][: len(parts)])
        takes_integers = inner_attribute(parts, "takes_integers")
        self.takes_integers = len(parts) == 2 and all(takes_integers)
        self.couples_examples = any(inner_attribute(parts, "couples_examples"))

    @property
    def layers(self) -> tuple[Layer, ...]:
        """The layers of f, first to last."""
        return self.body.layers

    def named_children(self) -> Iterator[tuple[str, Layer]]:
        yield "body", self.body
        if self.shortcut is not None:
            yield "shortcut", self.shortcut

    def receivers(self) -> Iterator[tuple[str, Layer]]:
        yield from self.named_children()

    def forward_through(self, x: Array, run: ForwardStep) -> Array:
        if not self.takes_integers:
            x = as_float_array(x)
        f = run("body", self.body, x)
        shortcut = x if self.shortcut is None else run("shortcut", self.shortcut, x)
        if f.shape != shortcut.shape:
            raise ShapeError(f"{self} {_difference(f.shape, shortcut.shape, self.shortcut)}")
        y = get_workspace(self.workspace, "y", f.shape, common_dtype(f, shortcut))
        return np.add(shortcut, f, out=y)

    def backward_through(self, dy: Array, run: BackwardStep) -> Any:
        through_shortcut = dy if self.shortcut is None else run("shortcut", self.shortcut, dy)
        through_body = run("body", self.body, dy)
        if through_body is None or through_shortcut is None:
            return None
        if through_body.shape != through_shortcut.shape:
            raise ShapeError(
                f"{self}.backward adds gradients of equal shapes, got {through_shortcut.shape} "
                f"from the shortcut and {through_body.shape} from the body: correct their backward"
            )
        dtype = common_dtype(through_body, through_shortcut)
        dx = get_workspace(self.workspace, "dx", through_body.shape, dtype)
        return np.add(through_shortcut, through_body, out=dx)

    def backward_parameters(self, dy: Array) -> None:
        if self.shortcut is not None:
            run_backward_parameters(self.shortcut, dy)
        run_backward_parameters(self.body, dy)

    def shape_through(self, shape: Shape | None, run: ShapeStep) -> Shape | None:
        y_shape = f_shape = run("body", self.body, shape)
        shortcut_shape = shape
        if self.shortcut is not None:
            shortcut_shape = run("shortcut", self.shortcut, shape)
        elif shape is None:  # before data is known, the first Linear tells the last axis
            shortcut_shape = _accepted_shape(self.body)
            f_shape = inner_shape("body", self.body, shortcut_shape)
        if f_shape is not None and shortcut_shape is not None:
            # Of a shape of unknown rank, only the last axis is known.
            unknown = (isinstance(shape, UnknownRank) for shape in (f_shape, shortcut_shape))
            start = -1 if any(unknown) else 0
            if f_shape[start:] != shortcut_shape[start:]:
                raise ShapeError(_difference(f_shape, shortcut_shape, self.shortcut))
        known = [output for output in (y_shape, shortcut_shape) if output is not None]
        known.sort(key=lambda output: isinstance(output, UnknownRank))
        return known[0] if known else None

    def formula(self) -> tuple[str, str]:
        if self.shortcut is None:
            return "y = x + f(x), f its layers", "dx = dy + the gradient through f"
        return (
            "y = shortcut(x) + f(x), f its layers",
            "dx = the gradient through shortcut + the gradient through f",
        )

    def to_onnx(self, graph: GraphBuilder, x: str, y: str) -> None:
        f = graph.add_layer("body", self.body, x)
        shortcut = x
        if self.shortcut is not None:
            shortcut = graph.add_layer("shortcut", self.shortcut, x)
        graph.node("Add", [shortcut, f], [y])

    def __repr__(self) -> str:
        parts = [str(layer) for layer in self.layers]
        if self.shortcut is not None:
            parts.append(f"shortcut={self.shortcut}")
        return f"{type(self).__name__}({', '.join(parts)})"


def _accepted_shape(body: Layer) -> Shape | None:
    """Return the shape that the first layer which does not accept any shape accepts, if known."""
    for layer in body.modules():
        if isinstance(layer, Linear):
            return UnknownRank((layer.in_features,))
        if not isinstance(layer, Activation | Dropout | Chain):
            return None
    return None


def _difference(f_shape: Any, shortcut_shape: Any, shortcut: Layer | None) -> str:
    """Return the rule that two shapes break, with the cure."""
    if shortcut is not None:
        return (
            f"adds f(x) of shape {f_shape} to shortcut(x) of shape {shortcut_shape} "
            "(make the shapes equal)"
        )
    cure = f"a shortcut layer from {shortcut_shape} to {f_shape}"
    if len(f_shape) == len(shortcut_shape) and f_shape[:-1] == shortcut_shape[:-1]:
        cure = f"shortcut=Linear({shortcut_shape[-1]}, {f_shape[-1]})"
    return f"adds f(x) of shape {f_shape} to x of shape {shortcut_shape} (pass {cure})"
