"""A function with an incoming gradient at one point: what is known of a wrong gradient of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ...utils.typing import Array

VectorJacobian = Callable[[Sequence[Array], Array | None, int], "list[Array] | None"]
"""``vjp(cotangents, at, limit)``: the numeric gradient of one array for each incoming gradient, at
the array itself or at another value of it; None if that takes more than `limit` forward calls."""


@dataclass(frozen=True)
class KnownFunction:
    """One array of a function y = f(array, others), whose gradient is wrong.

    Attributes
    ----------
    value
        The array.
    numeric
        Its right gradient.
    y, dy
        The output and the incoming gradient.
    vjp
        The right gradient for other incoming gradients.
    is_input
        Whether the array may be the input of a layer.
    inputs
        The arrays that may be the input of a layer of which this one is a parameter.
    weights
        The arrays that may be the weight of a layer of which this one is the input.
    has_several_outputs
        Whether y and dy are several outputs in one vector.
    keep_probs
        Numbers that may be the probability with which dropout keeps a unit.
    has_batch
        Whether the first axis of y is that of examples.
    """

    value: Array
    numeric: Array
    y: Array
    dy: Array
    vjp: VectorJacobian
    is_input: bool = True
    inputs: Sequence[Array] = ()
    weights: Sequence[Array] = ()
    keep_probs: Sequence[float] = ()
    has_several_outputs: bool = False
    has_batch: bool = True
