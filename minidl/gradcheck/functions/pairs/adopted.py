"""The parameters of the object behind a pair, which are checked with its inputs."""

from __future__ import annotations

from contextlib import suppress

import numpy as np

from ....utils.typing import Array
from .attributes import attributes_of
from .inputs import is_float
from .owned import OwnedParameters, gradient_name
from .owner import InnerObject
from .pair import FunctionPair, copy_arrays
from .unchecked import unchecked_arrays


def adopt_parameters(pair: FunctionPair) -> list[str]:
    """Look for parameters of the object after a backward pass; return what to note."""
    notes = []
    for owner in pair.state.owners:
        objects = pair.state.objects_before(owner)
        _leave_out_buffers(pair, objects)
        owned = OwnedParameters(objects, set(pair.inputs.values))
        names = owned.without_gradient
        if pair.inputs.wrt is None:
            names += unchecked_arrays(objects, owned.arrays, lambda: pair.output(pair.values))
        notes += [
            f"not differentiated: {name} of the object, of which no gradient was found in it"
            for name in names
        ]
        if owned.parameters:
            pair.owned = owned
            if _piles_up(pair, owned):
                notes.append(
                    "gradients in the object pile up from call to call: they are set to zero "
                    "before each one"
                )
            break
    return notes


def _leave_out_buffers(pair: FunctionPair, objects: list[InnerObject]) -> None:
    """Leave out arrays that forward fills, such as a copy of its input: they are no parameters."""
    for each in objects:
        attributes = attributes_of(each.itself)
        for name, array in list(each.before.items()):
            is_array = isinstance(array, np.ndarray) and is_float(array) and array.flags.writeable
            if is_array and gradient_name(attributes, name) and _is_filled(pair, array):
                del each.before[name]


def _is_filled(pair: FunctionPair, array: Array) -> bool:
    """Return whether forward writes the same into an array, whatever it contains."""
    original, contents = array.copy(), []
    with suppress(Exception):  # of a function that refuses other parameters
        for factor in (1, 2):
            try:
                array[...] = before = original + factor * (np.abs(original) + 1)
                pair.run(pair.values)
                if np.array_equal(array, before):
                    return False
                contents.append(array.copy())
            finally:
                np.copyto(array, original)
    return len(contents) == 2 and np.array_equal(contents[0], contents[1], equal_nan=True)


def _piles_up(pair: FunctionPair, owned: OwnedParameters) -> bool:
    values = pair.values
    first = pair.vjp(values).arrays
    pair.call_backward(pair.run(values), copy_arrays(pair.cotangents))
    return any(
        isinstance(again, np.ndarray)
        and name in first
        and not np.allclose(again, first[name], atol=0)
        for name, again in owned.gradients().items()
    )
