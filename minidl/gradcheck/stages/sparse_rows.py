"""Whether the first layer computes the same of sparse rows as of arrays, which are checked."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ...errors import ArgumentError
from ...layers.container import run_backward_parameters
from ...utils.sparse_rows import SparseRows
from ...utils.typing import Array
from ..constants import SAME_RUN
from ..context import CheckContext
from ..layer_harness import LayerHarness
from ..result import Check

_MAX_BYTES = 2**27
"""Bytes of rows that become an array: each stage makes some of this size."""


def as_few_rows(rows: SparseRows) -> Array:
    """Return sparse rows as an array, in which every derivative of them can be computed.

    Parameters
    ----------
    rows : SparseRows
        The examples of a check.

    Returns
    -------
    ndarray of shape (m, n)
        The same numbers.

    Raises
    ------
    ArgumentError
        If that would take too much memory.
    """
    m, n = rows.shape
    if m * n * np.dtype(np.float64).itemsize > _MAX_BYTES:
        raise ArgumentError(
            f"a gradient check takes a few examples, which it makes dense, got a sparse X of shape "
            f"{rows.shape}: pass some of its rows, such as X[:10] and Y[:10]"
        )
    return rows.toarray()


def check_sparse_rows(context: CheckContext, rows: SparseRows) -> list[Check]:
    """Compare what the first layer computes of sparse rows and of the same rows as an array.

    All other stages check it with the array.

    Parameters
    ----------
    context : CheckContext
        The model and the data, whose examples are `rows` as an array.
    rows : SparseRows
        The examples, in float64.

    Returns
    -------
    list of Check
        A failed row if its output or a gradient differs, else one that passes.
    """
    harness = LayerHarness(context.sandbox, 0)
    check = Check(0, "protocol", "sparse rows", component=str(harness.layer))
    check.method = "no derivative needed"
    try:
        check.diagnosis = next(_differences(harness, context.batch.x, rows), "")
    except Exception as error:
        check.diagnosis = f"for sparse rows it raises {type(error).__name__}: {error}"
    finally:
        context.sandbox.reset(harness.layer)
    if check.diagnosis:
        check.verdict, check.difference = "fail", 1.0
    return [check]


def _differences(harness: LayerHarness, x: Array, rows: SparseRows) -> Iterator[str]:
    """Yield what differs, in words."""
    y = harness.fresh_output(x)
    sparse_y = np.array(harness.layer.forward(rows))  # type: ignore[arg-type]
    if not _are_equal(y, sparse_y):
        yield "its output for sparse rows is not that for the same rows as an array"
    cotangent = np.random.default_rng(0).standard_normal(y.shape)
    gradients = harness.fresh_gradients(x, cotangent)
    harness.layer.forward(rows)  # type: ignore[arg-type]
    for parameter in harness.parameters.values():
        parameter.grad.fill(np.nan)
    run_backward_parameters(harness.layer, cotangent)  # as in training, where dx is not needed
    for name, parameter in harness.parameters.items():
        if not _are_equal(gradients[name], parameter.grad):
            yield (
                f"its gradient of {name} for sparse rows is not that for the same rows as an array"
            )


def _are_equal(a: Array, b: Array) -> bool:
    """Return whether two results are equal to the rounding of their largest element."""
    if a.shape != b.shape:
        return False
    return bool(np.abs(a - b).max(initial=0.0) <= SAME_RUN * np.abs(a).max(initial=0.0))
