"""Whether training changes what a model gives by anything but parameters and buffers."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from typing import Any

import numpy as np

from ..batching.out_of_core import ArraySource, Rows
from ..errors import ArgumentError
from ..layers.hidden_state import (
    describe_places,
    find_hidden_state,
    inference_outputs,
    is_custom,
)
from ..objective import Objective
from ..utils.sparse_rows import SparseRows
from ..utils.typing import Array

N_ROWS = 8
"""Rows that are evaluated, and rows that are trained on."""


def check_hidden_state(objective: Objective, x: Rows) -> None:
    """Raise `ArgumentError` if a step of training changes the output by hidden state.

    With equal parameters and buffers, what layers give at inference must be the same before and
    after a forward and a backward pass of training. Everything is restored at the end. Models of
    minidl's own layers are not run.

    Parameters
    ----------
    objective : Objective
        The model.
    x : ndarray, SparseRows or ArraySource of shape (m, ...)
        The examples, of which a few are tried; the first ones if they are not in memory.

    Raises
    ------
    ArgumentError
        If another attribute changes the output, or if a layer, parameter or buffer is replaced.
    """
    if not any(is_custom(module) for module in objective.modules):
        return
    evaluated, trained = _different_rows(objective, x)

    def train() -> None:
        with suppress(Exception), np.errstate(all="ignore"):  # training raises it again
            output = objective.forward(trained, training=True)
            dy: Any = np.cos(np.arange(output.size)).reshape(output.shape).astype(output.dtype)
            for layer in reversed(objective.layers):
                dy = layer.backward(dy)
        objective.members.check()

    found = find_hidden_state(
        objective.layers, partial(inference_outputs, objective.layers, evaluated), train
    )
    if found:
        raise ArgumentError(
            "what a layer keeps from one call to the next, and its output depends on, must be a "
            f"Buffer, got {describe_places(found)}, which changes in training and would never be "
            f"saved or resumed: {found[0].cure}"
        )


def _different_rows(objective: Objective, x: Rows) -> tuple[Array, Array]:
    """Return rows to evaluate and as many others to train on; all rows twice if there are few."""
    n_rows = min(2 * N_ROWS, len(x))
    rows: Any = x.read(0, n_rows) if isinstance(x, ArraySource) else x[:: len(x) // n_rows][:n_rows]
    if not isinstance(rows, SparseRows):  # these have it already
        rows = np.array(rows, objective.input_dtype)
    if n_rows < 4:
        return rows, rows.copy()
    return rows[: n_rows // 2].copy(), rows[n_rows // 2 : n_rows // 2 * 2].copy()
