"""Explain the wrong gradients of one layer: by known mistakes, and by the edit that cures them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ...layers.base import Layer
from ...utils.attributes import replaced_attributes
from ...utils.typing import Array
from ..diagnosis.explain import explain_layer
from ..layer_harness import LayerHarness
from ..repair.search import EditableFunction, explain_by_edits
from ..repair.source import is_users_function
from .layers import LayerResult


def explain_failed_layer(result: LayerResult, harness: LayerHarness) -> None:
    """Explain the failed checks of a layer alone that have no diagnosis yet.

    Parameters
    ----------
    result : LayerResult
        The checks, with the arrays of both sides.
    harness : LayerHarness
        The layer, in the same mode and at the same point.
    """
    failed = [c for c in result.checks if c.verdict == "fail" and not c.diagnosis]
    for check in failed:
        try:
            explain_layer(check, result, harness)
        except Exception as error:  # the layer's code may not take the inputs of a diagnosis
            raised = f"the layer raises {type(error).__name__}"
            check.diagnosis = f"unknown cause: {raised} for inputs that a diagnosis tries"
    if failed:
        _explain_by_edits(result, harness)


def _explain_by_edits(result: LayerResult, harness: LayerHarness) -> None:
    """Search the user's own backward; that of a layer of minidl is tested."""
    layer = harness.layer
    backward = layer.backward
    if not is_users_function(backward):
        return

    def run(edited: Callable[..., Any]) -> Mapping[str, Array]:
        with replaced_attributes(layer, backward=edited):
            return harness.gradients(result.x, result.cotangent)

    def forward(edit: Callable[[Callable[..., Any]], Callable[..., Any]]) -> Array:
        with replaced_attributes(layer, forward=edit(layer.forward)):
            return np.array(harness.forward(result.x))

    with harness.preserved():
        output = np.array(harness.forward(result.x))
        known = {"forward_output": output, **_members_of(layer)}
        explain_by_edits(result.checks, EditableFunction(backward, run, known, forward=forward))


def _members_of(layer: Layer) -> dict[str, Any]:
    """Return what a backward function may have to read of its layer, by its source.

    These are the values of its parameters and the numbers that `forward` has stored.
    """
    values = {f"self.{name}.value": p.value for name, p in layer.parameters().items()}
    stored = {
        f"self.{name}": value
        for name, value in vars(layer).items()
        if isinstance(value, np.ndarray | float)
    }
    return {
        source: value
        for source, value in (values | stored).items()
        if all(part.isidentifier() for part in source.split("."))
    }
