"""The outputs of a model for many examples."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from typing import Any

import numpy as np

from ..batching.arguments import check_memory_limit
from ..batching.batch import Batch
from ..objective import Objective
from ..utils.typing import Array
from .inputs import prepare_examples
from .isolated_access import KEPT_BYTES, IsolatedAccess
from .passes import inference_batches


def predict(
    objective: Objective,
    X: Any,
    memory_limit: int,
    convert: Callable[[Array], Array] | None = None,
    n_layers: int | None = None,
    dtype: np.dtype[Any] | None = None,
) -> Array:
    """Return the outputs of the last layer for each row of X, as `Sequential.predict` does.

    Parameters
    ----------
    objective : Objective
        The model.
    X : array_like of shape (m, ...)
        The examples.
    memory_limit : int
        About how many bytes rows and work arrays may take, beyond what is returned.
    convert : callable, optional
        Makes of some rows of outputs what is returned, such as class numbers.
    n_layers : int, optional
        How many layers the rows pass through; by default all.
    dtype : numpy.dtype, optional
        The dtype of the rows, by default that of the model. Where it is wider, the layers compute
        in it.

    Returns
    -------
    ndarray of shape (m, ...)
        A fresh array.
    """
    check_memory_limit(memory_limit)
    if dtype is None or objective.takes_integers:
        dtype = objective.input_dtype
    else:  # the limit is for work arrays in the dtype of the model
        memory_limit = memory_limit * objective.dtype.itemsize // dtype.itemsize
    x, _ = prepare_examples(objective, X, validate=False, dtype=dtype)
    input_size = None
    if isinstance(x, np.ndarray) and x.nbytes <= KEPT_BYTES:
        input_size = x.size
        x = x.copy()  # layers keep it until the next call: it must not keep a larger array alive
    outputs: Array = np.empty(0)
    with IsolatedAccess(objective, input_size=input_size) as isolated:
        batches = inference_batches(
            isolated, Batch(x, None), dtype=dtype, check_finite=True, memory_limit=memory_limit
        )
        with closing(iter(batches)) as slices:
            for rows, batch in slices:
                output = batch.x
                for layer in isolated.layers[:n_layers]:
                    output = layer.forward(output, training=False)
                if convert is not None:
                    output = convert(output)
                if not len(outputs):
                    outputs = np.empty((len(x), *output.shape[1:]), output.dtype)
                outputs[rows] = output
    return outputs
