"""Mistakes in the input gradient of an elementwise layer: activations and dropout."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...utils.typing import Array
from .mistake import Mistake


@dataclass(frozen=True)
class ActivationCase:
    """Input, output and incoming gradient of an elementwise layer, and its right input gradient.

    `slope_at_output` is the input gradient at x = y, None if the layer is not defined there;
    `keep_prob` is that of a dropout layer in training, else None.
    """

    x: Array
    y: Array
    dy: Array
    numeric: Array
    slope_at_output: Array | None = None
    keep_prob: float | None = None


def _ratio(a: Array, b: Array) -> Array:
    """Return a / b, and 0 where b = 0."""
    ratio: Array = np.divide(a, b, out=np.zeros_like(a), where=b != 0)
    return ratio


DROPOUT_MISTAKES: tuple[Mistake[ActivationCase], ...] = (
    Mistake("the mask is missing: dx = dy / keep_prob", lambda c: c.dy / c.keep_prob),
    Mistake("the mask and its scale are missing: dx = dy, as outside of training", lambda c: c.dy),
    Mistake("the mask is scaled by 1/keep_prob twice", lambda c: c.numeric / c.keep_prob),
    Mistake(
        "the mask is inverted and scaled",
        lambda c: np.where(c.numeric == 0, c.dy / c.keep_prob, 0.0),
    ),
    Mistake("the mask is inverted and unscaled", lambda c: np.where(c.numeric == 0, c.dy, 0.0)),
)
"""For layers with a `keep_prob`, in training."""

ACTIVATION_MISTAKES: tuple[Mistake[ActivationCase], ...] = (
    Mistake("dx = dy: the derivative of the activation is missing", lambda c: c.dy),
    Mistake(
        "the derivative is taken at the output instead of the input",
        lambda c: c.slope_at_output,
    ),
    Mistake("dx = dy * y: the output instead of the derivative", lambda c: c.dy * c.y),
    Mistake("dx = dy * x: the input instead of the derivative", lambda c: c.dy * c.x),
    Mistake(
        "dx = dy * (1 - y): a term or a square of the derivative is missing",
        lambda c: c.dy * (1 - c.y),
    ),
    Mistake("dx = dy * (1 + y): a term of the derivative is missing", lambda c: c.dy * (1 + c.y)),
    Mistake(
        "dx = dy * y * (1 - y): only the diagonal of the derivative, or a sigmoid's",
        lambda c: c.dy * c.y * (1 - c.y),
    ),
    Mistake("dx = dy * (1 - y**2): a tanh's derivative", lambda c: c.dy * (1 - c.y * c.y)),
    Mistake(
        "dx = dy * x * (1 - x): the derivative's formula for outputs taken at the input",
        lambda c: c.dy * c.x * (1 - c.x),
    ),
    Mistake(
        "dx = dy * (1 - x**2): the derivative's formula for outputs taken at the input",
        lambda c: c.dy * (1 - c.x * c.x),
    ),
    Mistake(
        "the mask is taken from the incoming gradient (dy > 0) instead of the input",
        lambda c: c.dy * (c.dy > 0),
    ),
    Mistake("the mask is inverted: dy where x <= 0", lambda c: c.dy * (c.x <= 0)),
    Mistake("the mask is inverted", lambda c: np.where(c.numeric == 0, c.dy, 0.0)),
    Mistake(
        "dx = the derivative alone: the incoming gradient is ignored",
        lambda c: _ratio(c.numeric, c.dy),
    ),
    Mistake("dx = the mask alone: the incoming gradient is ignored", lambda c: (c.x > 0) * 1.0),
    Mistake(
        "dx = dy * derivative**2: the derivative is applied twice",
        lambda c: _ratio(c.numeric * c.numeric, c.dy),
    ),
    Mistake(
        "dx = dy / derivative: a division instead of a product",
        lambda c: _ratio(c.dy * c.dy, c.numeric),
    ),
    Mistake("dx without dy itself: the gradient of a skip is missing", lambda c: c.numeric - c.dy),
    Mistake("dx with dy itself added once too often", lambda c: c.numeric + c.dy),
    Mistake(
        "dx = y * (dy - sum(dy * y) over the examples): the sum runs over the wrong axis",
        lambda c: c.y * (c.dy - (c.dy * c.y).sum(axis=0)),
    ),
)
"""For layers whose output has the shape of the input."""
