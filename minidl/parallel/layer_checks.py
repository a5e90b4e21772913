"""Whether layers compute the same from a part of a batch as from the whole of it."""

from __future__ import annotations

from contextlib import suppress

import numpy as np

from ..batching.out_of_core import Rows, first_rows
from ..buffers import Buffer
from ..errors import ArgumentError
from ..layers.base import Layer
from ..layers.hidden_state import is_custom
from ..layers.tree import named_modules
from ..objective import Objective
from ..parameters import Parameter
from ..utils.nested import find_nested
from ..utils.snapshot import restored

N_ROWS = 8
"""Rows that are tried."""

_CURE = (
    "take the sums by minidl.whole_sums and set sums_whole_batches, or pass "
    "DataParallel(comm, exact=False, batch_statistics='rank')"
)


def check_layers(objective: Objective, x: Rows) -> None:
    """Raise `ArgumentError` if a layer of the user's needs more than the rows of a lane.

    Parameters
    ----------
    objective : Objective
        The model. Only one with layers of the user's that have buffers is run, and restored.
    x : ndarray, SparseRows or ArraySource of shape (m, ...)
        The examples, of which the first are tried.
    """
    sharing = {
        path: module
        for path, module in named_modules(objective.layers)
        if not module.sums_whole_batches
    }
    for path, module in sharing.items():
        inner = [layer for _, layer in module.named_children()]
        if module.couples_examples and not any(layer.couples_examples for layer in inner):
            raise ArgumentError(
                "each layer must give the same for a part of a batch, which is divided into lanes, "
                f"but examples depend on each other in layer {path}, {module}: {_CURE}"
            )
    suspects = {
        path: module for path, module in sharing.items() if is_custom(module) and _buffers(module)
    }
    if not suspects:
        return
    before = {path: _buffers(module) for path, module in suspects.items()}
    with restored(objective.layers, (Parameter,)), np.errstate(all="ignore"):
        with suppress(Exception):  # training raises it again
            objective.forward(first_rows(x, N_ROWS, objective.input_dtype), training=True)
        after = {path: _buffers(module) for path, module in suspects.items()}
    for path, module in suspects.items():
        if before[path] != after[path]:
            raise ArgumentError(
                "a Buffer must follow the whole batch, which is divided into lanes, but layer "
                f"{path}, {module}, changes one by the rows of each: {_CURE}"
            )


def _buffers(module: Layer) -> list[bytes]:
    """Return the values of the layer's own buffers."""
    return [buffer.value.tobytes() for _, buffer in find_nested(module, (Buffer,))]
