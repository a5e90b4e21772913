"""The backward function of a pair, as one that may be edited."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import copy
from typing import Any

import numpy as np

from ....utils.typing import Array
from ...repair.elsewhere import OtherPoint, other_values
from ...repair.search import EditableFunction
from .pair import FunctionPair


def editable_backward(pair: FunctionPair, values: Mapping[str, Array]) -> EditableFunction:
    """Return the backward function of a pair, to be edited and run at this point."""

    def runner(at: Mapping[str, Array]) -> Callable[[Callable[..., Any]], Mapping[str, Array]]:
        def run(edited: Callable[..., Any]) -> Mapping[str, Array]:
            changed = copy(pair)
            changed.backward = edited
            return changed.vjp(at).arrays

        return run

    def forward(edit: Callable[[Callable[..., Any]], Callable[..., Any]]) -> Any:
        changed = copy(pair)
        changed.forward = edit(pair.forward)
        return changed.cost(values)

    def elsewhere(rng: np.random.Generator) -> OtherPoint:
        other = other_values(values, rng)
        return OtherPoint(other, pair.cost, runner(other), {"forward_output": pair.output(other)})

    known = {"forward_output": pair.output(values)}
    return EditableFunction(pair.backward, runner(values), known, elsewhere, forward)
