"""Whether the loss of a batch is the mean over its parts."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np

from ..batching.batch import Batch
from ..batching.out_of_core import first_rows
from ..errors import ArgumentError
from ..layers.hidden_state import is_custom_class
from ..objective import Objective

N_ROWS = 8
"""Rows that are tried, in two parts."""

AGREEMENT = 1e-4
"""How far both may be apart, in units of their size: rounding in float32 is less."""


def check_loss(objective: Objective, data: Batch) -> None:
    """Raise `ArgumentError` if a loss of the user's is no mean over the examples.

    Each lane computes the loss of its own examples, and these are averaged. A sum over all of them,
    or a loss that compares examples with each other, would be another one.

    Parameters
    ----------
    objective : Objective
        The model. Only one with a loss of the user's is run.
    data : Batch
        The examples and targets, of which the first are tried.
    """
    if not is_custom_class(type(objective.loss)):
        return
    x = first_rows(data.x, N_ROWS, objective.input_dtype)
    y = first_rows(data.y, N_ROWS, objective.dtype)
    loss: Any = copy.deepcopy(objective.loss)
    with np.errstate(all="ignore"):
        output = np.array(objective.forward(x))
        half = len(output) // 2
        whole = float(loss.forward(output, y))
        parts = [float(loss.forward(output[rows], y[rows])) for rows in _halves(half)]
        mean = (half * parts[0] + (len(output) - half) * parts[1]) / len(output)
    if abs(whole - mean) > AGREEMENT * (abs(whole) + abs(mean)):
        raise ArgumentError(
            "a loss must be the mean over the examples where a batch is divided into lanes, got "
            f"{whole:g} of {len(output)} examples and {mean:g} as the mean of their halves from "
            f"{objective.loss}: return the mean, or train without comm"
        )


def _halves(half: int) -> tuple[slice, slice]:
    return slice(half), slice(half, None)
