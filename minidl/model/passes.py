"""How many rows a model takes at once where no gradient is needed."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..batching.batch import Batch
from ..batching.inference_batches import InferenceBatches
from ..batching.out_of_core import Rows, first_rows
from ..errors import ShapeError
from ..layers.base import Layer, Shape
from ..layers.container import Container
from ..objective import Objective
from ..utils.typing import Array

_LOSS_ARRAYS = 8
"""Arrays of the size of the output that a loss and the accuracy take at once, with the targets."""

_UNKNOWN_ARRAYS = 4
"""Arrays of the size of its output that a layer which does not tell it is expected to take."""


def inference_batches(
    objective: Objective,
    data: Batch,
    *,
    memory_limit: int,
    pass_limit: int | None = None,
    check_finite: bool = False,
    dtype: np.dtype[Any] | None = None,
) -> InferenceBatches:
    """Return all rows in batches for which the work arrays of the layers keep a memory limit.

    Parameters
    ----------
    objective : Objective
        The model. If a layer does not tell what it takes, one row is passed through the model.
    data : Batch
        All examples and, for an evaluation, targets and weights.
    memory_limit : int
        Bytes that reading rows and a pass may take.
    pass_limit : int, optional
        Bytes that a pass may take, if less than `memory_limit`.
    check_finite : bool, default False
        Whether to raise `NonFiniteError` if x is not finite.
    dtype : numpy.dtype, optional
        The dtype of x in the batches, by default `input_dtype` of the model.

    Returns
    -------
    InferenceBatches
        The batches.
    """
    return InferenceBatches(
        data,
        dtype=dtype or objective.input_dtype,
        check_finite=check_finite,
        memory_limit=memory_limit,
        pass_limit=pass_limit,
        pass_bytes_per_row=pass_bytes_per_row(objective, data),
    )


def pass_bytes_per_row(objective: Objective, data: Batch) -> int:
    """Return the bytes that a forward pass of one row takes, with the loss if there are targets.

    Parameters
    ----------
    objective : Objective
        The model.
    data : Batch
        All examples and, for an evaluation, targets.

    Returns
    -------
    int
        The bytes; 0 for a single row, which cannot be divided.
    """
    if len(data.x) == 1:
        return 0
    shape = data.x.shape[1:]
    sizes = objective.pass_sizes.get(shape)
    if sizes is None:
        sizes = _known_sizes(objective, shape) or _measured_sizes(objective, data.x)
        if sizes is None:
            return 0
        objective.pass_sizes[shape] = sizes
    layers_size, output_size = sizes
    loss_size = 0 if data.y is None else _LOSS_ARRAYS * output_size
    return objective.dtype.itemsize * (layers_size + loss_size)


def _known_sizes(objective: Objective, shape: Shape) -> tuple[int, int] | None:
    """Return the numbers per row of all layers and of the output, None if a layer is unknown."""
    sizes: list[int | None] = []

    def run(name: str, layer: Layer, shape: Shape | None) -> Shape | None:
        if isinstance(layer, Container):
            output_shape = layer.shape_through(shape, run)
        else:
            output_shape = layer.output_shape(shape)
        n_arrays = layer.inference_arrays
        if output_shape is None or n_arrays is None:
            sizes.append(None)
        else:
            sizes.append(n_arrays * math.prod(output_shape))
        return output_shape

    output_shape: Shape | None = shape
    try:
        for layer in objective.layers:
            output_shape = run("", layer, output_shape)
    except (ShapeError, LookupError, ValueError):  # too little is known after a custom layer
        return None
    known = [size for size in sizes if size is not None]
    if output_shape is None or len(known) < len(sizes):
        return None
    return sum(known), math.prod(output_shape)


def _measured_sizes(objective: Objective, x: Rows) -> tuple[int, int] | None:
    """Return what `_known_sizes` returns, from a pass of the first row; None if it raises."""
    modules = objective.modules
    workspaces = [module.workspace for module in modules]
    total = 0
    try:
        for module in modules:
            module.workspace = {}  # what later passes will take must not depend on earlier ones
        with np.errstate(all="ignore"):  # the real pass warns
            row = first_rows(x, 1, objective.input_dtype)
            for layer in objective.layers:
                kept_before = [array for module in layer.modules() for array in _arrays(module)]
                row = layer.forward(row, training=False)
                total += _measured_size(layer, row.size, set(map(id, kept_before)))
    except Exception:  # the real pass raises it again, where the caller expects it
        return None
    finally:
        for module, workspace in zip(modules, workspaces, strict=True):
            module.workspace = workspace
    return total, row.size


def _arrays(module: Layer) -> list[Array]:
    values = [*vars(module).values(), *module.workspace.values()]
    return [value for value in values if isinstance(value, np.ndarray)]


def _measured_size(layer: Layer, output_size: int, ids_before: set[int]) -> int:
    """Return the numbers that a layer took in its last pass, of one row."""
    if layer.inference_arrays is not None and not isinstance(layer, Container):
        return layer.inference_arrays * output_size
    new_arrays = {id(array): array for module in layer.modules() for array in _arrays(module)}
    kept = sum(array.size for key, array in new_arrays.items() if key not in ids_before)
    if all(module.inference_arrays is not None for module in layer.modules()):
        return kept
    return max(_UNKNOWN_ARRAYS * output_size, 2 * kept)
