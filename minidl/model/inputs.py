"""Validates what users pass to a model, and prepares it as a `Batch`."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from typing import Any

import numpy as np

from ..batching.arguments import MEMORY_LIMIT
from ..batching.batch import Batch, check_same_length
from ..batching.lazy_targets import LazyTargets, convert_targets
from ..batching.out_of_core import (
    READ_BYTES,
    ArraySource,
    Rows,
    TargetSource,
    as_array_or_source,
    chunk_ranges,
    is_out_of_core,
)
from ..batching.sample_weights import ClassWeight, compute_sample_weight
from ..errors import ArgumentError, DtypeError, ShapeError
from ..layers.base import Shape
from ..layers.container import integer_checkers
from ..layers.shapes import output_shapes
from ..objective import Objective
from ..utils.sparse_rows import SparseRows, is_sparse
from ..utils.typing import Array
from ..utils.validation import as_sample_array, check_integers, smaller_dtype, to_finite_array
from .output_shape import measure_output_shape


def prepare_examples(
    objective: Objective,
    X: Any,
    *,
    validate: bool,
    memory_limit: int = MEMORY_LIMIT,
    dtype: np.dtype[Any] | None = None,
) -> tuple[Rows, Shape | None]:
    """Prepare X without widening its dtype.

    Parameters
    ----------
    objective : Objective
        The model that takes the examples.
    X : array_like or sparse matrix of shape (m, ...)
        The examples.
    validate : bool
        Whether to check an array in memory for non-finite numbers now, and integers that layers
        check, for which an `ArraySource` is read once; otherwise the batches do.
    memory_limit : int
        Bytes, of which a validated copy of X in the model's dtype, or a block that is read, may
        take a quarter.
    dtype : numpy.dtype, optional
        The dtype to prepare for, by default `input_dtype` of the model.

    Returns
    -------
    x : ndarray, SparseRows or ArraySource of shape (m, ...)
        The examples.
    output_shape : tuple of int or None
        The shape of one example of the output, as far as the layers tell it; None if one of them
        does not define `output_shape`.
    """
    dtype = dtype or objective.input_dtype
    if is_sparse(X):
        _check_takes_sparse(objective, X)
    x = as_array_or_source(X, "X", dtype)
    if objective.takes_integers and not isinstance(x, SparseRows):
        _check_integers(objective, x)
        if validate:
            _check_values(objective, x, memory_limit)
    if validate and isinstance(x, np.ndarray):
        x = _finite_examples(x, smaller_dtype(x.dtype, dtype), memory_limit // 4)
    try:
        output_shape = output_shapes(objective.layers, x.shape[1:])[-1]
    except ShapeError as error:
        hint = ""
        if len(x.shape) == 2:
            with suppress(ShapeError):
                output_shapes(objective.layers, x.shape[:1])
                hint = "; the examples are the rows: pass X.T?"
        if not hint:
            with suppress(ShapeError):
                output_shapes(objective.layers, x.shape)
                cure = "X[np.newaxis]" if hasattr(X, "shape") else "[X]"
                hint = f"; if it is one example, pass {cure}, a batch of one row"
        raise ShapeError(f"{error} (X has shape {x.shape}{hint})") from None
    objective.example_shape = x.shape[1:]
    return x, output_shape


def _check_takes_sparse(objective: Objective, X: Any) -> None:
    layer = objective.layers[0]
    if not layer.takes_sparse:
        raise ArgumentError(
            "a sparse X must meet a layer that takes sparse rows, such as SparseLinear, got "
            f"layer 0, {layer}, for a {type(X).__name__} of shape {X.shape}: begin the network "
            f"with SparseLinear({X.shape[-1]}, ...), or pass X.toarray() if that fits into memory"
        )


def _check_integers(objective: Objective, x: Array | ArraySource) -> None:
    layer = objective.layers[0]
    if isinstance(x, ArraySource):  # each block is checked when it is read
        check_integers(np.dtype(x.values.dtype), f"layer 0, {layer}")
        return
    if x.dtype.kind == "f":
        is_whole = np.isfinite(x) & (np.trunc(x) == x)
        if not is_whole.all():
            place = tuple(int(i) for i in np.argwhere(~is_whole)[0])
            raise DtypeError(
                f"X must hold integers for layer 0, {layer}, got {x[place]} at "
                f"X[{', '.join(map(str, place))}]: pass the numbers of the tokens, and begin with "
                "another layer, such as Linear, for inputs that are measured"
            )
    check_integers(x.dtype, f"layer 0, {layer}")


def _check_values(objective: Objective, x: Array | ArraySource, memory_limit: int) -> None:
    """Ask the layers that receive x whether they take its integers."""
    checkers = list(integer_checkers("0", objective.layers[0]))
    if not checkers:
        return  # nothing is read
    blocks: Iterable[tuple[int, Array]] = (
        [(0, x)] if isinstance(x, np.ndarray) else x.blocks(min(memory_limit // 4, READ_BYTES))
    )
    for row_offset, block in blocks:
        for path, layer in checkers:
            try:
                layer.check_integers(block, "X", row_offset)
            except ArgumentError as error:
                raise ArgumentError(f"layer {path}: {error}") from None


def _finite_examples(x: Array, dtype: np.dtype[Any], max_bytes: int) -> Array:
    """Return finite examples in a dtype, or as they are where the copy would get too large."""
    is_gathered_in_place = x.flags.c_contiguous and x.dtype.isnative
    if x.dtype == dtype or x.size * dtype.itemsize <= max_bytes or not is_gathered_in_place:
        return to_finite_array(x, "X", dtype)
    rows = READ_BYTES * len(x) // x.nbytes or 1
    for start, stop in chunk_ranges(0, len(x), rows):
        to_finite_array(x[start:stop], "X", dtype, row_offset=start)
    return x


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

    Targets that the loss would make much larger, such as class numbers, may be `LazyTargets`.

    Parameters
    ----------
    objective : Objective
        The model that takes the data.
    X, Y : array_like
        Examples and targets, as `Sequential.fit` takes them.
    sample_weight : array_like of shape (m,) or (m, ...), optional
        The weight of each example, or of each position.
    class_weight : dict or "balanced", optional
        A factor for the weights of each class.
    memory_limit : int
        Bytes that reading targets may take; converted ones in memory take an eighth of it.
    validate : bool, default True
        As for `prepare_examples`.

    Returns
    -------
    Batch
        All rows, validated and of the same length.
    """
    x, output_shape = prepare_examples(objective, X, validate=validate, memory_limit=memory_limit)
    output_shape = measure_output_shape(objective, x, output_shape)
    # A number for a model whose output is (m, k).
    outputs = output_shape[0] if output_shape and len(output_shape) == 1 else output_shape or None
    loss = objective.loss
    dtype = objective.dtype
    y: Array | ArraySource | LazyTargets

    def convert(rows: Any) -> Array:
        return loss.prepare_targets(rows, outputs, dtype)

    y_is_out_of_core = is_out_of_core(Y)
    if y_is_out_of_core and isinstance(x, SparseRows):  # one row after another is gathered
        Y, y_is_out_of_core = ArraySource(Y, "Y").load(), False
    if y_is_out_of_core or isinstance(x, ArraySource):
        values = Y if y_is_out_of_core else as_sample_array(Y, "Y")
        y = TargetSource(values, convert, memory_limit)
    else:
        y = convert_targets(Y, convert, outputs, max_bytes=memory_limit // 8)
    check_same_length(x, y)
    weight = compute_sample_weight(loss, y, sample_weight, class_weight)
    return Batch(x, y, None if weight is None else weight.astype(dtype))


def prepare_batch(objective: Objective, X: Any, Y: Any, sample_weight: Any = None) -> Batch:
    """Prepare all data as one batch of arrays in memory, in the model's dtypes."""
    x, y, weight = prepare_data(objective, X, Y, sample_weight)
    if isinstance(x, ArraySource):
        x = x.load()
    if isinstance(y, ArraySource):
        y = y.load()
    if isinstance(y, LazyTargets):
        y = y[:]
    if isinstance(x, np.ndarray):
        x = np.asarray(x, objective.input_dtype)
    return Batch(x, y, weight)
