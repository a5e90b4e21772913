"""Validates what users pass to a model, and prepares it as a `Batch`."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from typing import Any

import numpy as np

from ..batching.batch import Batch
from ..batching.out_of_core import (
    ArraySource,
    TargetSource,
    as_array_or_source,
    check_same_length,
    is_out_of_core,
)
from ..batching.read_plan import MEMORY_LIMIT
from ..batching.sample_weights import ClassWeight, compute_sample_weight
from ..errors import ArgumentError, ShapeError
from ..objective import Objective, output_shapes
from ..optimizers.base import Optimizer
from ..training.callbacks.base import Callback
from ..utils.typing import Array
from ..utils.validation import as_sample_array, check_array, is_integer


def prepare_examples(
    objective: Objective, X: Any, *, validate: bool
) -> tuple[Array | ArraySource, int | None]:
    """Prepare X without widening its dtype.

    Parameters
    ----------
    objective : Objective
        The model that takes the examples.
    X : array_like of shape (m, ...)
        The examples.
    validate : bool
        Whether to check an array in memory for non-finite numbers now; otherwise the batches do.

    Returns
    -------
    x : array or ArraySource of shape (m, ...)
        The examples.
    n_outputs : int or None
        The number of outputs, or None if a layer does not define `output_shape`.
    """
    x = as_array_or_source(X, "X", objective.dtype)
    if validate and not isinstance(x, ArraySource):
        x = check_array(x, "X", objective.dtype, keep_smaller_dtype=True)
    try:
        output_shape = output_shapes(objective.layers, x.shape[1:])[-1]
    except ShapeError as error:
        hint = ""
        if len(x.shape) == 2:
            with suppress(ShapeError):
                output_shapes(objective.layers, x.shape[:1])
                hint = "; the examples are the rows: pass X.T?"
        raise ShapeError(f"{error} (X has shape {x.shape}{hint})") from None
    return x, output_shape[0] if output_shape else None


def prepare_data(
    objective: Objective,
    X: Any,
    Y: Any,
    sample_weight: Any = None,
    class_weight: ClassWeight | None = None,
    *,
    memory_limit: int = MEMORY_LIMIT,
    validate: bool = True,
) -> Batch:
    """Prepare examples, targets and weights, each an array or an `ArraySource`.

    Parameters
    ----------
    objective : Objective
        The model that takes the data.
    X, Y : array_like
        Examples and targets, as `Sequential.fit` takes them.
    sample_weight : array_like of shape (m,), optional
        The weight of each example.
    class_weight : dict or "balanced", optional
        A factor for the weights of each class.
    memory_limit : int
        Bytes that reading targets may take.
    validate : bool, default True
        As for `prepare_examples`.

    Returns
    -------
    Batch
        All rows, validated and of the same length.
    """
    x, n_outputs = prepare_examples(objective, X, validate=validate)
    loss, dtype = objective.loss, objective.dtype
    y: Array | ArraySource
    if isinstance(x, ArraySource) or is_out_of_core(Y):
        values = Y if is_out_of_core(Y) else as_sample_array(Y, "Y")
        y = TargetSource(
            values, lambda rows: loss.prepare_targets(rows, n_outputs, dtype), memory_limit
        )
    else:
        y = loss.prepare_targets(Y, n_outputs, dtype)
    check_same_length(x, y)
    weight = compute_sample_weight(loss, y, sample_weight, class_weight)
    return Batch(x, y, None if weight is None else weight.astype(dtype))


def prepare_batch(objective: Objective, X: Any, Y: Any, sample_weight: Any = None) -> Batch:
    """Prepare data as one batch of arrays in the model's dtype; parameters as for `prepare_data`."""
    x, y, weight = prepare_data(objective, X, Y, sample_weight)
    if isinstance(x, ArraySource):
        x = x.load()
    if isinstance(y, ArraySource):
        y = y.load()
    return Batch(np.asarray(x, objective.dtype), y, weight)


def check_fit_arguments(
    optimizer: Any, epochs: Any, callbacks: Any, validation: Any
) -> list[Callback]:
    """Raise `ArgumentError` for what `fit` cannot use, and return the callbacks as a list."""
    if not isinstance(optimizer, Optimizer):
        raise ArgumentError(f"optimizer must be an Optimizer such as Adam(), got {optimizer!r}")
    if not is_integer(epochs):
        raise ArgumentError(f"epochs must be an integer >= 1, got {epochs!r}")
    callback_list = list(callbacks) if isinstance(callbacks, Iterable) else [callbacks]
    for callback in callback_list:
        if not isinstance(callback, Callback):
            rule = "callbacks must be a list of Callback objects such as EarlyStopping()"
            raise ArgumentError(f"{rule}, got {callback!r}")
    is_pair = isinstance(validation, tuple | list) and len(validation) in (2, 3)
    if validation is not None and not is_pair:
        rule = "validation must be a pair (X, Y), or (X, Y, sample_weight)"
        raise ArgumentError(f"{rule}, got {type(validation).__name__}")
    return callback_list
