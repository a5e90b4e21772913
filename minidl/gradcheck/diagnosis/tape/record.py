"""Record what a function does."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from ....utils.typing import Array
from .graph import Graph
from .node import NotTraceable
from .recording_numpy import with_recording_numpy
from .traced import Tape, Traced


def record(
    function: Callable[..., Any],
    values: Mapping[str, Array],
    arguments: Callable[[dict[str, Any]], Sequence[Any]],
    seeds: Callable[[Any], Sequence[tuple[Any, Array]]],
) -> Graph:
    """Return the graph of a function at one point.

    Parameters
    ----------
    function : callable
        The function.
    values : mapping of str to ndarray
        The arrays that are recorded.
    arguments : callable
        ``arguments(arrays)`` returns what `function` is called with, from recorded arrays.
    seeds : callable
        ``seeds(result)`` returns the outputs and their incoming gradients.

    Returns
    -------
    Graph
        What flows back.

    Raises
    ------
    NotTraceable
        If something cannot be recorded. The function may also raise anything itself.
    """
    tape = Tape()
    arrays = {name: tape.input(name, value) for name, value in values.items()}
    inputs = {name: array.node for name, array in arrays.items()}
    result = with_recording_numpy(function, tape)(*arguments(dict(arrays)))
    cotangents: dict[int, Array] = {}
    for output, seed in seeds(result):
        if isinstance(output, Traced):
            number = output.node.number
            shaped = np.asarray(seed, float).reshape(output.node.value.shape)
            cotangents[number] = cotangents.get(number, 0.0) + shaped
    if not cotangents:
        raise NotTraceable("no output is computed from the inputs")
    return Graph(tape.nodes, inputs, cotangents)
