"""The parameters of the object behind a pair, which are checked with its inputs."""

from __future__ import annotations

import numpy as np

from .owned import OwnedParameters
from .pair import FunctionPair, copy_arrays
from .unchecked import unchecked_arrays


def adopt_parameters(pair: FunctionPair) -> list[str]:
    """Look for parameters of the object after a backward pass; return what to note."""
    notes = []
    for owner in pair.state.owners:
        objects = pair.state.objects_before(owner)
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
