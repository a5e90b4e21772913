"""Layers whose forward pass is right and whose backward pass has a mistake."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from ..layers import Dropout, Layer, Linear
from ..utils.typing import Array
from .mistakes import MISTAKES, BackwardCall, Mistake

PROBE_ROWS, PROBE_WIDTH = 5, 4
PROBE_SEED = 0


class _BrokenBackward(Layer):
    """The methods of a layer with a mistake; the class of the right layer is its other base."""

    kind: type[Any]
    mistake: Mistake

    def forward(self, x: Array, *, training: bool = False) -> Array:
        y: Array = self.kind.forward(self, x, training=training)
        self.x, self.y = x, y
        return y

    def backward(self, dy: Array) -> Array:
        layer: Any = self
        slope = np.zeros(())
        if not issubclass(self.kind, Linear):
            slope = np.array(self.kind.backward(self, np.ones_like(dy)))
        dx: Array = self.kind.backward(self, dy)
        call = BackwardCall(self.kind, layer, self.x, self.y, dy, slope)
        wrong = self.mistake.gradient(call)
        if self.mistake.array == "input":
            return np.asarray(wrong, dtype=dx.dtype)
        getattr(layer, self.mistake.array).grad[...] = wrong
        return dx


@cache
def _broken_class(kind: type[Layer]) -> type[Any]:
    """Return the class of a layer's broken twin, of the same name."""
    return type(kind.__name__, (_BrokenBackward, kind), {"kind": kind})


def broken_layer(kind: type[Layer], mistake: Mistake, *arguments: Any, **options: Any) -> Layer:
    """Return a layer with a mistake in its backward pass.

    Parameters
    ----------
    kind : type of Layer
        `Linear`, `Dropout` or an activation.
    mistake : Mistake
        One of `mistakes_of` such a layer.
    *arguments, **options
        Those of the layer.

    Returns
    -------
    Layer
        A layer that looks like one of `kind`.

    Examples
    --------
    >>> import numpy as np
    >>> from minidl import Tanh
    >>> from minidl.play.mistakes import ACTIVATION_MISTAKES
    >>> layer = broken_layer(Tanh, ACTIVATION_MISTAKES[0])
    >>> y = layer.forward(np.array([[2.0]]))
    >>> layer, layer.backward(np.array([[1.0]]))  # 1 - tanh(2)**2 = 0.07 would be right
    (Tanh(), array([[1.]]))
    """
    layer: Layer = _broken_class(kind)(*arguments, **options)
    layer.mistake = mistake  # type: ignore[attr-defined]
    return layer


def mistakes_of(kind: type[Layer], *arguments: Any) -> dict[str, Mistake]:
    """Return the mistakes that can be made in the backward pass of a layer.

    Parameters
    ----------
    kind : type of Layer
        Its class.
    *arguments
        Those of the layer.

    Returns
    -------
    dict of str to Mistake
        By title. Lines that would give the right gradient, such as the derivative of a `ReLU` at
        its output, are no mistakes, and those whose shape does not fit cannot be made.

    Examples
    --------
    >>> from minidl import Linear
    >>> [title for title in mistakes_of(Linear, 3, 3) if "transposed" in title]
    ['weight: transposed', 'input: transposed']
    """
    right = _probe(kind(*arguments))
    tables = [table for base, table in MISTAKES.items() if issubclass(kind, base)]
    return {
        mistake.title: mistake
        for table in tables
        for mistake in table
        if _is_possible(broken_layer(kind, mistake, *arguments), right)
    }


def _is_possible(layer: Layer, right: dict[str, Array]) -> bool:
    wrong = _probe(layer)
    return all(np.isfinite(array).all() for array in wrong.values()) and any(
        not np.allclose(wrong[name], array) for name, array in right.items()
    )


def _probe(layer: Layer) -> dict[str, Array]:
    """Return the gradients of a layer at random numbers; NaN where there is none."""
    rng = np.random.default_rng(PROBE_SEED)
    width = getattr(layer, "in_features", PROBE_WIDTH)
    for parameter in layer.parameters().values():
        parameter.value = rng.standard_normal(parameter.shape)
    x = rng.standard_normal((PROBE_ROWS, width))
    y = layer.forward(x, training=isinstance(layer, Dropout))
    dx = layer.backward(rng.standard_normal(y.shape))
    gradients = {name: parameter.grad.copy() for name, parameter in layer.parameters().items()}
    return gradients | {"input": np.array(dx)}
