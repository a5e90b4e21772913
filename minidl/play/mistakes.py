"""The mistakes that the page plants into the backward pass of a layer.

Each is a line of a backward function as it is often written wrongly. The checker does not know this
table: it computes derivatives from forward passes alone, and names what it finds by itself.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from ..layers import Activation, Dropout, Layer, Linear, Sigmoid, Tanh
from ..utils.typing import Array


@dataclass(frozen=True)
class BackwardCall:
    """What a call of `backward` has at hand.

    Parameters
    ----------
    kind : type of Layer
        The class of the layer, without a mistake.
    layer : Layer
        The layer.
    x, y, dy : ndarray
        Its last input and output, and the incoming gradient.
    slope : ndarray
        The right gradient of the input for a `dy` of ones: of an activation its derivative, of
        dropout ``mask / keep_prob``. Zeros for a `Linear`, which has no use for it.
    """

    kind: type[Any]
    layer: Any
    x: Array
    y: Array
    dy: Array
    slope: Array

    def derivative(self, at: Array) -> Array:
        """Return the derivative of the activation at the elements of an array."""
        twin = self.kind()
        twin.forward(at)
        return np.array(twin.backward(np.ones_like(at)))

    @property
    def is_square(self) -> bool:
        """Whether the layer has as many outputs as inputs: only then some mistakes have a shape."""
        return self.x.shape == self.dy.shape


class Mistake(NamedTuple):
    """A wrong line of a backward function.

    Parameters
    ----------
    array : str
        Whose gradient it makes wrong: "weight", "bias" or "input".
    words : str
        What is wrong.
    right, wrong : str
        The right-hand side of the line in NumPy, as it should be and as it is.
    gradient : callable
        Takes a `BackwardCall` and returns what the wrong line gives; None where it cannot be
        written, because its shape would not fit.
    """

    array: str
    words: str
    right: str
    wrong: str
    gradient: Callable[[BackwardCall], Array | float | None]

    @property
    def title(self) -> str:
        """Whose gradient is wrong, and how."""
        return f"{self.array}: {self.words}"


def _if_square(call: BackwardCall, gradient: Callable[[], Array]) -> Array | None:
    return gradient() if call.is_square else None


_WEIGHT, _BIAS, _INPUT = "dy.T @ x", "dy.sum(axis=0)", "dy @ weight"
LINEAR_MISTAKES = (
    Mistake("weight", "wrong sign", _WEIGHT, "-dy.T @ x", lambda c: -c.dy.T @ c.x),
    Mistake("weight", "a factor 2", _WEIGHT, "2 * dy.T @ x", lambda c: 2 * c.dy.T @ c.x),
    Mistake(
        "weight",
        "divided by the number of examples a second time",
        _WEIGHT,
        "dy.T @ x / len(x)",
        lambda c: c.dy.T @ c.x / len(c.x),
    ),
    Mistake(
        "weight",
        "transposed",
        _WEIGHT,
        "x.T @ dy",
        lambda c: _if_square(c, lambda: c.x.T @ c.dy),
    ),
    Mistake(
        "weight",
        "the output instead of the input",
        _WEIGHT,
        "dy.T @ y",
        lambda c: _if_square(c, lambda: c.dy.T @ c.y),
    ),
    Mistake(
        "weight",
        "only the last example",
        _WEIGHT,
        "dy[-1:].T @ x[-1:]",
        lambda c: c.dy[-1:].T @ c.x[-1:],
    ),
    Mistake("weight", "forgotten", _WEIGHT, "0", lambda c: 0.0),
    Mistake("bias", "wrong sign", _BIAS, "-dy.sum(axis=0)", lambda c: -c.dy.sum(axis=0)),
    Mistake("bias", "summed over both axes", _BIAS, "dy.sum()", lambda c: c.dy.sum()),
    Mistake("bias", "the mean, not the sum", _BIAS, "dy.mean(axis=0)", lambda c: c.dy.mean(axis=0)),
    Mistake("bias", "forgotten", _BIAS, "0", lambda c: 0.0),
    Mistake("input", "wrong sign", _INPUT, "-dy @ weight", lambda c: -c.dy @ c.layer.weight.value),
    Mistake(
        "input",
        "transposed",
        _INPUT,
        "dy @ weight.T",
        lambda c: _if_square(c, lambda: c.dy @ c.layer.weight.value.T),
    ),
)
"""Of `Linear`: y = x @ weight.T + bias."""

_SLOPE = "dy * derivative(x)"
ACTIVATION_MISTAKES = (
    Mistake("input", "the derivative is forgotten", _SLOPE, "dy", lambda c: c.dy),
    Mistake(
        "input",
        "the derivative at the output",
        _SLOPE,
        "dy * derivative(y)",
        lambda c: c.dy * c.derivative(c.y),
    ),
    Mistake(
        "input", "the output instead of the derivative", _SLOPE, "dy * y", lambda c: c.dy * c.y
    ),
    Mistake("input", "wrong sign", _SLOPE, "-dy * derivative(x)", lambda c: -c.dy * c.slope),
    Mistake(
        "input",
        "the derivative twice",
        _SLOPE,
        "dy * derivative(x) ** 2",
        lambda c: c.dy * c.slope**2,
    ),
    Mistake(
        "input",
        "a term of the derivative is forgotten",
        _SLOPE,
        "dy * (1 - y)",
        lambda c: c.dy * (1 - c.y) if issubclass(c.kind, Sigmoid | Tanh) else None,
    ),
    Mistake(
        "input", "the mask of dy instead of x", _SLOPE, "dy * (dy > 0)", lambda c: c.dy * (c.dy > 0)
    ),
)
"""Of the activations: y = f(x), element by element."""


def _unmasked(call: BackwardCall) -> Array:
    is_training = bool((call.slope != 1).any())
    return call.dy / call.layer.keep_prob if is_training else call.dy


_MASKED = "dy * mask / keep_prob"
DROPOUT_MISTAKES = (
    Mistake("input", "the mask is forgotten", _MASKED, "dy / keep_prob", _unmasked),
    Mistake(
        "input", "the scale is forgotten", _MASKED, "dy * mask", lambda c: c.dy * (c.slope != 0)
    ),
    Mistake("input", "forgotten: as outside of training", _MASKED, "dy", lambda c: c.dy),
)
"""Of `Dropout`: y = x * mask / keep_prob in training, else y = x."""

MISTAKES: dict[type[Layer], tuple[Mistake, ...]] = {
    Linear: LINEAR_MISTAKES,
    Activation: ACTIVATION_MISTAKES,
    Dropout: DROPOUT_MISTAKES,
}
"""By the class of the layer, or its base."""
