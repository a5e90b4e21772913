"""Explain the wrong gradients of one layer: by known mistakes, and by the edit that cures them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

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

    with harness.preserved():
        output = np.array(harness.forward(result.x))
        editable = EditableFunction(backward, run, {"forward_output": output})
        explain_by_edits(result.checks, editable)
