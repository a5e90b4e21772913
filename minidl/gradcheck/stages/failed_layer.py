"""Explain the wrong gradients of one layer: by known mistakes, and by the edit that cures them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import Any

import numpy as np

from ...layers.base import Layer
from ...utils.attributes import replaced_attributes
from ...utils.typing import Array
from ..diagnosis.explain import explain_layer
from ..layer_harness import LayerHarness
from ..repair.elsewhere import CheckedPoint
from ..repair.search import EditableFunction, explain_by_edits
from ..repair.source import is_users_function
from .layers import LayerResult


def explain_failed_layer(
    result: LayerResult,
    harness: LayerHarness,
    elsewhere: Callable[[], CheckedPoint | None] = lambda: None,
) -> None:
    """Explain the failed checks of a layer alone that have no diagnosis yet.

    Parameters
    ----------
    result : LayerResult
        The checks, with the arrays of both sides.
    harness : LayerHarness
        The layer, in the same mode and at the same point.
    elsewhere : callable, optional
        Returns another point at which the layer has been checked, if there is one.
    """
    failed = [c for c in result.checks if c.verdict == "fail" and not c.diagnosis]
    for check in failed:
        try:
            explain_layer(check, result, harness)
        except Exception as error:  # the layer's code may not take the inputs of a diagnosis
            raised = f"the layer raises {type(error).__name__}"
            check.diagnosis = f"unknown cause: {raised} for inputs that a diagnosis tries"
    # Only the user's own backward is searched; that of a layer of minidl is tested.
    if failed and is_users_function(harness.layer.backward):
        with harness.preserved():
            here, other = checked_point(result, harness), elsewhere()
            at = None if other is None else lambda rng: other
            backward, forward = harness.layer.backward, partial(_edited_output, result, harness)
            editable = EditableFunction(backward, here.run, here.known, at, forward)
            explain_by_edits(result.checks, editable)


def checked_point(
    result: LayerResult,
    harness: LayerHarness,
    at: Callable[[], AbstractContextManager[object]] = nullcontext,
) -> CheckedPoint:
    """Return a point at which a layer has been checked, for edits of its backward.

    Parameters
    ----------
    result : LayerResult
        The checks there.
    harness : LayerHarness
        The layer.
    at : callable, optional
        Returns a context in which the parameters are those of the point.

    Returns
    -------
    CheckedPoint
        The point.
    """
    layer = harness.layer

    def run(edited: Callable[..., Any]) -> Mapping[str, Array]:
        with at(), replaced_attributes(layer, backward=edited):
            return harness.fresh_gradients(result.x, result.cotangent)  # an edit may write there

    with at():
        output = np.array(harness.forward(result.x))
        known = {"forward_output": output, **_members_of(layer)}
    return CheckedPoint(result.checks, run, known)


def _edited_output(
    result: LayerResult,
    harness: LayerHarness,
    edit: Callable[[Callable[..., Any]], Callable[..., Any]],
) -> Array:
    """Return what forward gives with an edit of what it calls."""
    layer = harness.layer
    with replaced_attributes(layer, forward=edit(layer.forward)):
        return harness.fresh_output(result.x)


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
