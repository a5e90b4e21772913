"""Mistakes in the gradients of layers such as `Linear`: a matrix in, a matrix out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...utils.typing import Array
from .mistake import Mistake


@dataclass(frozen=True)
class LinearCase:
    """Input, output and incoming gradient (m, k) of a layer, and the right gradient of an array."""

    x: Array
    y: Array
    dy: Array
    numeric: Array


TRANSPOSED_WEIGHT = "dy @ weight.T instead of dy @ weight: transposed"
"""For the input gradient of a layer with a square weight, ..."""

TRANSPOSED_COLUMNS = "dy @ weight instead of dy @ weight.T: transposed"
"""... and if the weight has a column for each output."""


def _if_per_output(case: LinearCase, gradient: Array) -> Array | None:
    return gradient if case.dy.shape[1] == case.numeric.size else None


def _if_elementwise(case: LinearCase, factor: Array) -> Array | None:
    """Return the sum of dy * factor if inputs, outputs and the array have one width."""
    if case.x.shape != case.dy.shape:
        return None
    return _if_per_output(case, (case.dy * factor).sum(axis=0))


VECTOR_MISTAKES: tuple[Mistake[LinearCase], ...] = (
    Mistake(
        "summed over the wrong axis: over the features instead of the examples",
        lambda c: c.dy.sum(axis=1) if len(c.dy) == c.numeric.size else None,
    ),
    Mistake(
        "all elements equal the sum of dy over both axes",
        lambda c: np.full(c.numeric.shape, c.dy.sum()),
    ),
    Mistake(
        "the mean of dy over both axes in every element",
        lambda c: np.full(c.numeric.shape, c.dy.mean()),
    ),
    Mistake(
        "the largest of dy instead of its sum over the examples",
        lambda c: _if_per_output(c, c.dy.max(axis=0)),
    ),
    Mistake(
        "the sum of dy alone: a factor is left out",
        lambda c: _if_per_output(c, c.dy.sum(axis=0)),
    ),
    Mistake("the sum of dy * x", lambda c: _if_elementwise(c, c.x)),
    Mistake(
        "the sum of dy * y: the output instead of the input", lambda c: _if_elementwise(c, c.y)
    ),
)
"""For vectors, such as a bias or a gain."""


def _if_per_input(case: LinearCase, factor: Array) -> Array | None:
    return case.dy.T @ factor if case.x.shape[1] == case.numeric.shape[1] else None


MATRIX_MISTAKES: tuple[Mistake[LinearCase], ...] = (
    Mistake(
        "dy.T @ y: the layer's output instead of its input",
        lambda c: c.dy.T @ c.y if c.y.shape[1] == c.numeric.shape[1] else None,
    ),
    Mistake("dy.T @ x with the input squared", lambda c: _if_per_input(c, c.x * c.x)),
    Mistake("dy.T @ x with the input left out", lambda c: _if_per_input(c, np.ones_like(c.x))),
    Mistake("dy.T @ x with the input without its sign", lambda c: _if_per_input(c, np.abs(c.x))),
)
"""For matrices with one row per output."""
