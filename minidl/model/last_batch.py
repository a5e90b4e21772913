"""Whether a model can train on its last mini-batch, where that is a single example."""

from __future__ import annotations

import numpy as np

from ..batching.minibatches import MiniBatches
from ..batching.out_of_core import Rows, first_rows
from ..errors import ArgumentError, ShapeError
from ..objective import Objective
from ..parameters import Parameter
from ..utils.snapshot import restored


def check_last_batch(objective: Objective, x: Rows, batches: MiniBatches, n_parts: int = 1) -> None:
    """Raise `ArgumentError` if a layer refuses to train on the single example that is left over.

    Batch normalization has no variance then. A model whose layers do not couple examples is not
    run; any other is restored at the end.

    Parameters
    ----------
    objective : Objective
        The model.
    x : ndarray, SparseRows or ArraySource of shape (m, ...)
        The examples, of which the first is tried.
    batches : MiniBatches
        The mini-batches of an epoch.

    Raises
    ------
    ArgumentError
        If a layer raises `ShapeError` for one example.
    """
    n_examples, batch_size = batches.n_examples, batches.batch_size
    couples = any(layer.couples_examples for layer in objective.modules)
    n_parts = 1 if batches.lanes is None else batches.lanes.n_coupled_parts
    sizes = batch_size, n_examples % batch_size or batch_size
    if not couples or min(sizes) // n_parts > 1:
        return
    try:
        with restored(objective.layers, (Parameter,)), np.errstate(all="ignore"):
            objective.forward(first_rows(x, 1, objective.input_dtype), training=True)
    except ShapeError as error:
        of_part = f" for one of {n_parts} ranks" if n_parts > 1 else ""
        raise ArgumentError(
            f"a mini-batch must have what the layers need, but batch_size={batch_size} leaves a "
            f"single one of {n_examples:,} examples{of_part}: {error}"
        ) from None
