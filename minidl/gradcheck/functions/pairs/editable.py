"""The backward function of a pair, as one that may be edited."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import copy
from typing import Any

from ....utils.typing import Array
from ...repair.search import EditableFunction
from .pair import FunctionPair


def editable_backward(pair: FunctionPair, values: Mapping[str, Array]) -> EditableFunction:
    """Return the backward function of a pair, to be edited and run at this point."""

    def run(edited: Callable[..., Any]) -> Mapping[str, Array]:
        changed = copy(pair)
        changed.backward = edited
        return changed.vjp(values).arrays

    return EditableFunction(pair.backward, run, {"forward_output": pair.output(values)})
